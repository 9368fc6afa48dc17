//! A second opinion: another simulator of the same model, which must agree on random scenarios to
//! the nanosecond; and relations that must hold between runs of the program alone.
//!
//! `KEYSCALE_SCENARIOS=100` looks at a hundred times as many scenarios, and with
//! `--nocapture` says how many agreed.

mod facts;
mod naive;
mod random;
mod relations;

use facts::Facts;
use random::{Case, Parts};

/// How many random scenarios to look at: so many, times what the environment says.
fn cases(usual: u64) -> u64 {
    let times = std::env::var("KEYSCALE_SCENARIOS").ok().and_then(|n| n.parse().ok());
    usual * times.unwrap_or(1)
}

/// Looks at so many random cases, and shows the smallest that is wrong. `wrong` counts what it has
/// looked at in one, or says what is wrong with it.
#[expect(clippy::print_stdout, reason = "who asks for many wants to know how many")]
fn try_all(n: u64, case: impl Fn(u64) -> Case, wrong: impl Fn(&Case) -> Result<u64, String>) {
    let (mut seen, mut failed): (u64, Vec<(Case, String)>) = (0, Vec::new());
    for seed in 0..n {
        let case = case(seed);
        match wrong(&case) {
            Ok(n) => seen += n,
            Err(why) => failed.push((case, why)),
        }
    }
    let number = failed.len();
    if let Some((case, why)) = failed.into_iter().min_by_key(|(case, _)| case.size()) {
        panic!("{number} of {n} scenarios; the smallest:\n{why}\n{case}");
    }
    if std::env::var_os("KEYSCALE_SCENARIOS").is_some() {
        println!("{n} scenarios, {seen} events or facts");
    }
}

#[test]
fn two_simulators_agree_on_random_scenarios() {
    let any = |seed| Case::random(seed, Parts::ALL);
    try_all(cases(100), any, |case| {
        let (scenario, traces) = case.read();
        let world = Facts::of_world(&scenario, &traces)?;
        let (naive, events) = naive::Naive::new(&scenario, &traces).run();
        let difference = world.sorted().difference(&naive.sorted());
        if difference.is_empty() { Ok(events) } else { Err(difference) }
    });
}
