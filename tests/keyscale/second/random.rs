//! Random small scenarios, each known by its seed.

use std::fmt::{self, Display, Write};
use std::path::Path;

use keyscale::scenario::{self, Bucket, Scenario, Source, Trace};
use keyscale::units::SimDuration;

const MS: u64 = 1_000_000;

/// Ways in which a manager fails; those after the fourth are for good.
const DOMAINS: [&str; 6] = [
    "TIMEOUT",
    "TIMEOUT",
    "UNREACHABLE_NETWORK",
    "EXTERNAL_SERVER_ERROR",
    "DNS",
    "EXTERNAL_PERMISSION_DENIED",
];

/// A generator of its own (SplitMix64), so that a case is known by its number.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `least` to `most`.
    pub fn within(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.within(1, n) == 1
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.within(0, of.len() as u64 - 1) as usize].clone()
    }
}

/// What a random scenario may have.
#[derive(Clone, Copy)]
pub struct Parts {
    /// Keys, and trouble with them.
    pub keys: bool,
    /// Draws: of lengths, of waits, of the instants of checks.
    pub chance: bool,
    /// What has so many in a second.
    pub limits: bool,
    /// Requests that share the vCPUs of an instance: what they gain is cut to parts of a nanosecond.
    pub sharing: bool,
}

impl Parts {
    /// Anything that both simulators know.
    pub const ALL: Self = Self { keys: true, chance: true, limits: true, sharing: true };
}

/// A scenario's text, and the loads that it names.
#[derive(Clone)]
pub struct Case {
    pub seed: u64,
    pub text: String,
    /// Instants and, where they are recorded, service times, in nanoseconds.
    pub loads: Vec<Vec<(u64, Option<u64>)>>,
}

/// The whole of it, for a failure.
impl Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "scenario {}:\n{}", self.seed, self.text)?;
        for (i, load) in self.loads.iter().enumerate() {
            writeln!(f, "load-{i}.csv: {load:?}")?;
        }
        Ok(())
    }
}

impl Case {
    pub fn read(&self) -> (Scenario, Vec<Trace>) {
        let folder = Path::new("");
        let source = Source { origin: "random.toml", text: &self.text, stem: "random", folder };
        let checked = scenario::check(&source, &[], folder);
        let scenario = checked.unwrap_or_else(|e| panic!("{}\n{self}", e.render(false))).scenario;
        // Services may stand in another order than their loads were made in.
        let number = |file: &scenario::TraceFile| -> usize {
            let name = file.path.to_string_lossy();
            name.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
        };
        let trace = |load: &Vec<(u64, Option<u64>)>| Trace {
            buckets: load
                .iter()
                .map(|&(at, _)| Bucket { at: SimDuration(at), width: SimDuration(0), count: 1 })
                .collect(),
            works: load.iter().filter_map(|&(_, work)| work.map(SimDuration)).collect(),
            end: SimDuration(load.last().map_or(0, |l| l.0 + 1)),
            rate_scale: 1.0,
            ..Trace::default()
        };
        let traces = scenario.traces.iter().map(|file| trace(&self.loads[number(file)])).collect();
        (scenario, traces)
    }

    /// How much there is to read when it fails.
    pub fn size(&self) -> usize {
        self.text.len() + self.loads.iter().map(|load| 10 * load.len()).sum::<usize>()
    }

    /// A small scenario with these parts.
    pub fn random(seed: u64, parts: Parts) -> Self {
        Maker::new(seed, parts).make()
    }
}

/// Makes the text of a scenario.
struct Maker {
    dice: Dice,
    parts: Parts,
    /// Whether requests are long and everything that can happen does: what is rare meets.
    drastic: bool,
    /// All lengths are multiples of it: a coarse one makes many things fall together.
    grid: u64,
    case: Case,
}

impl Maker {
    fn new(seed: u64, parts: Parts) -> Self {
        let mut dice = Dice(seed);
        let grid = dice.pick(&[1, 50, 250, 500]);
        let drastic = dice.one_in(4);
        let case = Case { seed, text: String::new(), loads: Vec::new() };
        Self { dice, parts, drastic, grid, case }
    }

    /// A length between two, in milliseconds.
    fn ms(&mut self, least: u64, most: u64) -> u64 {
        let grid = self.grid;
        (self.dice.within(least, most) / grid * grid).max(if least > 0 { grid } else { 0 })
    }

    fn length(&mut self, least: u64, most: u64) -> String {
        format!("'{}ms'", self.ms(least, most))
    }

    /// A law of durations, constant more often than not.
    fn law(&mut self, least: u64, most: u64) -> String {
        let length = self.length(least, most);
        match self.dice.within(1, 5) {
            _ if !self.parts.chance => format!("{{ constant = {length} }}"),
            1 => format!("{{ exponential = {{ mean = {length} }} }}"),
            2 => format!("{{ uniform = {{ min = '0s', max = {length} }} }}"),
            _ => format!("{{ constant = {length} }}"),
        }
    }

    fn say(&mut self, line: impl Display) {
        writeln!(self.case.text, "{line}").unwrap();
    }

    /// Says it in one of so many cases.
    fn say_one_in(&mut self, n: u64, line: impl FnOnce(&mut Self) -> String) {
        if self.dice.one_in(n) {
            let line = line(self);
            self.say(line);
        }
    }

    fn make(mut self) -> Case {
        let seconds = self.dice.within(10, 60);
        let warm_up = if self.dice.one_in(4) { self.dice.within(1, 10) } else { 0 };
        let keys = if self.parts.keys { self.dice.within(0, 2) } else { 0 };
        let managers = u64::from(keys > 0 && !self.dice.one_in(5));
        let seed = self.case.seed;
        self.say(format!("seed = {seed}\nduration = '{seconds}s'\nwarm_up = '{warm_up}s'"));
        let services = self.dice.within(1, 3);
        for s in 0..services {
            self.service(s, keys, seconds);
        }
        for k in 0..keys {
            self.key(k, managers);
        }
        if managers > 0 {
            self.manager();
        }
        if keys > 0 && self.parts.limits && self.dice.one_in(2) {
            for pool in ["HSM", "EXTERNAL"] {
                let limit = self.dice.within(1, 6);
                self.say(format!("[quotas.{pool}]\nproject = 'p'\nlocation = 'us-central1'"));
                self.say(format!("pool = '{pool}'\nlimit = '{limit}/s'"));
                if pool == "HSM" {
                    self.say("overloaded = true");
                }
            }
            self.timeline(seconds, 3, "quota_set", |m| {
                let (pool, limit) = (m.dice.pick(&["HSM", "EXTERNAL"]), m.dice.within(0, 8));
                format!("{{ quota = '{pool}', limit = '{limit}/s' }}")
            });
        }
        for k in 0..if self.parts.chance { keys } else { 0 } {
            for action in ["key_disable", "permission_revoke"] {
                self.timeline(seconds, 6, action, |_| format!("{{ key = 'k{k}' }}"));
            }
        }
        if managers > 0 {
            self.timeline(seconds, 1, "external_outage", |m| {
                let domain = m.dice.pick(if m.parts.chance { &DOMAINS } else { &DOMAINS[..4] });
                let flapping = match m.dice.one_in(4) && m.parts.chance {
                    true => ", flapping = { down = '300ms', up = '700ms' }",
                    false => "",
                };
                format!("{{ manager = 'm', domain = '{domain}'{flapping} }}")
            });
        }
        for s in 0..services {
            self.say_one_in(4, |m| {
                let (at, n) = (m.ms(0, seconds * 1_000 - 1), m.dice.within(1, 3));
                format!(
                    "[[timeline]]\nat = '{at}ms'\ninstance_crash = {{ service = 's{s}', instances = {n} }}"
                )
            });
            self.timeline(seconds, 3, "min_instances_set", |m| {
                format!("{{ service = 's{s}', instances = {} }}", m.dice.within(0, 3))
            });
            self.timeline(seconds, 3, "max_instances_set", |m| {
                format!("{{ service = 's{s}', instances = {} }}", m.dice.within(1, 6))
            });
            self.timeline(seconds, 3, "scaling_mode_set", |m| {
                format!(
                    "{{ service = 's{s}', manual = {{ instances = {} }} }}",
                    m.dice.within(0, 5)
                )
            });
        }
        self.case
    }

    /// In one of so many cases: times in which something is otherwise, one after another.
    fn timeline(
        &mut self,
        seconds: u64,
        one_in: u64,
        action: &str,
        mut with: impl FnMut(&mut Self) -> String,
    ) {
        if !self.drastic && !self.dice.one_in(one_in) {
            return;
        }
        let mut from = 0;
        for _ in 0..self.dice.within(1, 3) {
            let at = from + self.ms(0, seconds * 500);
            let until = at + self.ms(1, seconds * 400).max(1);
            if until >= seconds * 1_000 {
                return;
            }
            let with = with(self);
            self.say(format!(
                "[[timeline]]\nat = '{at}ms'\nuntil = '{until}ms'\n{action} = {with}"
            ));
            from = until;
        }
    }

    fn service(&mut self, s: u64, keys: u64, seconds: u64) {
        self.say(format!("[services.s{s}]"));
        let policy = self.dice.within(0, 2);
        let concurrency = if policy == 2 { 1 } else { self.dice.pick(&[1, 1, 2, 3, 5, 10]) };
        let (max, min) = (self.dice.within(1, 8), self.dice.within(0, 2));
        let (min, fixed) = (min.min(max), self.dice.within(0, max));
        self.say(format!(
            "concurrency = {concurrency}\nmax_instances = {max}\nmin_instances = {min}"
        ));
        match policy {
            0 => self.say(format!("autoscaler.fixed.instances = {fixed}")),
            1 => {
                let (tick, target) =
                    (self.dice.pick(&[1, 5]), self.dice.pick(&["0.6", "0.5", "1.0"]));
                self.say(format!("autoscaler.cloud_run.tick = '{tick}s'"));
                self.say(format!("autoscaler.cloud_run.concurrency_target = {target}"));
                let tolerance = self.dice.pick(&["0", "0", "0.1", "0.5"]);
                self.say(format!("autoscaler.cloud_run.tolerance = {tolerance}"));
                self.say_one_in(2, |_| "autoscaler.cloud_run.cpu_target = 0.5".to_owned());
                if self.dice.one_in(2) {
                    self.say("autoscaler.cloud_run.window = '10s'");
                    self.say("autoscaler.cloud_run.long_window = '20s'");
                }
            }
            _ => self.say("autoscaler.per_request = {}"),
        }
        self.say_one_in(3, |m| format!("initial_instances = {}", m.dice.within(0, max)));
        self.say_one_in(2, |m| format!("request_timeout = {}", m.length(100, 4_000)));
        self.say_one_in(3, |m| format!("queue_limit = {}", m.dice.within(0, 6)));
        if self.dice.one_in(2) {
            let (one, other) = (self.ms(0, 15_000), self.ms(0, 15_000));
            self.say(format!("idle_timeout = '{}ms'", one.max(other)));
            if self.parts.chance && self.dice.one_in(2) {
                self.say(format!("idle_timeout_min = '{}ms'", one.min(other)));
            }
        }
        self.say_one_in(2, |m| format!("drain_grace = {}", m.length(0, 3_000)));
        let pending = match self.dice.within(0, if self.parts.chance { 3 } else { 1 }) {
            0 => "{ none = true }".to_owned(),
            1 => format!("{{ fixed = {} }}", self.length(0, 6_000)),
            2 => {
                let (floor, starts) = (self.length(0, 3_000), self.dice.within(1, 3));
                format!("{{ start_rule = {{ factor = 1.5, floor = {floor}, starts = {starts} }} }}")
            }
            _ => "{ start_rule = {} }".to_owned(),
        };
        self.say(format!("pending_timeout = {pending}"));
        let rule = self.dice.pick(&[
            "least_loaded = {}",
            "round_robin = {}",
            "first_available = {}",
            "newest = {}",
            "oldest = {}",
            "most_recently_used = {}",
            "least_recently_used = {}",
            "fullest_below_target.target = 0.6",
            "fullest_below_target.target = 0.6",
            "fullest_below_target.target = 0.25",
            "fullest_below_target.target = 1.0",
        ]);
        self.say(format!("routing.{rule}"));
        for (phase, most) in [("allocate", 1_000), ("fetch", 1_000), ("boot", 4_000)] {
            let law = self.law(0, most);
            self.say(format!("start.{phase} = {law}"));
        }
        self.start(concurrency);
        self.say_one_in(3, |m| format!("queue = '{}'", m.dice.pick(&["start", "start_first"])));
        if self.parts.sharing && self.dice.one_in(2) {
            let (cpu, has) =
                (self.dice.pick(&["0.3", "0.5", "1"]), self.dice.pick(&["0.5", "1", "2"]));
            self.say(format!("cpu = {cpu}\nvcpus = {has}"));
        }
        self.client();
        if keys > 0 && (self.drastic || !self.dice.one_in(4)) {
            self.encryption(keys);
        }
        let work = self.law(10, if self.drastic { 15_000 } else { 3_000 });
        self.say(format!("service_time = {work}"));
        self.say_one_in(5, |m| format!("cold_service = {}", m.law(10, 3_000)));
        for _ in 0..self.dice.within(1, 2) {
            self.load(s, seconds);
        }
    }

    /// How instances start and are lost. Factors are powers of two, so that no length is cut.
    fn start(&mut self, concurrency: u64) {
        let initial = self.dice.pick(&[10, 500, 1_000]);
        let jitters = if self.parts.chance { &["full", "full", "none"][..] } else { &["none"] };
        let jitter = self.dice.pick(jitters);
        self.say(format!(
            "start.back_off = {{ initial = '{initial}ms', max = '5s', jitter = '{jitter}' }}"
        ));
        self.say_one_in(4, |m| format!("start.deadline = {}", m.length(500, 5_000)));
        self.say_one_in(4, |m| format!("start.cpu_boost = {}", m.dice.pick(&[2, 4])));
        self.say_one_in(4, |m| format!("start.slow_down = {}", m.dice.pick(&["0.5", "1"])));
        if self.dice.one_in(4) {
            let (period, tries) = (self.ms(200, 2_000), self.dice.within(1, 4));
            let (delay, timeout) = (self.ms(0, 2_000), self.ms(1, period).min(period));
            self.say(format!(
                "start.probe = {{ initial_delay = '{delay}ms', timeout = '{timeout}ms', \
                 period = '{period}ms', failure_threshold = {tries} }}"
            ));
        }
        self.say_one_in(4, |m| format!("start.limits.concurrent = {}", m.dice.within(1, 3)));
        self.say_one_in(4, |m| {
            let (starts, interval) = (m.dice.within(1, 3), m.length(200, 5_000));
            format!("start.limits.rate = {{ starts = {starts}, interval = {interval} }}")
        });
        if self.parts.chance {
            self.say_one_in(5, |m| {
                format!("crash.start_probability = {}", m.dice.pick(&["0.2", "0.6"]))
            });
        }
        self.say_one_in(5, |m| format!("crash.age = {}", m.law(500, 20_000)));
        if concurrency > 1 && self.dice.one_in(3) {
            let (above, after) = (self.dice.within(1, concurrency - 1), self.law(0, 2_000));
            self.say(format!("out_of_memory = {{ above = {above}, after = {after} }}"));
        }
    }

    fn client(&mut self) {
        self.say_one_in(3, |m| format!("client.timeout = {}", m.length(200, 5_000)));
        self.say_one_in(3, |_| "client.hold_abandoned = true".to_owned());
        self.say_one_in(3, |m| {
            let (attempts, initial) = (m.dice.within(1, 4), m.ms(1, 2_000));
            let jitters = if m.parts.chance { &["none", "full"][..] } else { &["none"] };
            let (factor, jitter) = (m.dice.pick(&["1", "2"]), m.dice.pick(jitters));
            let budget = match m.dice.one_in(3) {
                true => format!(", budget = {{ ratio = 0.3, burst = {} }}", m.dice.within(1, 3)),
                false => String::new(),
            };
            format!(
                "client.retries = {{ attempts = {attempts}, initial = '{initial}ms', multiplier = {factor}, \
                 max = '9s', jitter = '{jitter}'{budget} }}"
            )
        });
    }

    fn encryption(&mut self, keys: u64) {
        let (key, decrypts) = (self.dice.within(0, keys - 1), self.dice.within(0, 3));
        self.say(format!("encryption.key = 'k{key}'\nencryption.decrypts_per_start = {decrypts}"));
        self.say_one_in(3, |_| "encryption.revocation.action = 'prevent_new'".to_owned());
        let period = self.length(100, 8_000);
        self.say(format!("encryption.revocation.waiting_period = {period}"));
        self.say_one_in(3, |_| "encryption.revocation.detect_on_start = false".to_owned());
        self.say_one_in(3, |_| "encryption.revocation.external_follows_action = true".to_owned());
        let stops = self.dice.pick(&["any_success", "any_success", "check", "never"]);
        self.say(format!("encryption.revocation.clock_stops_on = '{stops}'"));
    }

    /// Recorded instants, in bursts or alone. Those of each service are a nanosecond apart, so that
    /// services meet in what the platform does alone.
    fn load(&mut self, s: u64, seconds: u64) {
        let number = self.case.loads.len();
        let recorded = self.dice.one_in(3);
        let (mut at, mut load) = (0, vec![]);
        let gap = self.dice.pick(&[100, 400, 1_500, 4_000]);
        while load.len() < 120 {
            at += self.ms(0, gap);
            if at >= seconds * 1_000 {
                break;
            }
            for _ in 0..if self.dice.one_in(6) { self.dice.within(2, 9) } else { 1 } {
                let work = recorded.then(|| self.ms(0, 2_500) * MS);
                load.push((at * MS + s, work));
            }
            if self.dice.one_in(20) {
                at += self.ms(0, 12_000);
            }
        }
        self.case.loads.push(load);
        let duration = if recorded { ", duration = 'd'" } else { "" };
        self.say(format!(
            "[[services.s{s}.load]]\ntrace = {{ file = 'load-{number}.csv'{duration} }}"
        ));
    }

    fn key(&mut self, k: u64, managers: u64) {
        self.say(format!("[keys.k{k}]"));
        self.say(format!(
            "resource = 'projects/p/locations/us-central1/keyRings/r/cryptoKeys/k{k}'"
        ));
        let level = match managers {
            0 => self.dice.pick(&["SOFTWARE", "HSM"]),
            _ => {
                self.dice.pick(&["SOFTWARE", "HSM", "EXTERNAL", "EXTERNAL", "EXTERNAL", "EXTERNAL"])
            }
        };
        self.say(format!("protection_level = '{level}'"));
        if level == "EXTERNAL" {
            self.say("external_manager = 'm'");
        }
        let latency = self.law(0, 300);
        self.say(format!("latency = {latency}"));
        let initial = self.ms(50, 1_000);
        if !self.parts.chance {
            let policy = self.dice.pick(&["fixed", "exponential"]);
            self.say(format!("retry.policy = '{policy}'\nretry.initial = '{initial}ms'"));
            self.say("retry.multiplier = 2\nretry.max = '5s'\nretry.total = '10h'");
            return self.say("check.enabled = false");
        }
        let policy = self.dice.pick(&[
            "none",
            "fixed",
            "fixed",
            "fixed",
            "exponential",
            "full_jitter",
            "decorrelated_jitter",
        ]);
        let total = self.length(0, 12_000);
        self.say(format!(
            "retry.policy = '{policy}'
retry.initial = '{initial}ms'"
        ));
        self.say(format!(
            "retry.max = '5s'
retry.total = {total}"
        ));
        self.say_one_in(6, |m| format!("retry.attempts = {}", m.dice.within(1, 6)));
        self.say_one_in(6, |m| format!("retry.escalates_after = {}", m.length(500, 8_000)));
        if self.dice.one_in(3) {
            self.say("check.enabled = false");
        } else {
            let (interval, jitter) =
                (self.dice.within(500, 8_000), self.dice.pick(&["0", "0.1", "1"]));
            self.say(format!("check = {{ interval = '{interval}ms', jitter = {jitter} }}"));
        }
        let (disable, permission) = (self.law(0, 2_000), self.law(0, 2_000));
        self.say(format!("propagation = {{ disable = {disable}, permission = {permission} }}"));
    }

    fn manager(&mut self) {
        let latency = self.law(0, 140);
        let attempts = self.dice.within(1, 3);
        self.say(format!(
            "[external_managers.m]\nlatency = {latency}\ninner_attempts = {attempts}"
        ));
        self.say_one_in(3, |m| format!("call_timeout = {}", m.length(20, 250)));
        self.say_one_in(if self.parts.limits { 3 } else { u64::MAX }, |m| {
            format!("capacity = '{}/s'", m.dice.within(1, 8))
        });
    }
}
