//! Recorded load: what the reader makes of files, good and bad.

use std::path::PathBuf;

use keyscale::input::{Reading, read_trace};
use keyscale::scenario::{Spread, TraceFile};
use keyscale::units::{Ratio, SECOND, SimDuration};

use crate::folder::{Folder, recorded};

/// How to read a file, as a scenario would say it.
fn file(path: PathBuf, count: Option<&str>) -> TraceFile {
    TraceFile {
        path,
        key: "services.web.load.recorded.trace.file".to_owned(),
        sha256: None,
        time: None,
        count: count.map(str::to_owned),
        bucket: None,
        work: None,
        spread: Spread::Even,
        scale: Ratio(1.0),
        from: SimDuration::ZERO,
        until: None,
        time_scale: 1.0,
        shift: SimDuration::ZERO,
        looped: false,
    }
}

/// Reads a text with counts in the column `n`, or with one arrival a row.
fn read(test: &str, text: impl AsRef<[u8]>, adapt: impl FnOnce(&mut TraceFile)) -> Read {
    let folder = Folder::new(&format!("trace-{test}"));
    let mut file = file(folder.write("load.csv", text), Some("n"));
    adapt(&mut file);
    match read_trace(&file) {
        Ok(reading) => Read::Good(reading),
        Err(problems) => {
            let said = problems.render(false).replace(&format!("{}/", folder.display()), "");
            Read::Bad(said)
        }
    }
}

enum Read {
    Good(Reading),
    Bad(String),
}

impl Read {
    /// Buckets as (start, width, count) in nanoseconds, and the end.
    fn good(self) -> (Vec<(u64, u64, u64)>, u64, Reading) {
        match self {
            Self::Good(reading) => {
                let buckets = reading.trace.buckets.iter().map(|b| (b.at.0, b.width.0, b.count));
                (buckets.collect(), reading.trace.end.0, reading)
            }
            Self::Bad(said) => panic!("{said}"),
        }
    }

    fn bad(self) -> String {
        match self {
            Self::Good(reading) => panic!("{reading:?}"),
            Self::Bad(said) => said,
        }
    }
}

#[test]
fn buckets_may_leave_gaps_and_begin_anywhere() {
    let text = "second,n\n7,2\n8,1\n9,0\n12,3\n";
    let (buckets, end, reading) = read("gaps", text, |_| {}).good();
    assert_eq!(
        buckets,
        [(0, SECOND, 2), (SECOND, SECOND, 1), (5 * SECOND, SECOND, 3)],
        "a row of zero is left out"
    );
    assert_eq!(end, 6 * SECOND);
    assert!(reading.note.contains("4 buckets of 1s (the commonest distance"), "{}", reading.note);
    assert!(reading.warnings.0.is_empty());
}

#[test]
fn instants_are_exact_to_the_nanosecond() {
    let text = "t\n0.1\n0.123456789\n0.123456789\n899999999.000000001\n";
    let (buckets, end, _) = read("instants", text, |f| f.count = None).good();
    let last = 899_999_998_900_000_001;
    assert_eq!(buckets, [(0, 0, 1), (23_456_789, 0, 2), (last, 0, 1)]);
    assert_eq!(end, last + 1, "the last arrival lies inside the run");
}

#[test]
fn every_kind_of_instant_is_read() {
    let hour = 3_600 * SECOND;
    for (i, rows) in [
        ["1998-06-08 00:00:00,1", "1998-06-08 01:00:00,2"],
        ["1998-06-08T00:00:00Z,1", "1998-06-08T03:00:00+02:00,2"],
        ["1998-06-08 00:00:00.5,1", "1998-06-08 01:00:00.500,2"],
        ["897264000,1", "897267600.0,2"],
        [" 897264000 , 1 ", "\"897267600\",2.0"],
    ]
    .iter()
    .enumerate()
    {
        let text = format!("when,n\n{}\n", rows.join("\n"));
        let (buckets, ..) = read(&format!("kinds-{i}"), text, |_| {}).good();
        assert_eq!(buckets, [(0, hour, 1), (hour, hour, 2)], "{rows:?}");
    }
}

#[test]
fn files_from_other_systems_are_read() {
    let text = b"\xef\xbb\xbft,who,n\r\n0,caf\xe9,1\r\n\r\n60,\"a, b\",2\r\n";
    let (buckets, ..) = read("systems", text, |_| {}).good();
    assert_eq!(buckets, [(0, 60 * SECOND, 1), (60 * SECOND, 60 * SECOND, 2)]);
}

#[test]
fn rows_out_of_order_are_sorted_and_said() {
    let (buckets, _, reading) = read("order", "t,n\n2,3\n0,1\n1,2\n", |_| {}).good();
    assert_eq!(buckets, [(0, SECOND, 1), (SECOND, SECOND, 2), (2 * SECOND, SECOND, 3)]);
    let said = reading.warnings.render(false);
    assert!(said.contains("not in order of time: sorted"), "{said}");
    assert!(said.contains("load.csv:3:1"), "{said}");
}

/// A scale applies to the running total: thirds of ones come in threes, none is lost.
#[test]
fn a_scaled_total_is_exact() {
    let ones: String = (0..10).map(|i| format!("{i},1\n")).collect();
    let check = |scale: f64, expected: &[u64]| {
        let text = format!("t,n\n{ones}");
        let (buckets, end, _) = read("scale", text, |f| f.scale = Ratio(scale)).good();
        let seconds: Vec<u64> =
            buckets.iter().flat_map(|b| vec![b.0 / SECOND; b.2 as usize]).collect();
        assert_eq!(seconds, expected, "{scale}");
        assert_eq!(end, 10 * SECOND, "a scale does not move the end");
    };
    check(0.3, &[3, 6, 9]);
    check(0.0, &[]);
    check(1.5, &[0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 9]);
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, text).unwrap();
    packed.finish().unwrap()
}

/// A packed file is read as what is in it, whatever its name; several in one are one after another.
#[test]
fn packed_files_are_read() {
    let text = [gzip(b"t,n\n0,1\n"), gzip(b"60,2\n")].concat();
    let (buckets, _, reading) = read("packed", &text, |_| {}).good();
    assert_eq!(buckets, [(0, 60 * SECOND, 1), (60 * SECOND, 60 * SECOND, 2)]);
    assert_eq!(reading.digest.bytes, text.len() as u64, "the digest is of the packed file");
}

/// Of a bucket that is cut, as large a share of its arrivals is left as of its time.
#[test]
fn a_part_is_cut_out() {
    let text = "t,n\n100,10\n110,20\n120,30\n130,40\n";
    let cut = |from, until| {
        move |f: &mut TraceFile| {
            f.from = SimDuration::from_secs(from);
            f.until = Some(SimDuration::from_secs(until));
        }
    };
    let seconds = |(buckets, end, _): (Vec<(u64, u64, u64)>, u64, Reading)| {
        let buckets = buckets.iter().map(|b| (b.0 / SECOND, b.1 / SECOND, b.2));
        (buckets.collect::<Vec<_>>(), end / SECOND)
    };
    let whole = seconds(read("cut-whole", text, cut(10, 30)).good());
    assert_eq!(whole, (vec![(0, 10, 20), (10, 10, 30)], 20));
    let inside = seconds(read("cut-inside", text, cut(5, 23)).good());
    assert_eq!(inside, (vec![(0, 5, 5), (5, 10, 20), (15, 3, 9)], 18));
    let beyond = seconds(read("cut-beyond", text, cut(30, 100)).good());
    assert_eq!(beyond, (vec![(0, 10, 40)], 70), "what follows the last row is quiet");
    let said = read("cut-nothing", text, cut(40, 50)).bad();
    assert!(said.contains("nothing of the load file is replayed"), "{said}");
    let instants = |f: &mut TraceFile| {
        cut(1, 3)(f);
        f.count = None;
    };
    let left = seconds(read("cut-instants", "t\n5\n6\n7\n8\n", instants).good());
    assert_eq!(left, (vec![(0, 0, 1), (1, 0, 1)], 2), "half open, as all windows are");
}

#[test]
fn time_is_scaled_and_a_loop_has_a_round() {
    let faster = |f: &mut TraceFile| f.time_scale = 0.5;
    let (buckets, end, _) = read("faster", "t,n\n0,1\n60,2\n", faster).good();
    assert_eq!(buckets, [(0, 30 * SECOND, 1), (30 * SECOND, 30 * SECOND, 2)]);
    assert_eq!(end, 60 * SECOND);
    let looped = |f: &mut TraceFile| (f.looped, f.count) = (true, None);
    let (_, end, reading) = read("looped", "t\n0\n1\n4\n", looped).good();
    assert_eq!(end, 6 * SECOND, "one mean distance after the last");
    assert!(reading.note.contains("again and again"), "{}", reading.note);
    let said = read("looped-one", "t\n0\n", looped).bad();
    assert!(said.contains("how long a round of the loop is"), "{said}");
}

/// A count that is a mean is left as it is, and its scale is the rate's.
#[test]
fn means_keep_their_fractions() {
    let mean = |f: &mut TraceFile| (f.spread, f.scale) = (Spread::Poisson, Ratio(0.25));
    let (buckets, _, reading) = read("mean", "t,n\n0,1\n1,1\n2,2\n", mean).good();
    assert_eq!(buckets.iter().map(|b| b.2).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!((reading.trace.rate_scale, reading.trace.total()), (0.25, 1));
}

/// Service times stay beside their instants, through sorting and scaling, and it is said that they
/// may not be what they seem.
#[test]
fn recorded_durations_are_service_times() {
    let work = |f: &mut TraceFile| {
        (f.count, f.scale) = (None, Ratio(2.0));
        f.work = Some(("ms".to_owned(), SimDuration::from_millis(1)));
    };
    let (buckets, _, reading) = read("works", "t,ms\n1,0.5\n0,20\n1,7\n", work).good();
    assert_eq!(buckets, [(0, 0, 2), (SECOND, 0, 2), (SECOND, 0, 2)]);
    let works: Vec<u64> = reading.trace.works.iter().map(|w| w.0).collect();
    assert_eq!(works, [20_000_000, 500_000, 7_000_000]);
    let said = reading.warnings.render(false);
    assert!(said.contains("recorded durations serve as service times"), "{said}");
    assert!(said.contains("waits and cold starts"), "{said}");
    let said = read("works-bad", "t,ms\n0,1\n1,-3\n2,slow\n", work).bad();
    assert_eq!(said.matches("`ms` is no duration").count(), 2, "{said}");
    assert!(said.contains("load.csv:3:3"), "{said}");
}

#[test]
fn a_given_bucket_is_taken() {
    let minute = |f: &mut TraceFile| f.bucket = Some(SimDuration::from_secs(60));
    let (buckets, end, reading) = read("given", "t,n\n0,1\n300,1\n", minute).good();
    assert_eq!((buckets[1], end), ((300 * SECOND, 60 * SECOND, 1), 360 * SECOND));
    assert!(!reading.note.contains("commonest"), "{}", reading.note);
}

#[test]
fn columns_are_found_by_name() {
    let text = "a,b,n\nx,5,1\ny,6,1\n";
    let time = |f: &mut TraceFile| f.time = Some("b".to_owned());
    let (buckets, ..) = read("names", text, time).good();
    assert_eq!(buckets.len(), 2);
}

/// Each bad file's message has what is expected of it, and where.
#[test]
fn messages_are_located() {
    let check = |name: &str, text: &[u8], parts: &[&str]| {
        let said = read(name, text, |_| {}).bad();
        for part in parts.iter().chain(&["the file is named by services.web.load.recorded"]) {
            assert!(said.contains(part), "{name}: {part:?} is not in\n{said}");
        }
    };
    check("empty", b"", &["the load file is empty", "load.csv:1:1"]);
    check("header", b"t,n\n", &["empty trace", "load.csv:1:1", "t,n"]);
    check("headless", b"0,1\n1,1\n", &["no header", "load.csv:1:1"]);
    check(
        "column",
        b"t,nn,other\n0,1,2\n",
        &["no column `n`", "its columns are t, nn, other", "did you mean `nn`?"],
    );
    check("twice", b"t,n,n\n0,1,2\n", &["several columns `n`", "load.csv:1:5"]);
    check("semicolons", b"t;n\n0;1\n", &["no column `n`", "separate the columns by commas"]);
    check("text", b"t,n\n0,1\n1,many\n", &["`n` is no number", "load.csv:3:3", "1,many"]);
    check("no-count", b"t,n\n0,\n", &["`n` is no number", "load.csv:2:3"]);
    check("negative", b"t,n\n0,-1\n", &["`n` is negative", "load.csv:2:3"]);
    check("fraction", b"t,n\n0,1.5\n", &["`n` is no whole number", "load.csv:2:3"]);
    check("huge", b"t,n\n0,1e30\n", &["`n` is beyond 2^64", "load.csv:2:3"]);
    check("sum", b"t,n\n0,18e18\n1,1e18\n", &["more than 2^64 arrivals", "load.csv:3:3"]);
    check("time", b"t,n\nsoon,1\n", &["`t` is no instant", "load.csv:2:1"]);
    check("kinds", b"t,n\n0,1\n1998-06-08 00:00:00,1\n", &["changes its kind", "load.csv:3:1"]);
    check("years", b"t,n\n0,1\n1e10,1\n", &["more than 292 years off", "load.csv:3:1"]);
    check("fields", b"t,n\n0,1,000\n", &["3 fields, its header 2", "load.csv:2:1"]);
    check("one", b"t,n\n0,1\n", &["how long its bucket is", "bucket = \"60s\""]);
    check("gzip", b"\x1f\x8b\x08\x00", &["can't read the load file load.csv"]);
    let packed = gzip(b"t,n\n0,1\n1,many\n");
    check("gzip-row", &packed, &["`n` is no number", "load.csv:3:3", "1,many"]);
    check("gzip-cut", &packed[..packed.len() - 9], &["can't read the load file load.csv"]);
    check("wide", b"\xff\xfet\x00", &["load.csv: it is UTF-16"]);
    let again = b"t,n\n0,1\n1,1\n1,2\n";
    check("again", again, &["count the same time", "load.csv:3:1", "4 |", "same instant again"]);
    let jitter = b"t,n\n0,1\n60,1\n120,1\n170,2\n";
    check("jitter", jitter, &["the next begins 50s later", "set `bucket`"]);
}

#[test]
fn many_wrong_rows_are_counted() {
    let rows: String = (0..50).map(|i| format!("{i},x\n")).collect();
    let said = read("many", format!("t,n\n{rows}0,1\n"), |_| {}).bad();
    assert_eq!(said.matches("`n` is no number").count(), 5, "{said}");
    assert!(said.contains("and 45 more such rows in"), "{said}");
    assert_eq!(said.matches("the file is named by").count(), 1, "{said}");
}

#[test]
fn files_that_are_none_are_said() {
    let folder = Folder::new("trace-none");
    let said = |path: &str| {
        let error = read_trace(&file(folder.join(path), None)).expect_err(path);
        error.render(false)
    };
    assert!(said("none.csv").contains("none.csv: there is no such file"), "{}", said("none.csv"));
    assert!(said("").contains("it is a folder"), "{}", said(""));
}

/// Totals and ends as the collection's own description gives them.
#[test]
fn recorded_loads_are_whole() {
    let check = |name: &str, count: Option<&str>, total: u64, width: u64, end: u64| {
        let Some(path) = recorded(name) else { return };
        let reading =
            read_trace(&file(path, count)).unwrap_or_else(|e| panic!("{}", e.render(false)));
        assert!(reading.warnings.0.is_empty(), "{}", reading.warnings.render(false));
        let trace = reading.trace;
        assert_eq!((trace.total(), trace.buckets[0].width.0), (total, width * SECOND), "{name}");
        assert_eq!(trace.end.0, end, "{name}");
        assert!(trace.buckets.is_sorted_by_key(|b| b.at));
    };
    let (minute, weeks) = (60, 35 * 86_400 * SECOND);
    let worldcup = "worldcup98/worldcup98-per-minute-1998-06-08_1998-07-13.csv";
    check(worldcup, Some("count"), 1_171_036_328, minute, weeks);
    let nasa = "nasa-http-1995/nasa-per-second-1995-07-13.sparse.csv";
    check(nasa, Some("count"), 134_203, 1, 86_396 * SECOND);
    let nasa = "nasa-http-1995/nasa-per-minute-1995-07-01_1995-07-28.csv";
    check(nasa, Some("count"), 1_864_593, minute, 27 * 86_400 * SECOND);
    let lambda = "aws-lambda-poisson-2020/lambda-2020-04-24.csv";
    check(lambda, None, 10_116, 0, 100_779_671_255_001);
}
