//! Texts that nobody means well with.

use proptest::prelude::*;

use super::*;

#[test]
fn texts_without_bounds_are_not_parsed() {
    let check = |text: &str, expected: &str| {
        assert_eq!(titles(text, &[]), [expected]);
    };
    check(&format!("a = {}", "[".repeat(500_000)), "the scenario is nested too deep");
    check(&format!("a = {}", "{a=".repeat(300_000)), "the scenario is nested too deep");
    check(&format!("{}a = 1", "a.".repeat(400_000)), "the scenario is nested too deep");
    check(&" ".repeat((1 << 20) + 1), "the scenario is too long");
    let deep = format!("seed={}", "[".repeat(100_000));
    assert_eq!(titles(GOOD, &[&deep]), ["the value is nested too deep"]);
}

/// Pieces that make texts which get further than random ones do.
const PIECES: [&str; 36] = [
    "[services.web]\n",
    "[[services.web.load]]\n",
    "[keys.main]\n",
    "[[timeline]]\n",
    "[",
    "]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "\"",
    "'",
    "\"\"\"",
    "#",
    "services",
    "web",
    "load",
    "timeline",
    "at = \"5m\"\n",
    "duration = \"1h\"\n",
    "service_time.constant = \"1s\"\n",
    "poisson",
    "rate",
    "\"90/s\"",
    "\"-1s\"",
    "1e999",
    "99999999999999999999",
    "-5",
    "nan",
    "true",
    "é",
    "\u{1b}",
    "a",
    "service_time = { lognormal = { median = \"1s\", p99 = \"9s\" } }\n",
];

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", key in "[a-z.\\[\\]0-9\"]{0,20}") {
        let given = Override { key, value: text.clone() };
        let problems = check(&source(&text), &[], Path::new("")).err();
        problems.map(|p| p.render(true));
        let problems = check(&source(GOOD), &[given], Path::new("")).err();
        problems.map(|p| p.render(true));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        check(&source(&text), &[], Path::new("")).err().map(|p| p.render(false));
    }

    #[test]
    fn no_pieces_make_it_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..60),
        after in any::<bool>(),
    ) {
        let mut text = pieces.concat();
        if after {
            text.insert_str(0, GOOD);
        }
        match check(&source(&text), &[], Path::new("")) {
            Ok(checked) => lock_round_trip("pieces", &checked.lock(&[])),
            Err(problems) => drop(problems.render(false)),
        }
    }
}

/// A hostile text has a bounded cost: many problems, or one line with all of them.
#[test]
fn large_bad_texts_are_answered_soon() {
    let check = |text: String| {
        let started = std::time::Instant::now();
        let problems = check(&source(&text), &[], Path::new("")).expect_err("it is bad");
        let said = problems.render(true);
        let (took, bytes) = (started.elapsed(), said.len());
        assert!(took.as_secs() < 20, "{took:?} for {}", &text[..20]);
        assert!(bytes < 10_000_000, "{bytes} for {}", &text[..20]);
    };
    let many = |n: usize, line: &dyn Fn(usize) -> String| (0..n).map(line).collect::<String>();
    check(many(80_000, &|i| format!("key_{i}=1\n")));
    check(format!("a={{{}}}", many(50_000, &|i| format!("key_{i}=1, "))));
    check(format!("services={{{}}}", many(50_000, &|i| format!("s{i}=1, "))));
    check("a = 1\n".repeat(150_000));
    check("[a]\n".repeat(200_000));
    check("[[timeline]]\n".repeat(70_000));
    check(format!("\"{}\"=1", "a".repeat(1_000_000)));
    check(format!("name=\"{}\"", "a".repeat(1_000_000)));
    check(format!("[keys.k]\nresource=\"{}\"", "a/".repeat(500_000)));
    check("a = = \n".repeat(140_000));
}
