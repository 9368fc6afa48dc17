//! The external manager behind a key: it answers in time, too late, or not at all.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::Said;
use crate::scenario::{Domain, ExternalManager, Flapping, Without};
use crate::units::{Ratio, SECOND, SimDuration, SimTime};

/// An outage under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// How calls fail.
    pub failure: Failure,
    /// When it ends.
    pub until: SimTime,
}

/// An outage of the timeline: known from the start, so that a call finds it at its own instant,
/// however long before that it was decided upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// How calls fail.
    pub failure: Failure,
    /// When it begins.
    pub from: SimTime,
    /// When it ends.
    pub until: SimTime,
    /// Whether the manager is back in turns.
    pub flapping: Option<Flapping>,
}

impl Planned {
    /// Whether the manager is away at an instant.
    fn lasts(&self, at: SimTime) -> bool {
        let is_down =
            |Flapping { down, up }: Flapping| at.since(self.from).0 % (down + up).0 < down.0;
        (self.from..self.until).contains(&at) && self.flapping.is_none_or(is_down)
    }
}

/// How a call to the manager failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its error domain.
    pub domain: Domain,
    /// What the manager says.
    pub said: Said,
}

impl Failure {
    /// A failure of which nothing is said but its domain.
    pub fn plain(domain: Domain) -> Self {
        Self { domain, said: Said::domain(domain) }
    }
}

/// A manager that answers slowly, and fails a share of its calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brownout {
    /// Times the latency.
    pub latency_factor: Ratio,
    /// Share of the calls that fail.
    pub error_share: Ratio,
    /// How those fail.
    pub failure: Failure,
}

/// What the calls of one operation to the manager came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// From the first call to the last answer.
    pub took: SimDuration,
    /// How the last call failed; absent: it was answered.
    pub failure: Option<Failure>,
}

/// Whole seconds of which the calls are remembered: a call comes up to the platform's own latency
/// and the calls before it later than it was asked for.
const SECONDS: usize = 16;

/// An external manager and how it is now.
#[derive(Clone, Debug)]
pub struct Manager<'s> {
    settings: &'s ExternalManager,
    /// The outages of the timeline.
    planned: Vec<Planned>,
    /// The one of them that is under way.
    pub outage: Option<Outage>,
    /// The outage that was drawn; the timeline's goes first.
    pub drawn: Option<Outage>,
    /// The brownout.
    pub brownout: Option<Brownout>,
    /// Draws of failures and repairs.
    pub renewals: Xoshiro256PlusPlus,
    /// Calls by whole second, each with the second.
    calls: [(u64, u32); SECONDS],
}

impl<'s> Manager<'s> {
    /// A manager that answers and has not been called.
    pub fn new(
        settings: &'s ExternalManager,
        planned: Vec<Planned>,
        renewals: Xoshiro256PlusPlus,
    ) -> Self {
        let calls = [(u64::MAX, 0); SECONDS];
        Self { settings, planned, outage: None, drawn: None, brownout: None, renewals, calls }
    }

    /// Why it answers nothing at an instant.
    pub fn away(&self, at: SimTime, without: Without) -> Option<Failure> {
        let planned = self.planned.iter().filter(|p| p.lasts(at)).map(|p| p.failure);
        let drawn = self.drawn.filter(|o| at < o.until).map(|o| o.failure);
        planned.chain(drawn).find(|failure| self.counts(failure, without))
    }

    /// Whether a failure is not switched off.
    fn counts(&self, failure: &Failure, without: Without) -> bool {
        match self.settings.retryable(failure.domain) {
            true => !without.key_outage,
            false => !without.key_denied,
        }
    }

    /// Calls the manager up to `inner_attempts` times, until one is answered or fails for good.
    /// `zero` is an instant at which a second of its capacity begins.
    ///
    /// Assumption: a manager that cannot be reached, is cut off or is silent costs the whole call
    /// timeout; any other failure is answered as fast as a success.
    pub fn call(
        &mut self,
        now: SimTime,
        zero: SimTime,
        without: Without,
        luck: &mut Xoshiro256PlusPlus,
    ) -> Reply {
        let settings = self.settings;
        let mut took = SimDuration::ZERO;
        let mut failure = None;
        for _ in 0..settings.inner_attempts {
            let at = now + took;
            let usual = settings.latency.sample(luck);
            let mut latency = usual;
            let mut browned = None;
            if let Some(Brownout { latency_factor, error_share, failure }) = self.brownout {
                latency = latency.scaled(latency_factor.0);
                browned = (luck.random::<f64>() < error_share.0).then_some(failure);
            }
            let plain = |fails: bool, domain| fails.then_some(Failure::plain(domain));
            let away = self.away(at, without);
            let overloaded = plain(away.is_none() && !self.takes(at, zero), Domain::OverloadedEkm);
            let late = plain(latency > settings.call_timeout, Domain::Timeout);
            let counts = |failure: &Failure| self.counts(failure, without);
            failure = [away, overloaded, browned, late].into_iter().flatten().find(counts);
            took += match failure {
                Some(Failure { domain, .. }) if is_silent(domain) => settings.call_timeout,
                Some(_) => latency.min(settings.call_timeout),
                None if without.starting => SimDuration::ZERO,
                None if latency > settings.call_timeout => usual.min(settings.call_timeout),
                None => latency,
            };
            if failure.is_none_or(|f| !settings.retryable(f.domain)) {
                break;
            }
        }
        Reply { took, failure }
    }

    /// Counts a call, where it is within the capacity.
    fn takes(&mut self, at: SimTime, zero: SimTime) -> bool {
        let Some(capacity) = self.settings.capacity else { return true };
        let second = (at.0 + SECOND - zero.0 % SECOND) / SECOND;
        let (counted, calls) = &mut self.calls[second as usize % SECONDS];
        if *counted != second {
            (*counted, *calls) = (second, 0);
        }
        let takes = *calls < capacity;
        *calls += u32::from(takes);
        takes
    }
}

/// Whether nothing comes back, so that only the call timeout ends the wait.
fn is_silent(domain: Domain) -> bool {
    matches!(domain, Domain::Timeout | Domain::UnreachableNetwork | Domain::RequestCancelled)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rand::SeedableRng;

    use super::*;
    use crate::scenario::{Override, Source, check};

    /// The manager of a scenario that sets these keys of it, inside its table.
    fn manager(settings: &str) -> ExternalManager {
        let text = format!(
            "duration='1m'\n[services.a]\nservice_time.constant='1s'\nencryption.key='k'\n\
             [keys.k]\nprotection_level='EXTERNAL'\nexternal_manager='vault'\n\
             resource='projects/p/locations/us-central1/keyRings/r/cryptoKeys/k'\n\
             [external_managers.vault]\n{settings}\n"
        );
        let folder = Path::new("");
        let source = Source { origin: "a", text: &text, stem: "a", folder };
        let overrides: [Override; 0] = [];
        let mut checked = check(&source, &overrides, folder).expect("no errors").scenario;
        checked.external_managers.remove(0)
    }

    fn luck() -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(1)
    }

    #[test]
    fn replies() {
        let check = |latency: u64, outage: Option<(Domain, u64)>, took: u64, failure| {
            let settings = manager(&format!("latency.constant='{latency}ms'"));
            let planned = outage.map(|(domain, ms)| Planned {
                failure: Failure::plain(domain),
                from: SimTime::ZERO,
                until: SimTime(ms * 1_000_000),
                flapping: None,
            });
            let mut manager = Manager::new(&settings, planned.into_iter().collect(), luck());
            let reply = manager.call(SimTime::ZERO, SimTime::ZERO, Without::default(), &mut luck());
            let failure = Option::map(failure, Failure::plain);
            let expected = Reply { took: SimDuration::from_millis(took), failure };
            assert_eq!(reply, expected, "latency {latency}, {outage:?}");
        };
        check(40, None, 40, None);
        check(200, None, 300, Some(Domain::Timeout));
        check(40, Some((Domain::Timeout, 1_000)), 300, Some(Domain::Timeout));
        check(40, Some((Domain::OverloadedEkm, 1_000)), 80, Some(Domain::OverloadedEkm));
        check(40, Some((Domain::Dns, 1_000)), 40, Some(Domain::Dns));
        // The second call comes after the outage's end.
        check(40, Some((Domain::UnreachableNetwork, 100)), 190, None);
    }

    /// The documented figures of both presets, and a domain that the scenario classes otherwise.
    #[test]
    fn presets_differ_in_timeout_capacity_and_what_is_retried() {
        let google = manager("");
        assert_eq!((google.call_timeout, google.capacity), (SimDuration::from_millis(150), None));
        assert_eq!(Domain::ALL.into_iter().filter(|&d| google.retryable(d)).count(), 7);
        let aws = manager("preset='aws_xks'");
        let figures = (aws.call_timeout, aws.capacity);
        assert_eq!(figures, (SimDuration::from_millis(250), Some(1_800)));
        let retryable: Vec<Domain> =
            Domain::ALL.into_iter().filter(|&d| aws.retryable(d)).collect();
        assert_eq!(retryable, [Domain::Timeout, Domain::UnreachableNetwork]);
        let own = manager("preset='aws_xks'\nretryable=['DNS']\ncapacity='5/s'");
        assert!(own.retryable(Domain::Dns) && !own.retryable(Domain::Timeout));
        assert_eq!(own.capacity, Some(5));
    }

    /// Of ten calls in a second seven are within the capacity; inner attempts count as well.
    #[test]
    fn calls_above_the_capacity_find_the_manager_overloaded() {
        let settings = manager("latency.constant='1ms'\ncapacity='7/s'\ninner_attempts=1");
        let mut manager = Manager::new(&settings, vec![], luck());
        let zero = SimTime(SECOND / 2);
        let mut served = |ms: u64| {
            let replies = (0..10).map(|_| {
                manager.call(SimTime(ms * 1_000_000), zero, Without::default(), &mut luck())
            });
            replies.filter(|r| r.failure.is_none()).count()
        };
        assert_eq!((served(0), served(499), served(500), served(1_500)), (7, 0, 7, 7));
        let settings = manager_with_two_attempts();
        let mut manager = Manager::new(&settings, vec![], luck());
        let reply = manager.call(SimTime::ZERO, SimTime::ZERO, Without::default(), &mut luck());
        let overloaded = Some(Failure::plain(Domain::OverloadedEkm));
        assert_eq!(reply, Reply { took: SimDuration::from_millis(2), failure: overloaded });
    }

    fn manager_with_two_attempts() -> ExternalManager {
        manager("latency.constant='1ms'\ncapacity='0/s'")
    }

    /// The share of failed calls is that of the brownout (4 standard errors), and each takes k
    /// times as long.
    #[test]
    fn a_brownout_is_slow_and_fails_a_share() {
        let settings = manager("latency.constant='10ms'\ninner_attempts=1");
        let mut manager = Manager::new(&settings, vec![], luck());
        let failure = Failure::plain(Domain::ExternalServerError);
        let (latency_factor, error_share) = (Ratio(3.0), Ratio(0.25));
        manager.brownout = Some(Brownout { latency_factor, error_share, failure });
        let (n, mut luck) = (20_000, luck());
        let mut failed = 0;
        for _ in 0..n {
            let reply = manager.call(SimTime::ZERO, SimTime::ZERO, Without::default(), &mut luck);
            assert_eq!(reply.took, SimDuration::from_millis(30));
            assert!(reply.failure.is_none_or(|f| f == failure));
            failed += u32::from(reply.failure.is_some());
        }
        let share = f64::from(failed) / f64::from(n);
        assert!((share - 0.25).abs() < 4.0 * (0.25 * 0.75 / f64::from(n)).sqrt(), "{share}");
    }
}
