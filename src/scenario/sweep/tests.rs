//! What sweeps may ask, and what is said of those that can't be run.

use std::path::Path;

use super::*;
use crate::record::metric::vocabulary;
use crate::scenario::check_with;

fn read(text: &str) -> Result<Sweep, Problems> {
    let source = Source { origin: "sizes.toml", text, stem: "sizes", folder: Path::new("a") };
    check_sweep(&source, &[], &vocabulary())
}

#[track_caller]
fn sound(axes: &str) -> Sweep {
    read(&format!("scenario = \"web.toml\"\n{axes}"))
        .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

/// An axis of one key with these further lines.
fn of_key(lines: &str) -> String {
    format!("[[axis]]\nkey = \"services.web.min_instances\"\n{lines}\n")
}

#[test]
fn axes_are_lists_and_ranges() {
    let check = |lines: &str, expected: &[&str]| {
        let sweep = sound(&of_key(lines));
        let values: Vec<&str> = sweep.axes[0].spots.iter().map(|s| s.values[0].as_str()).collect();
        assert_eq!(values, expected, "{lines}");
    };
    check("values = [3, 1, 2.5]", &["3", "1", "2.5"]);
    check(
        "values = ['a b', true, { constant = '1s' }]",
        &["\"a b\"", "true", "{constant = \"1s\"}"],
    );
    check("from = 1\nto = 6\nstep = 2", &["1", "3", "5"]);
    check("from = 1\nto = 7\nstep = 2", &["1", "3", "5", "7"]);
    check(
        "from = 0\nto = 1\nstep = 0.1",
        &["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"],
    );
    check("from = 4\nto = 4\nstep = 1", &["4"]);
    check("from = 1\nto = 10\ncount = 4", &["1", "4", "7", "10"]);
    // Whole numbers stay whole, and none is there twice.
    check("from = 1\nto = 3\ncount = 5", &["1", "2", "3"]);
    check("from = 1\nto = 1000\ncount = 4\nscale = 'log'", &["1", "10", "100", "1000"]);
    check("from = 1.0\nto = 2.0\ncount = 3\nscale = 'log'", &["1.0", "1.41", "2.0"]);
    check("from = '30s'\nto = '2m'\nstep = '45s'", &["\"30s\"", "\"1m 15s\"", "\"2m\""]);
    check(
        "from = '1s'\nto = '100s'\ncount = 3\nscale = 'log'",
        &["\"1s\"", "\"10s\"", "\"1m 40s\""],
    );
    check("from = '10/s'\nto = '1200/min'\nstep = '5/s'", &["\"10/s\"", "\"15/s\"", "\"20/s\""]);
    check("from = '10%'\nto = '30%'\ncount = 3", &["\"10%\"", "\"20%\"", "\"30%\""]);
    check(
        "from = '512MiB'\nto = '1GiB'\nstep = '256MiB'",
        &["\"512MiB\"", "\"768MiB\"", "\"1GiB\""],
    );
}

/// A column in the unit of its values, by which a table can be sorted and a chart scaled.
#[test]
fn columns_have_units() {
    let check = |lines: &str, column: &str, cells: &[&str]| {
        let sweep = sound(&of_key(lines));
        let axis = &sweep.axes[0];
        let seen: Vec<String> = axis.spots.iter().map(|spot| axis.cell(spot)).collect();
        assert_eq!(
            (axis.column().as_str(), seen),
            (column, cells.iter().map(|c| (*c).to_owned()).collect())
        );
    };
    check("values = [1, 5]", "min_instances", &["1", "5"]);
    check("values = ['90s', '2m']", "min_instances_s", &["90", "120"]);
    check("values = ['60/min', '5/s']", "min_instances_per_s", &["1", "5"]);
    check("values = ['25%', '50%']", "min_instances", &["0.25", "0.5"]);
    check("values = ['512MiB', '1GiB']", "min_instances_mib", &["512", "1024"]);
    check("values = ['2m', 'never']", "min_instances", &["2m", "never"]);
    check("values = [1, 5]\nlabels = ['few', 'many']", "min_instances", &["few", "many"]);
    check("values = [1, 5]\nname = 'warm'", "warm", &["1", "5"]);
}

#[test]
fn keys_may_change_together() {
    let keys = "[[axis]]\nname = 'size'\nkeys = ['services.web.vcpus', 'services.web.memory']\n";
    let sweep = sound(&format!("{keys}values = [[1, '512MiB'], [2, '1GiB']]"));
    let axis = &sweep.axes[0];
    let cells: Vec<String> = axis.spots.iter().map(|spot| axis.cell(spot)).collect();
    assert_eq!(cells, ["1 / 512MiB", "2 / 1GiB"]);
    let said: Vec<(String, String)> =
        sweep.overrides_of(Some(1)).into_iter().map(|o| (o.key, o.value)).collect();
    let expected = [("services.web.vcpus", "2"), ("services.web.memory", "\"1GiB\"")];
    assert_eq!(said, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    // One value may be that of all keys.
    let keys = "[[axis]]\nkeys = ['services.web.min_instances', 'services.web.max_instances']\n";
    let sweep = sound(&format!("{keys}from = 1\nto = 3\nstep = 1"));
    assert_eq!(sweep.axes[0].column(), "min_instances-max_instances");
    let said: Vec<String> = sweep.overrides_of(Some(2)).into_iter().map(|o| o.value).collect();
    assert_eq!(said, ["3", "3"]);
}

#[test]
fn the_last_axis_counts_fastest() {
    let axes = "set = ['seed=7']\n[[axis]]\nkey = 'a'\nvalues = [1, 2]\n[[axis]]\nkey = 'b'\n\
                values = [1, 2, 3]\n[[axis]]\nkey = 'c.d'\nvalues = [5]\n";
    let sweep = sound(axes);
    assert_eq!(sweep.cells(), 6);
    let positions: Vec<Vec<usize>> = (0..6).map(|cell| sweep.position(cell)).collect();
    assert_eq!(positions[..4], [[0, 0, 0], [0, 1, 0], [0, 2, 0], [1, 0, 0]]);
    let of = |cell| sweep.overrides_of(Some(cell)).into_iter().map(|o| (o.key, o.value));
    let pairs: Vec<String> = of(4).map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(pairs, ["seed=7", "a=2", "b=2", "c.d=5"]);
}

/// The same axis twice over differs by the whole key; a column of the table is nobody's name.
#[test]
fn axes_have_names_of_their_own() {
    let names = |axes: &str| -> Vec<String> {
        sound(axes).axes.into_iter().map(|axis| axis.name).collect()
    };
    let two = "[[axis]]\nkey = 'a.x'\nvalues = [1]\n[[axis]]\nkey = 'b.x'\nvalues = [1]\n";
    assert_eq!(names(two), ["a_x", "b_x"]);
    assert_eq!(names("[[axis]]\nkey = 'services.web.runs'\nvalues = [1]\n"), ["services_web_runs"]);
    assert_eq!(names("[[axis]]\nkey = 'a.load.0'\nvalues = [1]\n"), ["a_load_0"]);
}

/// The lock of a sweep is a sweep, and its own lock.
#[test]
fn a_lock_says_the_same() {
    let text = "scenario = 'web.toml'\nset = ['seed=3']\nmetrics = ['latency_p99', 'services.web.cost']\n\
        target = '95%'\n[[axis]]\nkey = 'services.web.load.0.poisson.rate'\nfrom = '1/s'\nto = '9/s'\n\
        count = 3\n[[axis]]\nkeys = ['a', 'b']\nvalues = [[1, 'x'], [2, { y = [1.5] }]]\nlabels = ['p', 'q']\n";
    let sweep = read(text).expect("it is right").with_replications(Some(30));
    let lock = sweep.lock("scenario.lock.toml");
    let again = read(&lock).unwrap_or_else(|wrong| panic!("{}\n{lock}", wrong.render(false)));
    assert_eq!(again.lock("scenario.lock.toml"), lock);
    assert_eq!((again.replications, again.target), (Some(30), 0.95));
    let spots = |sweep: &Sweep| {
        let spots = sweep.axes.iter().flat_map(|axis| &axis.spots);
        spots.map(|spot| (spot.label.clone(), spot.values.clone())).collect::<Vec<_>>()
    };
    assert_eq!(spots(&again), spots(&sweep));
    assert_eq!(again.scenario, Path::new("a/scenario.lock.toml"));
}

/// What is said, and at which line and column.
#[test]
fn what_is_wrong_is_located() {
    let check = |text: &str, parts: &[&str]| {
        let said = match read(text) {
            Ok(_) => panic!("nothing is wrong with\n{text}"),
            Err(problems) => problems.render(false),
        };
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in\n{said}");
        }
    };
    let axis = |lines: &str| format!("scenario = \"web.toml\"\n{}", of_key(lines));
    let good = "scenario = 'web.toml'\n[[axis]]\nkey = 'a'\nvalues = [1, 2]\n";
    check("", &["scenario is missing", "axis is missing"]);
    check("scenario = 5\n[[axis]]", &["sizes.toml:1:12", "expected a text"]);
    check(&good.replace("values", "vlaues"), &["sizes.toml:4:1", "unknown key vlaues", "values"]);
    check(&good.replace("key = 'a'", ""), &["axis.0 does not say what it is", "key, keys"]);
    check(&good.replace("'a'", "'a..b'"), &["sizes.toml:3:7", "the key can't be read"]);
    check("scenario = 'a'\naxis = []", &["sizes.toml:2:1", "there is no axis"]);
    check(&axis("values = []"), &["sizes.toml:4:10", "the axis has no values"]);
    check(&axis("values = [1, 2, 1]"), &["sizes.toml:4:17", "1 is there twice"]);
    check(&axis("values = [2026-01-01]"), &["sizes.toml:4:11", "a date stands in quotes"]);
    check(&axis("values = [1]\nfrom = 1\nto = 2"), &["wants values, or from and to"]);
    check(&axis("values = [1]\nstep = 1"), &["sizes.toml:5:1", "step says nothing here"]);
    check(&axis("from = 1"), &["wants values, or from and to"]);
    check(&axis("from = 1\nto = 2"), &["does not say which values it has"]);
    check(
        &axis("from = 5\nto = 2\nstep = 1"),
        &["sizes.toml:5:6", "the range is empty", "2 is less than 5"],
    );
    check(&axis("from = 1\nto = 2\nstep = 0"), &["sizes.toml:6:8", "the range has no end"]);
    check(&axis("from = 1\nto = 2\nstep = '1s'"), &["sizes.toml:6:8", "in the unit of its range"]);
    check(
        &axis("from = 1\nto = '2s'\nstep = 1"),
        &["sizes.toml:5:6", "in the unit that it begins in"],
    );
    check(&axis("from = 'a'\nto = 2\nstep = 1"), &["sizes.toml:4:8", "can't count in this"]);
    check(&axis("from = 1\nto = 2\nstep = 1\ncount = 2"), &["a step or a count"]);
    check(&axis("from = 1\nto = 2\nstep = 1\nscale = 'log'"), &["has no step"]);
    check(&axis("from = 0\nto = 2\ncount = 2\nscale = 'log'"), &["sizes.toml:4:8", "above zero"]);
    check(&axis("from = 1\nto = 2\ncount = 0"), &["sizes.toml:6:9", "out of bounds"]);
    check(&axis("from = 0\nto = 1\nstep = 0.000001"), &["too many values"]);
    check(&axis("from = 1\nto = 2\ncount = 2\nscale = 'lin'"), &["linear"]);
    check(
        &axis("values = [1, 2]\nlabels = ['a']"),
        &["sizes.toml:5:10", "every value wants a label"],
    );
    check(&axis("values = [1, 2]\nlabels = ['a', 'a']"), &["the same label"]);
    check(&axis("values = [1]\nname = 'cell'"), &["sizes.toml:5:8", "can't be called cell"]);
    check("scenario = 'a'\n[[axis]]\nkeys = []\nvalues = [1]", &["the axis changes nothing"]);
    check(
        "scenario = 'a'\n[[axis]]\nkeys = ['a', 'b']\nvalues = [[1, 2], [1]]",
        &["sizes.toml:4:19", "there are 2 keys, and 1 values"],
    );
    check(
        &format!("{good}[[axis]]\nkey = 'a'\nvalues = [1]"),
        &["sizes.toml:6:7", "a is set twice"],
    );
    check(&format!("metrics = ['failed_rato']\n{good}"), &["sizes.toml:1:12", "failed_ratio"]);
    check(&format!("metrics = ['cost', 'cost']\n{good}"), &["sizes.toml:1:20", "there twice"]);
    check(&format!("metrics = []\n{good}"), &["there are no metrics"]);
    check(&format!("set = ['seed']\n{good}"), &["sizes.toml:1:8", "expected KEY=VALUE"]);
    check(&format!("replications = 1\n{good}"), &["sizes.toml:1:16", "out of bounds"]);
    check(&format!("target = 2\n{good}"), &["sizes.toml:1:10", "out of bounds"]);
    check(&format!("name = '../x'\n{good}"), &["sizes.toml:1:8", "not a name"]);
    let many: String =
        (0..3).map(|n| format!("[[axis]]\nkey = 'k{n}'\nfrom = 1\nto = 100\nstep = 1\n")).collect();
    check(&format!("scenario = 'a'\n{many}"), &["too many cells", "1000000 cells"]);
    check("scenario = [", &["this is not TOML"]);
}

/// What is wrong with a value that a cell puts in the scenario is shown where the sweep has it.
#[test]
fn what_a_cell_does_wrong_is_shown_in_the_sweep() {
    let web = "duration = '1m'\n[services.web]\nservice_time = { constant = '1s' }\n";
    let source = Source { origin: "web.toml", text: web, stem: "web", folder: Path::new("") };
    let check = |text: &str, cell: usize, parts: &[&str]| {
        let sweep = sound(text);
        let overrides = sweep.overrides_of(Some(cell));
        let wrong = check_with(&source, &overrides, Path::new(""), &vocabulary());
        let said = sweep.located(wrong.expect_err("it is wrong"), Some(cell)).render(false);
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in\n{said}");
        }
    };
    check(&of_key("values = [1, 'two']"), 1, &["sizes.toml:4:14", "expected a whole number"]);
    check(&of_key("from = 0.5\nto = 2\nstep = 0.5"), 0, &["sizes.toml:4:8", "a whole number"]);
    let unknown = of_key("values = [1]").replace("min_instances", "min_instnces");
    check(&unknown, 0, &["sizes.toml:3:7", "the nearest known key is min_instances"]);
    check(&format!("set = ['seed=x']\n{}", of_key("values = [1]")), 0, &["sizes.toml:2:8"]);
    let pair = "[[axis]]\nkeys = ['services.web.min_instances', 'services.web.max_instances']\n\
                values = [[1, 2], [3, 2]]\n";
    check(pair, 1, &["sizes.toml:4:19", "max_instances is below min_instances"]);
}
