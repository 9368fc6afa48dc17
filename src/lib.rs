//! keyscale: a discrete-event simulator of services that scale out with a customer-managed key in
//! the start path.
//!
//! # The map
//!
//! ```text
//! file ── scenario ──► checked scenario ─┐                     ┌─► output: CSV, JSON, charts
//!         (text, opens no file)          ├─► world ─► record ──┤
//! load ── input ─────► traces ───────────┘    │          └► study ─► cli: table, blame, verdict
//!                                           kernel
//! ```
//!
//! Folders are stages, files are nouns. Arrows point one way, kept by a test: units, ids and
//! distribution know nothing; scenario, kernel, record and stats know those; the world knows
//! these, a study knows the world; input, output and cli are outside, and only they touch files
//! and the terminal.
//!
//! - [`scenario`]: what a file may ask, from one table of keys; all problems at once, located.
//! - [`kernel`]: the event list, the agenda, the arrivals, the random streams: opaque integers.
//! - [`world`]: services, revisions, instances, requests, keys: states and transitions only.
//! - [`record`]: the facts a world states, the columns of every table, summary and fingerprint.
//! - [`stats`]: histograms, intervals, paired differences, steady states: numbers in, numbers out.
//! - [`study`]: whether what was asked of runs holds, and how sure that is: the method, with its
//!   sources.
//!
//! # Invariants
//!
//! Time is integer nanoseconds; events of one instant are ordered by rank, then by order of
//! scheduling. A draw names its stream, so that changing one thing changes no other thing's luck.
//! The same scenario and seed give the same bytes, in debug and release, on any machine. The laws
//! in [`world::laws`] are checked after every event in debug builds and at the end always.
//!
//! # One worked example
//!
//! ```
//! use std::path::Path;
//! use keyscale::{record::Discard, scenario, world::World};
//!
//! let text = r#"
//! duration = "60s"
//! [services.web]
//! service_time = { constant = "100ms" }
//! [[services.web.load]]
//! poisson = { rate = "20/s" }
//! "#;
//! let folder = Path::new("");
//! let source = scenario::Source { origin: "example.toml", text, stem: "example", folder };
//! let checked = scenario::check(&source, &[], folder).expect("it is right");
//! let length = checked.scenario.duration(&[]);
//! let mut world: World = World::new(&checked.scenario, &[], length);
//! while world.advance(&mut Discard)? {}
//! world.finish(&mut Discard);
//! assert!((1_000..1_400).contains(&world.arrivals()));
//! # Ok::<(), keyscale::world::laws::Broken>(())
//! ```
pub mod cli;
pub mod distribution;
pub mod error;
pub mod ids;
pub mod input;
pub mod kernel;
pub mod output;
pub mod record;
pub mod scenario;
pub mod stats;
pub mod study;
pub mod units;
pub mod world;
