//! The closed lists that records speak in: causes, outcomes, reasons, phases.

/// Declares an enum whose variants have a name in CSV and JSON.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant,)* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in CSV and JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

pub(super) use named;

named!(
    /// What a failed request waited for, or why its instance stopped under it. While requests
    /// wait one cause holds for their revision at a time: the first that applies, in this order.
    Cause {
        /// A start's key call was denied.
        KeyDenied = "key_denied",
        /// A start is retrying its key call.
        KeyOutage = "key_outage",
        /// A start's key call was over quota.
        KeyQuota = "key_quota",
        /// A start failed for another reason and waits to be tried again.
        StartBackoff = "start_backoff",
        /// A start waits for the limits on starts.
        StartRate = "start_rate",
        /// An instance is starting and nothing holds it up.
        Starting = "starting",
        /// No more instances are allowed.
        MaxInstances = "max_instances",
        /// Nothing starts and nothing forbids it.
        Autoscaler = "autoscaler",
        /// The instance was told to stop and the drain grace was over.
        Drain = "drain",
        /// The instance crashed.
        Crash = "crash",
        /// The instance was stopped because its memory did not suffice.
        OutOfMemory = "out_of_memory",
        /// The request took too long in service.
        Service = "service",
    }
);

impl Cause {
    /// Number of causes.
    pub const COUNT: usize = Self::ALL.len();

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::KeyDenied => "key denied",
            Self::KeyOutage => "key outage",
            Self::KeyQuota => "key quota",
            Self::StartBackoff => "back-off of failed starts",
            Self::StartRate => "limits on starts",
            Self::Starting => "container start",
            Self::MaxInstances => "max instances",
            Self::Autoscaler => "autoscaler",
            Self::Drain => "drain",
            Self::Crash => "crash",
            Self::OutOfMemory => "out of memory",
            Self::Service => "service time",
        }
    }

    /// Whether the key is the cause.
    pub fn is_key(self) -> bool {
        self <= Self::KeyQuota
    }
}

named!(
    /// Where an instance is in its life.
    Phase {
        /// Finding a place.
        Allocating = "allocating",
        /// Decrypting with the key.
        Unlocking = "unlocking",
        /// Fetching the image.
        Fetching = "fetching",
        /// Starting the application.
        Booting = "booting",
        /// Ready, without requests.
        Idle = "idle",
        /// Ready, with requests.
        Busy = "busy",
        /// Takes no new requests.
        Draining = "draining",
    }
);

impl Phase {
    /// Number of phases.
    pub const COUNT: usize = Self::ALL.len();
}

named!(
    /// Why an instance's row ended.
    EndReason {
        /// The run ended first.
        Running = "running",
        /// Idle for longer than the timeout.
        Idle = "idle_timeout",
        /// Fewer instances are wanted or allowed.
        ScaleIn = "scale_in",
        /// The waiting period after a revocation was over.
        Revoked = "revoked",
        /// Its start was no longer wanted.
        Cancelled = "cancelled",
        /// Its start was denied the key.
        KeyDenied = "key_denied",
        /// Its start's key call was over quota.
        KeyQuota = "key_quota",
        /// Its start's key call was retried until the time for it was spent.
        KeyOutage = "key_outage",
        /// Its start took longer than the deadline.
        StartDeadline = "start_deadline",
        /// Its application did not answer the startup probe in time.
        StartupProbe = "startup_probe",
        /// It crashed; where it was never ready, its start did.
        Crash = "crash",
        /// Its memory did not suffice for its load.
        OutOfMemory = "out_of_memory",
    }
);

named!(
    /// How one attempt of a key call ended.
    CallOutcome {
        /// Granted.
        Ok = "ok",
        /// A retryable failure of the external manager other than a timeout.
        Retryable = "retryable",
        /// The external manager did not answer in time.
        Timeout = "timeout",
        /// Over quota.
        Quota = "quota",
        /// Denied: permission, key state, or a failure that is not retried.
        Denied = "denied",
    }
);

impl CallOutcome {
    /// Number of outcomes.
    pub const COUNT: usize = Self::ALL.len();
}

named!(
    /// Why a key call was denied.
    Denial {
        /// The service account may not use the key.
        Permission = "permission",
        /// The key version is disabled.
        Disabled = "disabled",
        /// The key version is scheduled for destruction.
        DestroyScheduled = "destroy_scheduled",
        /// The key version is destroyed.
        Destroyed = "destroyed",
        /// The external manager failed in a way that is not retried.
        External = "external",
    }
);

named!(
    /// What a key call is for: the platform's access reasons (Cloud Run documentation, "Using
    /// customer managed encryption keys", audit logs).
    CallPurpose {
        /// A start decrypts a layer of the image.
        Layer = "layer",
        /// A start decrypts the wrapped data key.
        DataKey = "data_key",
        /// A check encrypts dummy data.
        CheckEncrypt = "check_encrypt",
        /// A check decrypts dummy data.
        CheckDecrypt = "check_decrypt",
        /// A deploy encrypts a new data key.
        NewDataKey = "new_data_key",
    }
);

impl CallPurpose {
    /// Number of purposes.
    pub const COUNT: usize = Self::ALL.len();
}

named!(
    /// Why a revision's deploy failed.
    Failure {
        /// Its data key was denied.
        KeyDenied = "key_denied",
        /// The call for its data key was over quota.
        KeyQuota = "key_quota",
        /// The call for its data key was retried until the time for it was spent.
        KeyOutage = "key_outage",
        /// No instance was ready within the start deadline.
        StartDeadline = "start_deadline",
    }
);

impl Denial {
    /// Whether the version's state is the reason, rather than what concerns the whole key.
    pub fn is_state(self) -> bool {
        match self {
            Self::Disabled | Self::DestroyScheduled | Self::Destroyed => true,
            Self::Permission | Self::External => false,
        }
    }
}

named!(
    /// What is done with a key in a call.
    Operation {
        /// Wraps a data key, or encrypts dummy data.
        Encrypt = "encrypt",
        /// Unwraps a data key or a layer, or decrypts dummy data.
        Decrypt = "decrypt",
    }
);

impl CallPurpose {
    /// What is done with the key for it.
    pub fn operation(self) -> Operation {
        match self {
            Self::NewDataKey | Self::CheckEncrypt => Operation::Encrypt,
            Self::Layer | Self::DataKey | Self::CheckDecrypt => Operation::Decrypt,
        }
    }
}

named!(
    /// What changed with a key, a permission or a revocation clock.
    ChangeKind {
        /// Somebody disabled a version; that takes effect later.
        DisableOrdered = "disable_ordered",
        /// A version is disabled.
        Disabled = "disabled",
        /// A version is disabled because the external manager denied access to it.
        Latched = "disabled_by_denial",
        /// A version is enabled.
        Enabled = "enabled",
        /// A version is scheduled for destruction.
        DestructionScheduled = "destruction_scheduled",
        /// A version's destruction is off: it is disabled.
        Restored = "restored",
        /// A version is destroyed.
        Destroyed = "destroyed",
        /// A rotation made a version.
        VersionCreated = "version_created",
        /// A version encrypts from now on.
        PrimaryChanged = "primary_changed",
        /// Somebody took the permission to use a key; that takes effect later.
        PermissionRevokeOrdered = "permission_revoke_ordered",
        /// Somebody gave the permission to use a key; that takes effect later.
        PermissionGrantOrdered = "permission_grant_ordered",
        /// The permission to use a key is gone.
        PermissionRevoked = "permission_revoked",
        /// The permission to use a key is there.
        PermissionGranted = "permission_granted",
        /// An external manager's outage began.
        OutageBegan = "outage_began",
        /// It is over.
        OutageEnded = "outage_ended",
        /// An external manager's brownout began.
        BrownoutBegan = "brownout_began",
        /// It is over.
        BrownoutEnded = "brownout_ended",
        /// Traffic was not split as asked: a revision of the split was not ready.
        TrafficRefused = "traffic_refused",
        /// A quota has another limit.
        QuotaSet = "quota_set",
        /// A revocation was detected: a revision's waiting period begins.
        ClockStarted = "clock_started",
        /// The key works again: the waiting period is void.
        ClockStopped = "clock_stopped",
        /// The waiting period is over: a revision's instances are told to stop.
        WaitingPeriodOver = "waiting_period_over",
    }
);

named!(
    /// What kept a key from being used for a while.
    BlockKind {
        /// The external manager failed in a way that is retried.
        OutageRetryable = "outage_retryable",
        /// The external manager failed in a way that is not retried.
        OutageNotRetryable = "outage_not_retryable",
        /// The external manager was slow, or failed a share of the calls.
        Brownout = "brownout",
        /// The key was disabled or destroyed.
        KeyState = "key_state",
        /// The permission was missing.
        Permission = "permission",
        /// The quota was lowered.
        Quota = "quota",
    }
);
