//! Error domains of external managers.

/// Why an external manager's answer is a failure: `violation[1].type` of the error detail
/// (Cloud KMS documentation, "Cloud EKM errors").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// No answer in time.
    Timeout,
    /// The network between the two.
    UnreachableNetwork,
    /// The manager says it is overloaded.
    OverloadedEkm,
    /// The manager throttles.
    ExternalResourceExhausted,
    /// The manager was too slow.
    RequestCancelled,
    /// Access denied.
    ExternalPermissionDenied,
    /// Key, crypto space or host missing.
    ExternalNotFound,
    /// Bad address of the key.
    ExternalKeyUriInvalid,
    /// Host not allowed.
    ExternalKeyHostNotWhitelisted,
    /// The name does not resolve.
    Dns,
    /// Certificate.
    TlsCert,
    /// An answer that makes no sense.
    UnexpectedResponse,
    /// The manager's own error.
    ExternalServerError,
    /// Not implemented by the manager.
    ExternalNotImplemented,
    /// Anything else.
    UnexpectedError,
    /// The manager could not decrypt.
    DecryptionFailed,
}

impl Domain {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Timeout,
        Self::UnreachableNetwork,
        Self::OverloadedEkm,
        Self::ExternalResourceExhausted,
        Self::RequestCancelled,
        Self::ExternalPermissionDenied,
        Self::ExternalNotFound,
        Self::ExternalKeyUriInvalid,
        Self::ExternalKeyHostNotWhitelisted,
        Self::Dns,
        Self::TlsCert,
        Self::UnexpectedResponse,
        Self::ExternalServerError,
        Self::ExternalNotImplemented,
        Self::UnexpectedError,
        Self::DecryptionFailed,
    ];

    /// The platform's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timeout => "TIMEOUT",
            Self::UnreachableNetwork => "UNREACHABLE_NETWORK",
            Self::OverloadedEkm => "OVERLOADED_EKM",
            Self::ExternalResourceExhausted => "EXTERNAL_RESOURCE_EXHAUSTED",
            Self::RequestCancelled => "REQUEST_CANCELLED",
            Self::ExternalPermissionDenied => "EXTERNAL_PERMISSION_DENIED",
            Self::ExternalNotFound => "EXTERNAL_NOT_FOUND",
            Self::ExternalKeyUriInvalid => "EXTERNAL_KEY_URI_INVALID",
            Self::ExternalKeyHostNotWhitelisted => "EXTERNAL_KEY_HOST_NOT_WHITELISTED",
            Self::Dns => "DNS",
            Self::TlsCert => "TLS_CERT",
            Self::UnexpectedResponse => "UNEXPECTED_RESPONSE",
            Self::ExternalServerError => "EXTERNAL_SERVER_ERROR",
            Self::ExternalNotImplemented => "EXTERNAL_NOT_IMPLEMENTED",
            Self::UnexpectedError => "UNEXPECTED_ERROR",
            Self::DecryptionFailed => "DECRYPTION_FAILED",
        }
    }

    /// The domain of a name.
    pub(in crate::scenario) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|domain| domain.name() == name)
    }
}
