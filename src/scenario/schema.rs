//! What a scenario may say, as data: every key with its kind, bounds, default and meaning.
//!
//! The rows are in `table.rs` and beside it. The reader of texts, the filling in of defaults, the
//! lock file and the schema for editors follow them, so that none can know a key that another
//! does not.

use super::keys::Domain;
pub use super::table::{DISTRIBUTION, POLICY, ROWS};
use crate::units::{Mebibytes, SimDuration};

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where it stands: names joined by dots, `*` for a name that the file chooses, `#` for a
    /// position in a list.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there, and what holds where it is not.
    pub presence: Presence,
    /// What it says, in one line.
    pub meaning: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// The keys below it. Where some of them are [`Presence::Variant`], exactly one of these.
    Table,
    /// Tables under names that the file chooses.
    Names(Alphabet),
    /// Tables, one after another.
    List,
    /// A law of durations: the keys of [`DISTRIBUTION`].
    Distribution,
    /// A text that is an instant, such as `2026-01-01T00:00:00Z`.
    Instant,
    /// Keys of a service, to be laid over those that it has.
    Settings,
    /// Conditions by metric, and below `services` tables of them by service.
    Thresholds,
    /// A condition such as `max == 0`, or a list of them.
    Conditions,
    /// A number, a share in per cent or a length of time, whichever its metric has.
    Quantity,
    /// Whatever another key takes.
    Value,
    /// A text.
    Text,
    /// A text that is a name of its own.
    Name(Alphabet),
    /// A text that names a table below this key.
    Reference(&'static str),
    /// A file's path, relative to the scenario's folder.
    Path,
    /// The SHA-256 of a file, in hexadecimal.
    Digest,
    /// The full resource name of a key.
    Resource,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// True or false.
    Bool,
    /// Only ever true.
    True,
    /// A whole number, bounds included.
    Integer {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// A number, bounds included.
    Number {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
    /// A number or a text with a per cent sign, bounds included; or this text instead.
    Ratio {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
        /// A text taken instead of a number.
        or: Option<&'static str>,
    },
    /// A text with unit, such as `90s`; bounds included.
    Duration {
        /// The shortest.
        min: SimDuration,
        /// The longest.
        max: SimDuration,
    },
    /// A text with unit, such as `512MiB`; bounds included.
    Memory {
        /// The least.
        min: Mebibytes,
        /// The most.
        max: Mebibytes,
    },
    /// A text with unit, such as `90/s`.
    Rate {
        /// The highest, in events per second.
        max: f64,
    },
    /// A text with unit, such as `100/s`, that comes to a whole number of operations a second.
    Operations,
}

/// Characters that a name is made of, beside ASCII letters, digits, `_` and `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// No others.
    Plain,
    /// Dots too, but not at the beginning: the name of a folder.
    Folder,
    /// Also `.`, `:` and `/`: the names of quotas that keys imply.
    Quota,
}

/// Whether a key must be there, and what holds where it is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Presence {
    /// It must; with an example, as TOML.
    Required(&'static str),
    /// It need not; what its absence means.
    Optional(&'static str),
    /// It need not; a value follows from other keys.
    Derived {
        /// What its value is then.
        value: &'static str,
        /// Where that comes from: a page of documentation, or an assumption and its reason.
        source: &'static str,
    },
    /// It need not; this value holds.
    Default {
        /// The value, as TOML.
        value: &'static str,
        /// Where it comes from: a page of documentation, or an assumption and its reason.
        source: &'static str,
    },
    /// It and its siblings of this presence exclude each other, and one must be there.
    Variant,
    /// It belongs to this group of siblings; exactly one group must be there, and whole.
    Group(&'static str),
    /// One of as many as the file has.
    Element,
}

/// The one law of [`DISTRIBUTION`] that is made of laws.
const MIXTURE: &str = "mixture";

/// The names of the domains, in the order of [`Domain::ALL`].
pub const DOMAINS: [&str; Domain::ALL.len()] = {
    let mut names = [""; Domain::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Domain::ALL[at].name();
        at += 1;
    }
    names
};

impl Alphabet {
    /// Longest name, in bytes.
    pub const LONGEST: usize = 100;

    /// Whether a text is a name of this alphabet.
    pub fn allows(self, name: &str) -> bool {
        let other = match self {
            Self::Plain => "_-",
            Self::Folder => "_-.",
            Self::Quota => "_-.:/",
        };
        let longest = if self == Self::Quota { 3 * Self::LONGEST } else { Self::LONGEST };
        let known = |c: char| c.is_ascii_alphanumeric() || other.contains(c);
        (1..=longest).contains(&name.len()) && name.chars().all(known) && !name.starts_with('.')
    }

    /// What a name is made of, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Plain => "a name has 1 to 100 letters, digits, _ and -",
            Self::Folder => "a name has 1 to 100 letters, digits, _, - and dots, no dot first",
            Self::Quota => "a name has 1 to 300 letters, digits, _ - . : and /, no dot first",
        }
    }
}

/// A row in its place among the others: the schema as a tree.
#[derive(Debug)]
pub struct Shape {
    /// The last part of the path.
    pub name: &'static str,
    /// The row.
    pub row: &'static Row,
    /// The rows below it, in order.
    pub children: Vec<Shape>,
}

/// The row of the whole file.
static ROOT: Row =
    Row { path: "", kind: Kind::Table, presence: Presence::Required(""), meaning: "the scenario" };

/// The row of a whole file of settings for a dry run.
static SETTINGS: Row =
    Row { path: "", kind: Kind::Table, presence: Presence::Required(""), meaning: "the settings" };

/// The row of a whole file that asks for a sweep.
static SWEEP: Row =
    Row { path: "", kind: Kind::Table, presence: Presence::Required(""), meaning: "the sweep" };

/// The row of a law where it does not matter whose it is.
static LAW: Row = Row {
    path: "",
    kind: Kind::Distribution,
    presence: Presence::Element,
    meaning: "a law of durations",
};

/// Where the table of a policy stands in a scenario.
const OF_SERVICE: &str = "services.*.";

impl Shape {
    /// The whole schema.
    pub fn root() -> Self {
        let mut root = Self { name: "", row: &ROOT, children: Vec::new() };
        ROWS.iter().for_each(|row| root.graft(row, row.path));
        root
    }

    /// The keys of a policy without a service.
    pub fn dry_run() -> Self {
        let mut root = Self { name: "", row: &SETTINGS, children: Vec::new() };
        POLICY.iter().for_each(|row| root.graft(row, row.path));
        for row in ROWS {
            let path = row.path.strip_prefix(OF_SERVICE);
            if let Some(path) = path.filter(|path| path.starts_with("autoscaler")) {
                root.graft(row, path);
            }
        }
        root
    }

    /// The keys of a sweep.
    pub(super) fn sweep() -> Self {
        let mut root = Self { name: "", row: &SWEEP, children: Vec::new() };
        super::table::sweep::ROWS.iter().for_each(|row| root.graft(row, row.path));
        root
    }

    /// The keys of a law.
    pub fn law() -> Self {
        let mut root = Self { name: "", row: &LAW, children: Vec::new() };
        DISTRIBUTION.iter().for_each(|row| root.graft(row, row.path));
        root
    }

    /// Puts a row where its path leads; rows come after the ones above them.
    fn graft(&mut self, row: &'static Row, path: &'static str) {
        match path.split_once('.') {
            Some((first, rest)) => {
                let parent = self.children.iter_mut().find(|c| c.name == first);
                parent.expect("a row comes after the one above it").graft(row, rest);
            }
            None => {
                let mut shape = Self { name: path, row, children: Vec::new() };
                if row.kind == Kind::Distribution {
                    // A mixture of mixtures would be a mixture: its parts are the plain laws.
                    let part = row.path.starts_with(MIXTURE);
                    let laws =
                        DISTRIBUTION.iter().filter(|law| !(part && law.path.starts_with(MIXTURE)));
                    laws.for_each(|law| shape.graft(law, law.path));
                }
                self.children.push(shape);
            }
        }
    }

    /// The shape of what stands under a name, or at a position, of this one.
    pub fn child(&self, name: &str) -> Option<&Self> {
        let many = matches!(self.row.kind, Kind::Names(_) | Kind::List);
        self.children.iter().find(|c| many || c.name == name)
    }

    /// The children of which exactly one must be there.
    pub fn variants(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(|c| c.row.presence == Presence::Variant)
    }
}

/// Where the schema has a key of this last name, if it does.
pub fn place_of(name: &str) -> Option<&'static str> {
    ROWS.iter().map(|row| row.path).find(|path| path.rsplit('.').next() == Some(name))
}
