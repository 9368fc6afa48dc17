//! Policies that keep nothing, and a minimum over any policy, a second time.

use keyscale::scenario::Signal;

use super::random::Dice;
use super::world::replicas;
use super::{observed, offered, rows, settings};

/// The minimum in a second: that of the latest step, of the repetition before where there is none.
fn minimum(steps: &[(i64, i64)], repeat: Option<i64>, t: i64) -> i64 {
    let begins = |at: i64| (-1..=t).map(move |k| at + k * repeat.unwrap_or(0));
    let instants = steps.iter().flat_map(|&(at, least)| begins(at).map(move |s| (s, least)));
    let before = instants.filter(|&(second, _)| second <= t);
    before.max_by_key(|&(second, _)| second).map_or(0, |(_, least)| least)
}

#[test]
fn a_schedule_lies_over_what_is_wanted() {
    let mut over = 0;
    for case in 0..200 {
        let mut dice = Dice(5_000_000 + case);
        let fixed = dice.pick(&[None, Some(0), Some(3), Some(40)]);
        let (least, most) = (dice.pick(&[0, 2]), dice.pick(&[1_000, 30]));
        let scheduled = dice.pick(&[true, true, false]);
        let repeat = dice.pick(&[None, Some(50)]);
        let first = dice.within(0, 20);
        let second = first + dice.within(1, 20);
        let steps = [(first, dice.within(0, 60)), (second, dice.within(0, 60))];
        let policy = match fixed {
            Some(n) => format!("fixed = {{ instances = {n} }}\n"),
            None => "per_request = {}\n".to_owned(),
        };
        let step = |(at, n): (i64, i64)| format!("{{ at = '{at}s', min_instances = {n} }}");
        let repeats = repeat.map_or(String::new(), |r| format!("repeat = '{r}s', "));
        let schedule =
            format!("schedule = {{ {repeats}steps = [{}, {}] }}", step(steps[0]), step(steps[1]));
        let schedule = if scheduled { schedule } else { String::new() };
        let text = format!(
            "min_instances = {least}\nmax_instances = {most}\n[autoscaler]\n{policy}{schedule}"
        );
        let wanted = |t: i64, value: Option<f64>| {
            let own = fixed.unwrap_or_else(|| value.unwrap_or(0.0).ceil() as i64);
            let floor = if scheduled { minimum(&steps, repeat, t) } else { 0 };
            own.max(floor).clamp(least, most)
        };
        // Open loop.
        let given = dice.observed(120);
        let row = |t: i64| {
            let (ready, value) = given[t as usize];
            format!("{t},{ready},{}", wanted(t, value))
        };
        let expected: Vec<String> = (1..120).map(row).collect();
        let got = rows(&settings(&text), &observed(Signal::Concurrency, &given), None);
        assert_eq!(got, expected, "case {case}\n{text}");
        // Closed loop.
        let (load, startup) = (dice.load(120), dice.pick(&[0, 1, 7]));
        let mut asked_at = vec![0; fixed.unwrap_or(0).max(least) as usize];
        let mut row = |t: i64| {
            let ready = asked_at.iter().filter(|at| **at + startup <= t).count();
            let wanted = wanted(t, Some(load[t as usize]));
            over += i64::from(scheduled && wanted == minimum(&steps, repeat, t));
            asked_at.resize(wanted as usize, t);
            format!("{t},{ready},{wanted},{wanted}")
        };
        let expected: Vec<String> = (1..120).map(&mut row).collect();
        let got = rows(&settings(&text), &offered(&load), Some(startup as u64));
        assert_eq!(got, expected, "case {case}\n{text}");
    }
    assert!(over > 1_000, "the schedule counted {over} times only");
}

/// A schedule of nothing changes nothing, whatever the policy looks at.
#[test]
fn a_schedule_of_nothing_changes_nothing() {
    let mut pokes = 0;
    for case in 0..40 {
        let mut dice = Dice(6_000_000 + case);
        let (load, startup) = (dice.load(600), dice.pick(&[1, 5]));
        let schedule = "[autoscaler.schedule]\nsteps = [{ at = '100h', min_instances = 1 }]\n";
        for policy in ["knative = { window = '20s' }", "hpa = { metric = 'rps', target = 9 }"] {
            let run = |schedule: &str| {
                let text = format!("[autoscaler]\n{policy}\n{schedule}");
                rows(&settings(&text), &offered(&load), Some(startup))
            };
            // What is wanted where the policy leaves things as they are is what it wanted last.
            let without = |rows: Vec<String>| -> Vec<Vec<String>> {
                let cells = |row: &String| {
                    let cells = row.split(',').enumerate();
                    cells.filter(|(at, _)| *at != 9).map(|(_, cell)| cell.to_owned()).collect()
                };
                rows.iter().map(cells).collect()
            };
            let plain = run("");
            pokes += plain.iter().filter(|row| row.contains(",poke,")).count();
            assert_eq!(without(run(schedule)), without(plain), "case {case} {policy}");
        }
    }
    assert!(pokes > 10, "only {pokes} first requests after zero");
}

/// In a world: what a schedule asks for is started though its policy never decides, and instances
/// still come and go as a policy that looks at each has it.
#[test]
fn a_schedule_holds_in_a_world() {
    let text = |policy: &str, steps: &str| {
        format!("[services.web.autoscaler]\n{policy}\nschedule = {{ steps = [{steps}] }}\n")
    };
    let load: Vec<u64> = (0..60).map(|t| if (20..40).contains(&t) { 3 } else { 0 }).collect();
    let fixed =
        replicas(&text("fixed = { instances = 2 }", "{ at = '10s', min_instances = 5 }"), &load, 1);
    assert_eq!([fixed[5], fixed[12], fixed[50]], [2, 5, 5]);
    let later = "{ at = '100h', min_instances = 1 }";
    let hpa = "hpa = { metric = 'concurrency', target = 1, downscale_stabilization = '0s', \
               sync_period = '5s' }";
    let with = replicas(&text(hpa, later), &load, 1);
    assert_eq!(with, replicas(&format!("[services.web.autoscaler]\n{hpa}\n"), &load, 1));
    assert_eq!([with[15], with[35], with[55]], [1, 3, 1]);
}
