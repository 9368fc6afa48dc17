//! Names by number: positions in the scenario's lists, and the numbers the world gives out.

/// Makes a dense index newtype.
macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the list that this number indexes.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The number of a position.
            ///
            /// # Panics
            /// When the position is 2^32 or more, which no list of a scenario reaches.
            #[inline]
            pub fn at(position: usize) -> Self {
                Self(u32::try_from(position).expect("a list of a scenario is below 2^32 long"))
            }
        }
    };
}

id!(
    /// A service: its position in [`Scenario::services`](crate::scenario::Scenario::services).
    ServiceId
);
id!(
    /// A key: its position in [`Scenario::keys`](crate::scenario::Scenario::keys).
    KeyId
);
id!(
    /// A quota: its position in [`Scenario::quotas`](crate::scenario::Scenario::quotas).
    QuotaId
);
id!(
    /// An external key manager: its position in
    /// [`Scenario::external_managers`](crate::scenario::Scenario::external_managers).
    ManagerId
);
id!(
    /// A trace: its position in the list handed to the world beside the scenario.
    TraceId
);
id!(
    /// A load source: its position among all sources of all services, services in order.
    SourceId
);
id!(
    /// A revision: its position in the world's list.
    RevisionId
);
id!(
    /// An instance's place: reused after the instance is gone; at most 2^22 exist at once.
    InstanceId
);
id!(
    /// A start order's place: reused after the order has ended.
    OrderId
);
