//! Which blocks touch a service: those of its revisions' keys, managers and quotas.

use crate::output::csv::Table;

/// The columns of `revisions.csv` that are read here and of lifetimes.
pub const COLUMNS: [&str; 5] = ["service", "revision", "key", "external_manager", "quota"];

/// Whether a block of a kind, with a subject, touches a service.
pub fn by<'a>(service: &'a str, revisions: &'a Table) -> impl Fn(&str, &str) -> bool + use<'a> {
    let services = revisions.texts("service");
    move |kind, subject| {
        let column = match kind {
            "outage_retryable" | "outage_not_retryable" | "brownout" => "external_manager",
            "quota" => "quota",
            _ => "key",
        };
        let subjects = revisions.texts(column);
        services.iter().zip(subjects).any(|(s, named)| s == service && named == subject)
    }
}
