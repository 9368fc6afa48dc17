//! Processor sharing: the requests on an instance share its vCPUs.
//!
//! A request takes so many vCPUs while it runs, and its service time is what it takes at full
//! speed. With n of them on an instance all progress at min(1, vCPUs ÷ (n × vCPUs of one)): with
//! one vCPU that each could fill alone it is the egalitarian processor sharing of queueing theory
//! (L. Kleinrock, Queueing Systems II, 1976). An instance whose slots can't fill its vCPUs never
//! comes here: its requests end when they would alone.
//!
//! What is due next is one `Step` of the event list. It stays while others come, and is set anew
//! when it rings early; one that would ring late is replaced, and told by its stamp.

mod sharing;

pub use sharing::Share;
use sharing::{Cpu, Due, Limits};

use super::World;
use super::event::{END, End, Outcome, STEP};
use crate::ids::{InstanceId, RevisionId};
use crate::kernel::{Entry, EventList};
use crate::record::Recorder;

/// The instances whose requests share them, by place; made when the first one comes.
#[derive(Debug, Default)]
pub struct Cpus(Vec<Option<Box<Cpu>>>);

impl Cpus {
    /// The instance in a place, shared like this.
    fn at(&mut self, instance: InstanceId, share: Share) -> &mut Cpu {
        let i = instance.index();
        if self.0.len() <= i {
            self.0.resize_with(i + 1, || None);
        }
        self.0[i].get_or_insert_with(|| Box::new(Cpu::new(share)))
    }

    fn get(&mut self, instance: InstanceId) -> Option<&mut Cpu> {
        self.0.get_mut(instance.index())?.as_deref_mut()
    }

    /// Nothing runs anywhere.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Shows every request: its instance, when it arrived, whether its client has given up.
    pub fn for_each(&self, mut show: impl FnMut(InstanceId, u64, bool)) {
        for (i, cpu) in self.0.iter().enumerate() {
            for job in cpu.iter().flat_map(|cpu| cpu.jobs()) {
                show(InstanceId::at(i), job.since, job.given_up);
            }
        }
    }

    /// Requests on an instance.
    pub fn running(&self, instance: InstanceId) -> u32 {
        self.0.get(instance.index()).and_then(Option::as_deref).map_or(0, Cpu::running)
    }
}

impl<Q: EventList> World<'_, Q> {
    /// An instance whose requests share it begins to serve one: when that arrived, its work in
    /// nanoseconds, and what an `End` says of it.
    #[inline(never)]
    pub(super) fn begin_shared(
        &mut self,
        revision: RevisionId,
        instance: InstanceId,
        [arrived, work]: [u64; 2],
        bits: u32,
    ) {
        let now = self.now.0;
        let traffic = &mut self.revisions[revision.index()].traffic;
        let Some(share) = traffic.share else { return };
        let cpu = self.cpus.at(instance, share);
        let limits = Limits {
            timeout: now.saturating_add(traffic.request_timeout),
            give_up: arrived.saturating_add(traffic.client_timeout),
            hold: traffic.holds_abandoned,
        };
        if cpu.running() == 0 {
            // Whoever lived here before may have been of another revision.
            cpu.share(share);
        }
        let before = share.used(cpu.running());
        cpu.begin(now, [arrived, work], bits, limits);
        traffic.cpu_used += share.used(cpu.running()) - before;
        self.expect_step(instance);
    }

    /// Has the event list ring when something is due on an instance, if it would ring too late.
    fn expect_step(&mut self, instance: InstanceId) {
        let Some(cpu) = self.cpus.get(instance) else { return };
        let next = cpu.next();
        if next < cpu.step {
            cpu.step = next;
            cpu.stamp += 1;
            self.schedule.push(next, STEP, instance.0, cpu.stamp);
        }
    }

    /// Something may be due on a shared instance.
    pub(super) fn cpu_step(&mut self, entry: Entry, recorder: &mut dyn Recorder) {
        let instance = InstanceId(entry.payload());
        let Some(cpu) = self.cpus.get(instance).filter(|cpu| cpu.stamp == entry.since) else {
            return;
        };
        // Nothing rings before this is over.
        cpu.step = 0;
        let revision = self.instances.place(instance).revision;
        self.touched = revision;
        let now = entry.time;
        loop {
            let r = &mut self.revisions[revision.index()];
            r.traffic.step(now, r.pending.len());
            let (Some(share), Some(cpu)) = (r.traffic.share, self.cpus.get(instance)) else {
                return;
            };
            let before = share.used(cpu.running());
            let Some((job, due)) = cpu.due(now) else {
                cpu.step = u64::MAX;
                break;
            };
            r.traffic.cpu_used -= before - share.used(cpu.running());
            let outcome = match due {
                Due::GivenUp => Outcome::Abandoned,
                Due::Done | Due::TimedOut if job.given_up => Outcome::Held,
                Due::Done => Outcome::Served,
                Due::TimedOut => Outcome::TimedOut,
            };
            let end = End { instance, outcome, ..End::unpack(job.bits) };
            self.end(end.pack(), job.since, recorder);
        }
        self.expect_step(instance);
    }

    /// A shared instance stops under its requests: an entry for each as if it had been taken out of
    /// the event list.
    pub(super) fn stop_sharing(&mut self, instance: InstanceId, taken: &mut Vec<Entry>) {
        let revision = self.instances.place(instance).revision;
        let (Some(share), Some(cpu)) =
            (self.revisions[revision.index()].traffic.share, self.cpus.get(instance))
        else {
            return;
        };
        if cpu.running() == 0 {
            return;
        }
        let r = &mut self.revisions[revision.index()];
        r.traffic.step(self.now.0, r.pending.len());
        r.traffic.cpu_used -= share.used(cpu.running());
        for job in cpu.stop() {
            let outcome = if job.given_up { Outcome::Held } else { Outcome::Served };
            let end = End { instance, outcome, ..End::unpack(job.bits) };
            taken.push(Entry::new(self.now.0, END, 0, end.pack(), job.since));
        }
    }
}
