//! What a service pays for: its instances' vCPUs and memory for the time that they are billed, and
//! its requests.

use super::build::{length, number, text};
use super::tree::Node;
use crate::units::{Mebibytes, Money, Price, SimDuration};

/// How a service is billed: the size of an instance and the prices come to what a nanosecond of it
/// costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billing {
    /// For which time.
    pub model: BillingModel,
    /// From which phase of a start on an instance is billed.
    pub billed_from: StartPhase,
    /// A nanosecond of an instance that is billed.
    pub active: Money,
    /// A nanosecond of an idle instance that is kept as one of the minimum.
    pub idle: Money,
    /// A request that an instance has taken.
    pub request: Money,
}

/// For which time an instance is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillingModel {
    /// While it starts, and while it has a request; each stretch is rounded up to 100 ms. Idle
    /// ones of the minimum are billed at another price.
    RequestBased,
    /// For its whole life, rounded up to 100 ms.
    InstanceBased {
        /// No life is billed for less.
        at_least: SimDuration,
    },
}

impl BillingModel {
    /// What a stretch of time is billed as (Cloud Run documentation, Pricing).
    pub fn rounded(self, length: SimDuration) -> SimDuration {
        const STEP: u64 = 100_000_000;
        let at_least = match self {
            Self::RequestBased => SimDuration::ZERO,
            Self::InstanceBased { at_least } => at_least,
        };
        SimDuration(length.max(at_least).0.div_ceil(STEP) * STEP)
    }
}

/// The phases of a start, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StartPhase {
    /// Finding a place for the instance.
    Allocating,
    /// Decrypting with the key.
    Unlocking,
    /// Fetching the image.
    Fetching,
    /// Starting the application.
    Booting,
}

impl StartPhase {
    /// Their names in a file.
    pub const NAMES: [&str; 4] = ["allocating", "unlocking", "fetching", "booting"];

    fn of_name(name: &str) -> Self {
        match name {
            "allocating" => Self::Allocating,
            "unlocking" => Self::Unlocking,
            "fetching" => Self::Fetching,
            _ => Self::Booting,
        }
    }
}

/// The size of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    /// Thousandths of a vCPU.
    millis: u32,
    memory: Mebibytes,
}

impl Size {
    /// What a nanosecond costs at prices for a second of a vCPU and of a GiB.
    fn nanosecond(self, vcpu_second: Price, gib_second: Price) -> Money {
        vcpu_second.per_nanosecond_of_millis(self.millis)
            + gib_second.per_nanosecond_of_mebibytes(self.memory)
    }
}

impl Billing {
    /// The billing of a checked table of a service.
    pub(super) fn build(service: &Node) -> Self {
        let size = Size {
            millis: (number(service, "vcpus") * 1_000.0).round() as u32,
            memory: service.get("memory").and_then(Node::memory).unwrap_or_default(),
        };
        let billing = service.get("billing").unwrap_or(service);
        let price = |path: &str| Price::from_dollars(number(billing, path));
        let billed_from = StartPhase::of_name(text(service, "start.billed_from"));
        if billing.get("instance_based").is_some() {
            let at_least = length(billing, "instance_based.at_least");
            let vcpu_second = price("instance_based.vcpu_second");
            return Self {
                model: BillingModel::InstanceBased { at_least },
                billed_from,
                active: size.nanosecond(vcpu_second, price("instance_based.gib_second")),
                idle: Money::default(),
                request: Money::default(),
            };
        }
        let [vcpu_second, idle_vcpu_second] =
            [price("request_based.vcpu_second"), price("request_based.idle_vcpu_second")];
        Self {
            model: BillingModel::RequestBased,
            billed_from,
            active: size.nanosecond(vcpu_second, price("request_based.gib_second")),
            idle: size.nanosecond(idle_vcpu_second, price("request_based.idle_gib_second")),
            request: price("request_based.million_requests").per_million(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_rounded_up() {
        let check = |model: BillingModel, ms: u64, billed: u64| {
            let length = SimDuration::from_millis(ms);
            assert_eq!(model.rounded(length), SimDuration::from_millis(billed), "{ms} ms");
        };
        let request = BillingModel::RequestBased;
        check(request, 0, 0);
        check(request, 1, 100);
        check(request, 100, 100);
        check(request, 101, 200);
        let whole = BillingModel::InstanceBased { at_least: SimDuration::from_secs(60) };
        check(whole, 1, 60_000);
        check(whole, 60_001, 60_100);
    }

    /// One vCPU and 512 MiB for an hour: 3,600 × (0.000024 + 0.5 × 0.0000025) = 0.0909 dollars.
    #[test]
    fn an_hour_of_an_instance_costs_what_the_price_list_says() {
        let size = Size { millis: 1_000, memory: Mebibytes(512) };
        let [vcpu, gib] = [0.000_024, 0.000_002_5].map(Price::from_dollars);
        let hour = size.nanosecond(vcpu, gib) * 3_600_000_000_000;
        assert_eq!(hour.picodollars(), 90_900_000_000);
        assert_eq!(Price::from_dollars(0.4).per_million() * 2_500_000, Money::from_dollars(1));
        let small = Size { millis: 80, memory: Mebibytes(128) };
        let second = small.nanosecond(vcpu, gib) * 1_000_000_000;
        // 0.08 × 24 µ$ + 0.125 × 2.5 µ$
        assert_eq!(second.picodollars(), 1_920_000 + 312_500);
    }
}
