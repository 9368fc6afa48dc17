//! What the platform writes into a service's log when its key keeps it from starting: the texts
//! that people search for, and what the platform advises to do about each.
//!
//! Source: Cloud Run documentation, "Using customer managed encryption keys" and its
//! troubleshooting page. The messages of external managers are passed through unchanged.

use super::{CallOutcome, Denial, KeyCall};
use crate::scenario::KeyName;
use crate::units::SimTime;

super::cause::named!(
    /// Which of the platform's messages a line of a service's log is.
    Message {
        /// The service account may not decrypt with the key.
        NoPermission = "no_permission",
        /// The quota of key operations is spent.
        QuotaExceeded = "quota_exceeded",
        /// The key version is disabled.
        KeyDisabled = "key_disabled",
        /// The key version is destroyed.
        KeyDestroyed = "key_destroyed",
        /// The key version is scheduled for destruction.
        KeyScheduledForDeletion = "key_scheduled_for_deletion",
        /// The external manager's own message.
        External = "external",
    }
);

impl Message {
    /// Number of messages.
    pub const COUNT: usize = Self::ALL.len();

    /// The message that an attempt of a key call gives rise to; none where it was granted.
    pub fn of(call: &KeyCall<'_>) -> Option<Self> {
        match call.outcome {
            CallOutcome::Ok => None,
            CallOutcome::Quota => Some(Self::QuotaExceeded),
            CallOutcome::Retryable | CallOutcome::Timeout => Some(Self::External),
            CallOutcome::Denied => match call.denial? {
                Denial::Permission => Some(Self::NoPermission),
                Denial::Disabled => Some(Self::KeyDisabled),
                Denial::DestroyScheduled => Some(Self::KeyScheduledForDeletion),
                Denial::Destroyed => Some(Self::KeyDestroyed),
                Denial::External => Some(Self::External),
            },
        }
    }

    /// What the platform advises.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NoPermission => "allow the service's agent to decrypt with the key",
            Self::QuotaExceeded => "request more quota of key operations",
            Self::KeyDisabled | Self::KeyDestroyed | Self::KeyScheduledForDeletion => {
                "give the service another key and deploy it again"
            }
            Self::External => "see to the external key manager, or give the service another key",
        }
    }
}

/// Counts of messages, indexed by [`Message`].
pub type Messages = [u64; Message::COUNT];

/// A line in a service's log.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// When.
    pub at: SimTime,
    /// The service.
    pub service: &'a str,
    /// The revision that it is about.
    pub revision: &'a str,
    /// Which message.
    pub message: Message,
    /// The service agent, whose permission is missing.
    pub agent: &'a str,
    /// The key.
    pub key: &'a KeyName,
    /// What the external manager said; empty for any other message.
    pub external: &'a str,
}

impl Log<'_> {
    /// The line as the platform writes it.
    pub fn text(&self) -> String {
        let Self { agent, key, .. } = self;
        match self.message {
            Message::NoPermission => format!(
                "User's service account does not have CMEK decrypter permission. Service account: {agent}"
            ),
            Message::QuotaExceeded => {
                format!("User's KMS operation quota has been exceeded. CMEK key: {key}")
            }
            Message::KeyDisabled => {
                format!("User's CMEK key has been disabled. CMEK key: {key}")
            }
            Message::KeyDestroyed => {
                format!("User's CMEK key has been destroyed. CMEK key: {key}")
            }
            Message::KeyScheduledForDeletion => {
                format!("User's CMEK key has been scheduled for deletion. CMEK Key: {key}")
            }
            Message::External => self.external.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The five texts as the documentation has them.
    #[test]
    fn the_platforms_words() {
        let key = KeyName {
            project: "p".to_owned(),
            location: "l".to_owned(),
            ring: "r".to_owned(),
            key: "k".to_owned(),
        };
        let name = "projects/p/locations/l/keyRings/r/cryptoKeys/k";
        let expected = [
            "User's service account does not have CMEK decrypter permission. Service account: me@example".to_owned(),
            format!("User's KMS operation quota has been exceeded. CMEK key: {name}"),
            format!("User's CMEK key has been disabled. CMEK key: {name}"),
            format!("User's CMEK key has been destroyed. CMEK key: {name}"),
            format!("User's CMEK key has been scheduled for deletion. CMEK Key: {name}"),
            "the vault is sealed".to_owned(),
        ];
        for (&message, expected) in Message::ALL.iter().zip(expected) {
            let log = Log {
                at: SimTime::ZERO,
                service: "web",
                revision: "web-00001",
                message,
                agent: "me@example",
                key: &key,
                external: "the vault is sealed",
            };
            assert_eq!(log.text(), expected);
        }
    }
}
