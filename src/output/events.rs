//! `events.jsonl`: what a run would have written into the platform's logs, one entry a line, in the
//! shape of Cloud Logging. Every entry bears the label `keyscale/simulated`.
//!
//! Three kinds: a service's own log, when its key keeps it from starting; the key manager's data
//! access log, an entry an attempt of a call; its admin activity log, an entry a change that
//! somebody made. Source: Cloud Logging documentation, LogEntry; Cloud Audit Logs, AuditLog; the
//! access reason stands in `protoPayload.metadata.reason` (assumption: the documents do not say
//! where).

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::folder::Hashed;
use crate::record::log::Log;
use crate::record::{
    CallOutcome, CallPurpose, Change, ChangeKind, Denial, KeyCall, Operation, Record, Recorder,
};
use crate::scenario::{Domain, KeyName, Scenario};
use crate::units::SimTime;

/// Who changes keys. Assumption: the scenario names nobody.
const OPERATOR: &str = "operator@example.com";

/// What the entries say beside the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    start: Timestamp,
    most_entries: u64,
    services: Vec<ServiceNames>,
    keys: Vec<(String, KeyName)>,
}

/// A service as its entries name it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ServiceNames {
    name: String,
    project: String,
    location: String,
    agent: String,
    keys: Vec<String>,
}

impl Context {
    /// Of a scenario.
    pub fn new(scenario: &Scenario) -> Self {
        let key = |k: &crate::scenario::Key| (k.name.clone(), k.resource.clone());
        let service = |s: &crate::scenario::Service| ServiceNames {
            name: s.name.clone(),
            project: s.project.clone(),
            location: s.location.clone(),
            agent: s.service_agent(),
            keys: s.encryption.iter().map(|e| scenario.keys[e.key.index()].name.clone()).collect(),
        };
        Self {
            start: scenario.start_time,
            most_entries: scenario.most_log_entries,
            services: scenario.services.iter().map(service).collect(),
            keys: scenario.keys.iter().map(key).collect(),
        }
    }

    fn service(&self, name: &str) -> Option<&ServiceNames> {
        self.services.iter().find(|s| s.name == name)
    }

    /// The account that calls: the calling service's agent; for a check that of the first service
    /// that uses the key.
    fn caller(&self, call: &KeyCall<'_>) -> &str {
        let called = call.service.and_then(|name| self.service(name));
        let uses = |s: &&ServiceNames| s.keys.iter().any(|k| k == call.key);
        let service = called.or_else(|| self.services.iter().find(uses)).or(self.services.first());
        service.map_or("", |s| &s.agent)
    }

    fn key(&self, name: &str) -> Option<&KeyName> {
        self.keys.iter().find(|(key, _)| key == name).map(|(_, resource)| resource)
    }
}

/// Writes the entries of a run as its facts come.
pub(super) struct Events {
    file: io::BufWriter<Hashed>,
    context: Context,
    zero: SimTime,
    /// Entries so far, those of calls beyond the most among them.
    entries: u64,
    /// Entries of calls that were left out.
    left_out: u64,
    /// When the last entry was written, or left out.
    last: SimTime,
    failure: Option<io::Error>,
}

impl Events {
    /// Begins the file of a run whose warm-up ends at `zero`.
    pub(super) fn new(file: Hashed, context: Context, zero: SimTime) -> Self {
        let file = io::BufWriter::new(file);
        Self { file, context, zero, entries: 0, left_out: 0, last: zero, failure: None }
    }

    /// The file, with everything written; its last line says how many entries were left out.
    pub(super) fn into_file(mut self) -> io::Result<Hashed> {
        if self.left_out > 0 {
            let left_out = self.left_out;
            self.write(
                self.last,
                json!({
                    "severity": "NOTICE",
                    "textPayload": format!(
                        "{left_out} entries of key calls were left out: log.most_entries is {}",
                        self.context.most_entries,
                    ),
                }),
            );
        }
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => self.file.into_inner().map_err(io::IntoInnerError::into_error),
        }
    }

    fn write(&mut self, at: SimTime, mut entry: Value) {
        let ordinal = self.entries;
        self.entries += 1;
        let since = i128::from(at.0) - i128::from(self.zero.0);
        let time = SignedDuration::from_nanos_i128(since);
        // A run may last longer than the calendar; its last instants then share one time.
        let time = self.context.start.saturating_add(time).unwrap_or(Timestamp::MAX);
        entry["timestamp"] = json!(time.to_string());
        entry["receiveTimestamp"] = entry["timestamp"].clone();
        entry["insertId"] = json!(format!("{ordinal:012}"));
        entry["labels"] = json!({ "keyscale/simulated": "true" });
        let written = serde_json::to_writer(&mut self.file, &entry).map_err(io::Error::from);
        let written = written.and_then(|()| self.file.write_all(b"\n"));
        if self.failure.is_none() {
            self.failure = written.err();
        }
    }

    /// A line of a service's own log.
    fn log(&mut self, log: &Log<'_>) {
        let Some(service) = self.context.service(log.service) else { return };
        let project = &service.project;
        let entry = json!({
            "logName": format!("projects/{project}/logs/run.googleapis.com%2Fvarlog%2Fsystem"),
            "severity": "ERROR",
            "resource": { "type": "cloud_run_revision", "labels": {
                "project_id": project,
                "location": service.location,
                "service_name": log.service,
                "configuration_name": log.service,
                "revision_name": log.revision,
            } },
            "textPayload": log.text(),
        });
        self.write(log.at, entry);
    }

    /// An attempt of a call, as the key manager's data access log has it.
    fn call(&mut self, call: &KeyCall<'_>) {
        if self.entries >= self.context.most_entries {
            self.left_out += 1;
            self.last = call.answered;
            return;
        }
        let Some(key) = self.context.key(call.key) else { return };
        let (method, permission) = match call.purpose.operation() {
            Operation::Encrypt => ("Encrypt", "cloudkms.cryptoKeyVersions.useToEncrypt"),
            Operation::Decrypt => ("Decrypt", "cloudkms.cryptoKeyVersions.useToDecrypt"),
        };
        let name = key.to_string();
        let status = status(call, &name);
        let granted = call.denial != Some(Denial::Permission);
        let severity = if status == json!({}) { "INFO" } else { "ERROR" };
        let entry = json!({
            "logName": log_name(key, "data_access"),
            "severity": severity,
            "resource": version_resource(key, Some(call.version)),
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "cloudkms.googleapis.com",
                "methodName": method,
                "resourceName": &name,
                "authenticationInfo": { "principalEmail": self.context.caller(call) },
                "authorizationInfo": [{
                    "resource": &name,
                    "permission": permission,
                    "granted": granted,
                }],
                "request": {
                    "@type": format!("type.googleapis.com/google.cloud.kms.v1.{method}Request"),
                    "name": &name,
                },
                "status": status,
                "metadata": { "reason": reason(call.purpose) },
            },
        });
        self.write(call.answered, entry);
    }

    /// A change that somebody made, as the key manager's admin activity log has it.
    fn change(&mut self, change: &Change<'_>) {
        let Some(method) = method(change.kind) else { return };
        let Some(key) = self.context.key(change.subject) else { return };
        let name = key.to_string();
        let version = |n: u32| format!("{name}/cryptoKeyVersions/{n}");
        let entry = json!({
            "logName": log_name(key, "activity"),
            "severity": "NOTICE",
            "resource": version_resource(key, change.version),
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "cloudkms.googleapis.com",
                "methodName": method,
                "resourceName": change.version.map_or(name.clone(), version),
                "authenticationInfo": { "principalEmail": OPERATOR },
                "status": {},
                "metadata": { "change": change.kind.name() },
            },
        });
        self.write(change.at, entry);
    }
}

impl Recorder for Events {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Log(log) => self.log(log),
            Record::KeyCall(call) => self.call(call),
            Record::Change(change) => self.change(change),
            Record::Sample(_)
            | Record::Instance(_)
            | Record::Block(_)
            | Record::Quota(_)
            | Record::Revision(_)
            | Record::Total(_) => {}
        }
    }
}

fn log_name(key: &KeyName, log: &str) -> String {
    format!("projects/{}/logs/cloudaudit.googleapis.com%2F{log}", key.project)
}

/// The monitored resource: a version of a key, or the key.
fn version_resource(key: &KeyName, version: Option<u32>) -> Value {
    let mut labels = json!({
        "project_id": key.project,
        "location": key.location,
        "key_ring_id": key.ring,
        "crypto_key_id": key.key,
    });
    if let Some(version) = version {
        labels["crypto_key_version_id"] = json!(version.to_string());
        return json!({ "type": "cloudkms_cryptokeyversion", "labels": labels });
    }
    json!({ "type": "cloudkms_cryptokey", "labels": labels })
}

/// The status of a call: empty where it was granted.
fn status(call: &KeyCall<'_>, key: &str) -> Value {
    const PERMISSION_DENIED: (u32, &str) = (7, "PERMISSION_DENIED");
    const RESOURCE_EXHAUSTED: (u32, &str) = (8, "RESOURCE_EXHAUSTED");
    const FAILED_PRECONDITION: (u32, &str) = (9, "FAILED_PRECONDITION");
    const INVALID_ARGUMENT: (u32, &str) = (3, "INVALID_ARGUMENT");
    let (code, name) = match (call.outcome, call.denial, call.domain) {
        (CallOutcome::Ok, ..) => return json!({}),
        (CallOutcome::Quota, ..) => RESOURCE_EXHAUSTED,
        (_, Some(Denial::Permission), _) => PERMISSION_DENIED,
        (_, _, Some(Domain::DecryptionFailed)) => INVALID_ARGUMENT,
        (CallOutcome::Retryable | CallOutcome::Timeout | CallOutcome::Denied, ..) => {
            FAILED_PRECONDITION
        }
    };
    let said = match call.domain {
        Some(_) => call.message.to_owned(),
        None => call.denial.map_or("quota exceeded", Denial::name).to_owned(),
    };
    let mut status = json!({ "code": code, "message": format!("{name}: {said}") });
    if let Some(domain) = call.domain {
        // The first violation describes the key, the second one's type is the error domain.
        status["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
            "violations": [
                { "type": "KEY", "subject": key, "description": "external key" },
                { "type": domain.name(), "subject": key, "description": call.message },
            ],
        }]);
    }
    status
}

/// The platform's access reason (Cloud Run documentation, "Using customer managed encryption
/// keys", audit logs).
fn reason(purpose: CallPurpose) -> &'static str {
    match purpose {
        CallPurpose::Layer => "Decrypting CMEK-encrypted layer during container clone start.",
        CallPurpose::NewDataKey => {
            "Encrypting a newly created data-encryption-key w/ the customer-managed-encryption-key."
        }
        CallPurpose::DataKey => {
            "Decrypting an existing encrypted data-encryption-key, under the same \
             customer-managed-encryption-key, to be used to encrypt container contents."
        }
        CallPurpose::CheckEncrypt => {
            "Performing an encrypt operation on dummy data to check the \
             customer-managed-encryption-key status and access."
        }
        CallPurpose::CheckDecrypt => {
            "Performing an decrypt operation on dummy data to check the \
             customer-managed-encryption-key status and access."
        }
    }
}

/// The method of a change that somebody made; none for what follows of itself.
fn method(kind: ChangeKind) -> Option<&'static str> {
    match kind {
        ChangeKind::DisableOrdered | ChangeKind::Enabled => Some("UpdateCryptoKeyVersion"),
        ChangeKind::DestructionScheduled => Some("DestroyCryptoKeyVersion"),
        ChangeKind::Restored => Some("RestoreCryptoKeyVersion"),
        ChangeKind::VersionCreated => Some("CreateCryptoKeyVersion"),
        ChangeKind::PrimaryChanged => Some("UpdateCryptoKeyPrimaryVersion"),
        ChangeKind::PermissionRevokeOrdered | ChangeKind::PermissionGrantOrdered => {
            Some("SetIamPolicy")
        }
        ChangeKind::Disabled
        | ChangeKind::Latched
        | ChangeKind::Destroyed
        | ChangeKind::PermissionRevoked
        | ChangeKind::PermissionGranted
        | ChangeKind::OutageBegan
        | ChangeKind::OutageEnded
        | ChangeKind::TrafficRefused
        | ChangeKind::QuotaSet
        | ChangeKind::ClockStarted
        | ChangeKind::ClockStopped
        | ChangeKind::BrownoutBegan
        | ChangeKind::BrownoutEnded
        | ChangeKind::WaitingPeriodOver => None,
    }
}
