//! The requests that share one instance.
//!
//! All requests of an instance gain the same in the same time, so one number, the **virtual
//! clock**, tells what each has gained: it goes at the common speed, and a request ends when the
//! clock has gone as far as the request has work. An arrival, an end and a give-up take O(log n);
//! nobody else is touched. The clock counts 256ths of a nanosecond and is cut at each event, so
//! that a request may end late by that much an event, times how many share; it never ends early.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Binary digits of the virtual clock below a nanosecond.
const FINE: u32 = 8;

/// The longest work that is told apart, in nanoseconds: 104 days at full speed.
const LONGEST: u64 = 1 << 53;

/// A clock that has come this far begins anew, at no one's loss.
const FAR: u64 = 1 << (53 + FINE);

/// The order of a number that nobody has.
const GONE: u64 = 0;

/// Bits of a request's number in the key of its end.
const NUMBER_BITS: u32 = 16;

/// What requests take and an instance has, in thousandths of a vCPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Of one request.
    pub each: u32,
    /// Of the instance.
    pub whole: u32,
}

impl Share {
    /// How it is shared by up to this many requests; absent where they never need it all.
    pub fn of(each: u32, whole: u32, most: u16) -> Option<Self> {
        (u64::from(each) * u64::from(most) > u64::from(whole)).then_some(Self { each, whole })
    }

    /// Thousandths of a vCPU that so many requests use.
    #[inline]
    pub fn used(self, requests: u32) -> u64 {
        self.demand(requests).min(self.whole.into())
    }

    #[inline]
    fn demand(self, requests: u32) -> u64 {
        u64::from(requests) * u64::from(self.each)
    }
}

/// A request on a shared instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// When this try arrived.
    pub since: u64,
    /// What an `End` says of it, but for the outcome.
    pub bits: u32,
    /// Whether its client has given up; its work goes on.
    pub given_up: bool,
    /// Its place among the requests of the instance; tells it from others of its number.
    order: u64,
}

/// What becomes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The work is done.
    Done,
    /// The request timeout.
    TimedOut,
    /// The client gives up; the work stops, or goes on where it is held.
    GivenUp,
}

/// When a request must end, whatever is left of its work.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The request timeout.
    pub timeout: u64,
    /// The client gives up; the largest number: never.
    pub give_up: u64,
    /// Whether the work goes on then.
    pub hold: bool,
}

/// A limit of one request.
#[derive(Clone, Copy, Debug)]
struct Limit {
    at: u64,
    order: u64,
    number: u32,
    due: Due,
}

/// The requests that share one instance.
#[derive(Clone, Debug, Default)]
pub struct Cpu {
    share: Share,
    /// The instant that the clock stands for.
    at: u64,
    /// 256ths of a nanosecond that a request has gained which came at zero.
    clock: u64,
    running: u32,
    /// By number; free ones too.
    jobs: Vec<Job>,
    free: Vec<u32>,
    /// Where on the clock each ends, then order and number; some are gone already.
    ends: BinaryHeap<Reverse<(u64, u64)>>,
    /// What comes first of timeout and giving up, or the timeout alone where work is held: in
    /// order of time. Some are gone.
    limits: VecDeque<Limit>,
    /// Giving up where work is held.
    give_ups: VecDeque<Limit>,
    /// Requests so far, since it was empty.
    orders: u64,
    /// When the pending `Step` rings; the largest number: there is none.
    pub step: u64,
    /// Tells it from those before.
    pub stamp: u64,
}

impl Cpu {
    /// An instance without requests.
    pub fn new(share: Share) -> Self {
        Self { share, step: u64::MAX, ..Self::default() }
    }

    /// Requests on it.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// They, in no particular order.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| job.order != GONE)
    }

    /// A request begins: its work in nanoseconds at full speed.
    pub fn begin(&mut self, now: u64, [since, work]: [u64; 2], bits: u32, limits: Limits) {
        if self.running == 0 {
            self.at = now;
        }
        self.advance(now);
        self.orders += 1;
        let order = self.orders;
        let job = Job { since, bits, given_up: false, order };
        let number = match self.free.pop() {
            Some(number) => {
                self.jobs[number as usize] = job;
                number
            }
            None => {
                self.jobs.push(job);
                self.jobs.len() as u32 - 1
            }
        };
        self.running += 1;
        let end = self.clock + (work.min(LONGEST) << FINE);
        self.ends.push(Reverse((end, order << NUMBER_BITS | u64::from(number))));
        let Limits { timeout, give_up, hold } = limits;
        let (first, due) = match give_up < timeout && !hold {
            true => (give_up, Due::GivenUp),
            false => (timeout, Due::TimedOut),
        };
        insert(&mut self.limits, Limit { at: first, order, number, due });
        if hold && give_up < timeout {
            let due = Due::GivenUp;
            insert(&mut self.give_ups, Limit { at: give_up, order, number, due });
        }
        self.tidy();
    }

    /// What is due now, one request at a time: ends first, then limits.
    pub fn due(&mut self, now: u64) -> Option<(Job, Due)> {
        self.advance(now);
        while let Some(&Reverse((end, key))) = self.ends.peek()
            && end <= self.clock
        {
            self.ends.pop();
            let (number, order) = unpack(key);
            if let Some(job) = self.leave(number, order) {
                return Some((job, Due::Done));
            }
        }
        while let Some(&limit) = self.limits.front().filter(|limit| limit.at <= now) {
            self.limits.pop_front();
            if let Some(job) = self.leave(limit.number, limit.order) {
                return Some((job, limit.due));
            }
        }
        while let Some(&limit) = self.give_ups.front().filter(|limit| limit.at <= now) {
            self.give_ups.pop_front();
            if let Some(job) = self.jobs.get_mut(limit.number as usize)
                && job.order == limit.order
            {
                job.given_up = true;
                return Some((*job, Due::GivenUp));
            }
        }
        None
    }

    /// When something is due next, as it stands now; the largest number: never.
    pub fn next(&mut self) -> u64 {
        let jobs = &self.jobs;
        for limits in [&mut self.limits, &mut self.give_ups] {
            while limits.front().is_some_and(|limit| !is_here(jobs, limit.number, limit.order)) {
                limits.pop_front();
            }
        }
        while let Some(&Reverse((_, key))) = self.ends.peek() {
            let (number, order) = unpack(key);
            if is_here(jobs, number, order) {
                break;
            }
            self.ends.pop();
        }
        let limits = [&self.limits, &self.give_ups].map(|limits| limits.front());
        let limit = limits.into_iter().flatten().map(|limit| limit.at).min();
        let end = self.ends.peek().map(|first| self.at.saturating_add(self.wait(first.0.0)));
        end.into_iter().chain(limit).min().unwrap_or(u64::MAX)
    }

    /// All requests leave, in the order in which they began.
    pub fn stop(&mut self) -> Vec<Job> {
        let mut all: Vec<Job> = self.jobs().copied().collect();
        all.sort_unstable_by_key(|job| job.order);
        self.running = 0;
        self.empty();
        (self.step, self.stamp) = (u64::MAX, self.stamp + 1);
        all
    }

    /// Another instance, of whatever revision, is in its place.
    pub fn share(&mut self, share: Share) {
        self.share = share;
    }

    /// Nanoseconds until the clock comes to an instant of its own, rounded up.
    fn wait(&self, end: u64) -> u64 {
        let left = end.saturating_sub(self.clock);
        let (demand, whole) = (self.share.demand(self.running), u64::from(self.share.whole));
        if demand <= whole {
            return left.div_ceil(1 << FINE);
        }
        match left.checked_mul(demand) {
            Some(product) => product.div_ceil(whole << FINE),
            None => {
                let product = u128::from(left) * u128::from(demand);
                product.div_ceil(u128::from(whole << FINE)).min(u64::MAX.into()) as u64
            }
        }
    }

    /// Brings the clock up to now.
    #[inline]
    fn advance(&mut self, now: u64) {
        let passed = now - self.at;
        if passed == 0 || self.running == 0 {
            return;
        }
        self.at = now;
        let (demand, whole) = (self.share.demand(self.running), u64::from(self.share.whole));
        self.clock += if demand <= whole {
            passed << FINE
        } else {
            match passed.checked_mul(whole << FINE) {
                Some(product) => product / demand,
                None => {
                    (u128::from(passed) * u128::from(whole << FINE) / u128::from(demand)) as u64
                }
            }
        };
        if self.clock > FAR {
            self.rewind();
        }
    }

    /// Sets the clock back to zero, and all ends with it.
    #[cold]
    fn rewind(&mut self) {
        let gained = std::mem::take(&mut self.clock);
        let back =
            |Reverse((end, key)): Reverse<(u64, u64)>| Reverse((end.saturating_sub(gained), key));
        self.ends = std::mem::take(&mut self.ends).into_iter().map(back).collect();
    }

    /// A request leaves, unless it has left already.
    fn leave(&mut self, number: u32, order: u64) -> Option<Job> {
        let job = self.jobs.get_mut(number as usize).filter(|job| job.order == order)?;
        let left = *job;
        job.order = GONE;
        self.free.push(number);
        self.running -= 1;
        if self.running == 0 {
            self.empty();
        }
        Some(left)
    }

    /// Nobody is here: the clock begins anew.
    fn empty(&mut self) {
        self.jobs.clear();
        self.free.clear();
        self.ends.clear();
        self.limits.clear();
        self.give_ups.clear();
        (self.clock, self.orders) = (0, 0);
    }

    /// Forgets those that have left, where they are more than those that are here.
    #[inline]
    fn tidy(&mut self) {
        let most = 2 * self.running as usize + 32;
        if self.ends.len() > most {
            let jobs = &self.jobs;
            self.ends.retain(|&Reverse((_, key))| {
                let (number, order) = unpack(key);
                is_here(jobs, number, order)
            });
        }
        for limits in [&mut self.limits, &mut self.give_ups] {
            if limits.len() > most {
                let jobs = &self.jobs;
                limits.retain(|limit| is_here(jobs, limit.number, limit.order));
            }
        }
    }
}

/// Puts a limit in its place, which is the last where requests begin in the order in which they
/// came: one that waited for a start may begin after others that came later.
#[inline]
fn insert(limits: &mut VecDeque<Limit>, limit: Limit) {
    match limits.back() {
        Some(last) if last.at > limit.at => {
            let place = limits.partition_point(|earlier| earlier.at <= limit.at);
            limits.insert(place, limit);
        }
        Some(_) | None => limits.push_back(limit),
    }
}

/// Number and order of a request from the key of its end.
fn unpack(key: u64) -> (u32, u64) {
    ((key & ((1 << NUMBER_BITS) - 1)) as u32, key >> NUMBER_BITS)
}

/// Whether the request of this number is still the one that it was.
fn is_here(jobs: &[Job], number: u32, order: u64) -> bool {
    jobs[number as usize].order == order
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::kernel::Streams;

    /// A request of the naive opinion: what is left of its work, in 2^-40 ns, and its limits.
    struct Naive {
        bits: u32,
        left: i128,
        timeout: u64,
        give_up: u64,
        given_up: bool,
    }

    /// The same instance, nanosecond events by scanning all requests for the next one: each has
    /// what is left of its work, and loses the same share of the time that passes.
    fn naive(share: Share, hold: bool, arrivals: &[(u64, u64, u64, u64)]) -> Vec<(u64, u32, Due)> {
        const UNIT: i128 = 1 << 40;
        let (mut here, mut out): (Vec<Naive>, Vec<_>) = (vec![], vec![]);
        let (mut now, mut next) = (0_u64, 0);
        loop {
            let demand = i128::from(share.each) * here.len() as i128;
            let (gain, of) = match demand <= i128::from(share.whole) {
                true => (1, 1),
                false => (i128::from(share.whole), demand),
            };
            let end = |job: &Naive| {
                let wait = (job.left.max(0) * of + gain * UNIT - 1) / (gain * UNIT);
                let give_up = if job.given_up { u64::MAX } else { job.give_up };
                (now + wait as u64).min(job.timeout).min(give_up)
            };
            let first = here.iter().map(end).min();
            let arrival = arrivals.get(next).map(|a| a.0);
            let Some(at) = first.into_iter().chain(arrival).min() else { return out };
            for job in &mut here {
                job.left -= i128::from(at - now) * UNIT * gain / of;
            }
            now = at;
            if first == Some(at) {
                // Ends come before arrivals, done work before limits, the first one first.
                let done = here.iter().position(|job| job.left <= 0);
                let late =
                    here.iter().position(|job| job.timeout <= now || (!hold && job.give_up <= now));
                if let Some(i) = done {
                    out.push((now, here.remove(i).bits, Due::Done));
                } else if let Some(i) = late {
                    let job = here.remove(i);
                    let due = if job.give_up < job.timeout && !hold {
                        Due::GivenUp
                    } else {
                        Due::TimedOut
                    };
                    out.push((now, job.bits, due));
                } else if let Some(job) = here.iter_mut().find(|j| !j.given_up && j.give_up <= now)
                {
                    job.given_up = true;
                    out.push((now, job.bits, Due::GivenUp));
                }
                continue;
            }
            let (_, work, timeout, give_up) = arrivals[next];
            let (timeout, give_up) = (now + timeout, now.saturating_add(give_up));
            let bits = next as u32;
            here.push(Naive {
                bits,
                left: i128::from(work) * UNIT,
                timeout,
                give_up,
                given_up: false,
            });
            next += 1;
        }
    }

    /// The same arrivals through the virtual clock.
    fn shared(share: Share, hold: bool, arrivals: &[(u64, u64, u64, u64)]) -> Vec<(u64, u32, Due)> {
        let (mut cpu, mut out, mut next) = (Cpu::new(share), vec![], 0);
        loop {
            let (due, arrival) = (cpu.next(), arrivals.get(next).map_or(u64::MAX, |a| a.0));
            if due == u64::MAX && arrival == u64::MAX {
                return out;
            }
            if due <= arrival {
                while let Some((job, what)) = cpu.due(due) {
                    out.push((due, job.bits, what));
                }
                continue;
            }
            let (now, work, timeout, give_up) = arrivals[next];
            let limits =
                Limits { timeout: now + timeout, give_up: now.saturating_add(give_up), hold };
            cpu.begin(now, [now, work], next as u32, limits);
            next += 1;
        }
    }

    /// Every request of hundreds of random instances comes to the same end, and at the same
    /// nanosecond but for what the clock is cut by: a 256th of one for each event, times how many
    /// share.
    #[test]
    fn it_agrees_with_a_scan_of_all_requests() {
        let mut luck = Streams::new(11, 0).get("test", "sharing");
        let (mut ends, mut limits) = (0, 0);
        for case in 0..600 {
            let share =
                Share { each: luck.random_range(1..3_000), whole: luck.random_range(200..4_000) };
            let n = luck.random_range(1..40);
            let mut at = 0;
            let arrivals: Vec<(u64, u64, u64, u64)> = (0..n)
                .map(|_| {
                    at += luck.random_range(0..2_000_u64);
                    let timeout = if case % 3 == 0 { 9_000 } else { 40_000_000 };
                    let give_up = if case % 4 == 0 { 6_000 } else { u64::MAX };
                    (at, luck.random_range(0..5_000), timeout, give_up)
                })
                .collect();
            let hold = case % 8 == 0;
            let (mut one, mut two) =
                (shared(share, hold, &arrivals), naive(share, hold, &arrivals));
            let slowest = (f64::from(share.each) * f64::from(n) / f64::from(share.whole)).max(1.0);
            let events = 3.0 * f64::from(n);
            let late = 1 + (events * slowest / 256.0).ceil() as u64;
            let by_job = |x: &(u64, u32, Due)| (x.1, x.2 == Due::GivenUp, x.0);
            one.sort_unstable_by_key(by_job);
            two.sort_unstable_by_key(by_job);
            assert_eq!(one.len(), two.len(), "case {case}");
            for ((t, job, due), (expected, other, what)) in one.into_iter().zip(two) {
                assert_eq!((job, due), (other, what), "case {case}");
                assert!(t.abs_diff(expected) <= late, "case {case}: {t} for {expected} ± {late}");
                ends += u32::from(due == Due::Done);
                limits += u32::from(due != Due::Done);
            }
        }
        assert!(ends > 5_000 && limits > 500, "{ends} ends and {limits} limits show little");
    }

    /// Two requests of 1 s and 3 s on one vCPU: the first ends after 2 s, the second after 4 s.
    #[test]
    fn two_share_one() {
        let never = u64::MAX;
        let ends = shared(
            Share { each: 1_000, whole: 1_000 },
            false,
            &[(0, 1_000, 90_000, never), (0, 3_000, 90_000, never)],
        );
        assert_eq!(ends, [(2_000, 0, Due::Done), (4_000, 1, Due::Done)]);
    }

    /// One that came first may begin last; its client still gives up first.
    #[test]
    fn clients_give_up_in_order_of_time() {
        for hold in [false, true] {
            let mut cpu = Cpu::new(Share { each: 1_000, whole: 1_000 });
            for (bits, give_up) in [(0, 900), (1, 500), (2, 700)] {
                cpu.begin(100, [0, 10_000], bits, Limits { timeout: 50_000, give_up, hold });
            }
            for (bits, at) in [(1, 500), (2, 700), (0, 900)] {
                assert_eq!(cpu.next(), at, "held: {hold}");
                let due = cpu.due(at).map(|(job, due)| (job.bits, due));
                assert_eq!(due, Some((bits, Due::GivenUp)), "held: {hold}");
            }
        }
    }

    /// A clock that goes for years loses nobody.
    #[test]
    fn a_clock_that_has_gone_far_begins_anew() {
        let day = 86_400_000_000_000;
        let mut cpu = Cpu::new(Share { each: 1_000, whole: 1_000 });
        let limits = Limits { timeout: u64::MAX, give_up: u64::MAX, hold: false };
        // One request after another, always one before the last one ends.
        let mut now = 0;
        for k in 0..40_u32 {
            cpu.begin(now, [now, 50 * day], k, limits);
            if k > 0 {
                now = cpu.next();
                assert_eq!(
                    cpu.due(now).map(|(job, due)| (job.bits, due)),
                    Some((k - 1, Due::Done))
                );
            } else {
                now = 25 * day;
            }
        }
        assert!(cpu.clock < FAR);
    }

    /// What has left is forgotten while others stay.
    #[test]
    fn those_that_left_take_no_memory() {
        let mut cpu = Cpu::new(Share { each: 1_000, whole: 2_000 });
        let day = 86_400_000_000_000;
        let limits = |now: u64| Limits { timeout: now + day, give_up: u64::MAX, hold: false };
        cpu.begin(0, [0, day / 2], 0, limits(0));
        for k in 1..10_000_u64 {
            cpu.begin(k * 2_000, [k * 2_000, 1_000], 1, limits(k * 2_000));
            let end = cpu.next();
            assert_eq!(cpu.due(end).map(|(job, due)| (job.bits, due)), Some((1, Due::Done)));
        }
        assert!(cpu.ends.len() < 64 && cpu.limits.len() < 64);
    }
}
