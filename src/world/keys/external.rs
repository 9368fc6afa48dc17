//! The external manager behind a key: it answers in time, too late, or not at all.

use rand::rngs::Xoshiro256PlusPlus;

use crate::scenario::{Domain, ExternalManager};
use crate::units::{SimDuration, SimTime};

/// An outage under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// How calls fail.
    pub domain: Domain,
    /// When it ends.
    pub until: SimTime,
}

/// What the calls of one operation to the manager came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// From the first call to the last answer.
    pub took: SimDuration,
    /// How the last call failed; absent: it was answered.
    pub failure: Option<Domain>,
}

/// Calls the manager up to `inner_attempts` times, until one is answered or fails for good.
///
/// Assumption: a manager that cannot be reached, is cut off or is silent costs the whole call
/// timeout; any other failure is answered as fast as a success.
pub fn call(
    manager: &ExternalManager,
    outage: Option<Outage>,
    now: SimTime,
    luck: &mut Xoshiro256PlusPlus,
) -> Reply {
    let mut took = SimDuration::ZERO;
    let mut failure = None;
    for _ in 0..manager.inner_attempts {
        let latency = manager.latency.sample(luck);
        let away = outage.filter(|o| now + took < o.until).map(|o| o.domain);
        let late = (latency > manager.call_timeout).then_some(Domain::Timeout);
        failure = away.or(late);
        took += match failure {
            Some(domain) if is_silent(domain) => manager.call_timeout,
            Some(_) | None => latency.min(manager.call_timeout),
        };
        if failure.is_none_or(|domain| !domain.retryable()) {
            break;
        }
    }
    Reply { took, failure }
}

/// Whether nothing comes back, so that only the call timeout ends the wait.
fn is_silent(domain: Domain) -> bool {
    matches!(domain, Domain::Timeout | Domain::UnreachableNetwork | Domain::RequestCancelled)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::distribution::Distribution;

    fn manager(latency_ms: u64) -> ExternalManager {
        ExternalManager {
            name: "vault".to_owned(),
            latency: Distribution::Constant(SimDuration::from_millis(latency_ms)),
            call_timeout: SimDuration::from_millis(150),
            inner_attempts: 2,
        }
    }

    #[test]
    fn replies() {
        let check = |latency: u64, outage: Option<(Domain, u64)>, took: u64, failure| {
            let outage =
                outage.map(|(domain, ms)| Outage { domain, until: SimTime(ms * 1_000_000) });
            let mut luck = Xoshiro256PlusPlus::seed_from_u64(1);
            let reply = call(&manager(latency), outage, SimTime::ZERO, &mut luck);
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
}
