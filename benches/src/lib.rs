//! The worlds that are measured.

/// A kind of run whose length is given in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// (a) 0.9 requests a second, one at a time an instance.
    Sparse,
    /// (b) 200 instances of 80 slots at 60 % load, a key in the start path, a row a second.
    Warm,
}

impl Case {
    /// Its name on a command line and of its scenario.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sparse => "sparse",
            Self::Warm => "warm",
        }
    }

    /// The case of a name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Sparse, Self::Warm].into_iter().find(|case| case.name() == name)
    }

    /// What it is, in a line.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Sparse => "(a) Poisson 0.9/s, one request an instance",
            Self::Warm => "(b) 200 instances × 80 slots at 60 % load, key in the start path",
        }
    }

    /// A scenario in which about so many requests arrive.
    pub fn scenario(self, requests: u64) -> String {
        let (rate, service) = match self {
            Self::Sparse => (
                0.9,
                "concurrency = 1\nmax_instances = 1000\n\
                 service_time = { lognormal = { mean = \"2s\", cv = 0.1 } }",
            ),
            Self::Warm => (
                96_000.0,
                "concurrency = 80\ninitial_instances = 200\nmax_instances = 400\n\
                 service_time = { exponential = { mean = \"100ms\" } }",
            ),
        };
        let seconds = (requests as f64 / rate).ceil();
        // A row a second where the load is dense; else what a run of that length has anyway.
        let rows = match self {
            Self::Sparse => "",
            Self::Warm => "sample_interval = \"1s\"\n",
        };
        format!(
            r#"duration = "{seconds}s"
{rows}
[services.web]
{service}
encryption = {{ key = "main" }}

[[services.web.load]]
poisson = {{ rate = "{rate}/s" }}

[keys.main]
resource = "projects/kms/locations/us-central1/keyRings/ring/cryptoKeys/main"
protection_level = "EXTERNAL"
external_manager = "vault"

[external_managers.vault]
"#
        )
    }
}
