//! What the platform writes into a service's log of its key, and counts of key calls by purpose.
//!
//! Assumption: a failure that may pass is told once a call of a start or a deploy, however often it
//! is retried, and a refusal whenever it comes; a check's once for each service that uses the key.

use super::World;
use crate::ids::{KeyId, RevisionId};
use crate::kernel::EventList;
use crate::record::{CallOutcome, KeyCall, Log, Message, Record, Recorder};

impl<Q: EventList> World<'_, Q> {
    /// States a call of a start or a deploy of a revision, and what its service's log says of it.
    pub(super) fn state_call(
        &mut self,
        revision: RevisionId,
        key: KeyId,
        call: &KeyCall<'_>,
        recorder: &mut dyn Recorder,
    ) {
        recorder.record(Record::KeyCall(call));
        self.revisions[revision.index()].purposes[call.purpose as usize] += 1;
        // What may pass is told once; a refusal that comes after it is another message.
        let told = call.attempt > 1 && call.outcome != CallOutcome::Denied;
        if let Some(message) = Message::of(call).filter(|m| *m != Message::External || !told) {
            self.log(revision, key, message, call.message, recorder);
        }
    }

    /// States a check's call, and what the logs of the services that use the key say of it.
    pub(super) fn state_check(
        &mut self,
        key: KeyId,
        call: &KeyCall<'_>,
        recorder: &mut dyn Recorder,
    ) {
        recorder.record(Record::KeyCall(call));
        self.watches[key.index()].purposes[call.purpose as usize] += 1;
        let Some(message) = Message::of(call) else { return };
        let using = std::mem::take(&mut self.watches[key.index()].revisions);
        for (at, &revision) in using.iter().enumerate() {
            let service = self.revisions[revision.index()].service;
            let newer = |r: &RevisionId| self.revisions[r.index()].service == service;
            if !using[at + 1..].iter().any(newer) {
                self.log(revision, key, message, call.message, recorder);
            }
        }
        self.watches[key.index()].revisions = using;
    }

    fn log(
        &mut self,
        revision: RevisionId,
        key: KeyId,
        message: Message,
        external: &str,
        recorder: &mut dyn Recorder,
    ) {
        let r = &mut self.revisions[revision.index()];
        r.messages[message as usize] += 1;
        recorder.record(Record::Log(&Log {
            at: self.now,
            service: &r.settings.name,
            revision: &r.name,
            message,
            agent: &self.services[r.service.index()].agent,
            key: &self.scenario.keys[key.index()].resource,
            external,
        }));
    }
}
