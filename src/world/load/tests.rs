//! Sources against the integrals of their rates, and against theory.

use std::f64::consts::TAU;

use super::*;
use crate::scenario::{Bucket, Bursty, Cycle, Height, Join, Point, Spike};
use crate::units::{Rate, Ratio, SECOND, SimDuration};

const NO_SPIKES: Vec<Spike> = Vec::new();

fn seconds(s: u64) -> SimDuration {
    SimDuration::from_secs(s)
}

fn point(at_s: u64, per_s: f64) -> Point {
    Point { at: seconds(at_s), rate: Rate(per_s) }
}

fn spike(at: u64, length: u64, ramp: u64, every: Option<u64>, height: Height) -> Spike {
    let [at, length, ramp] = [at, length, ramp].map(seconds);
    Spike { at, length, ramp, every: every.map(seconds), height }
}

/// A source with its gaps, to be asked for instants in seconds after zero.
struct Asked<'s> {
    source: Source<'s>,
    zero: SimTime,
}

fn ask<'s>(load: &'s Load, traces: &'s [Trace], zero: u64, settings: &Service) -> Asked<'s> {
    let zero = SimTime(zero * SECOND);
    let streams = Streams::new(5, 0);
    let span = [zero, SimTime(u64::MAX / 4)];
    let source = Source::new(ServiceId(0), settings, load, traces, span, &streams);
    Asked { source, zero }
}

impl Asked<'_> {
    /// Arrivals in each of the stretches between these instants, in seconds after zero.
    fn counts(mut self, edges: &[f64]) -> Vec<f64> {
        let mut counts = vec![0.0; edges.len() - 1];
        let nanoseconds = |s: &f64| self.zero.0 as f64 + s * SECOND as f64;
        let edges: Vec<f64> = edges.iter().map(nanoseconds).collect();
        let mut at = 0;
        loop {
            let next = self.source.next().0 as f64;
            while edges[at + 1] <= next {
                at += 1;
                if at == counts.len() {
                    return counts;
                }
            }
            counts[at] += f64::from(u8::from(next >= edges[0]));
        }
    }
}

fn settings() -> Service {
    let text = "duration = \"1s\"\n[services.web]\nservice_time = { constant = \"1s\" }\n";
    let folder = std::path::Path::new("");
    let source = crate::scenario::Source { origin: "", text, stem: "a", folder };
    let checked = crate::scenario::check(&source, &[], folder).expect("no errors");
    checked.scenario.services[0].clone()
}

fn load(kind: LoadKind, spikes: Vec<Spike>) -> Load {
    Load { name: "0".to_owned(), kind, spikes }
}

/// The integral of a rate between two instants, by many small steps: the other opinion.
fn area(rate: impl Fn(f64) -> f64, from: f64, until: f64) -> f64 {
    const STEPS: u32 = 20_000;
    let width = (until - from) / f64::from(STEPS);
    (0..STEPS).map(|i| rate(from + (f64::from(i) + 0.5) * width) * width).sum()
}

/// Arrivals between instants are as many as the integral of the rate, within four standard
/// deviations of the Poisson law, and what is expected of the source is that integral too.
#[track_caller]
fn integrates(load: &Load, traces: &[Trace], edges: &[f64], rate: impl Fn(f64) -> f64) {
    let seen = ask(load, traces, 100, &settings()).counts(edges);
    let areas: Vec<f64> = edges.windows(2).map(|e| area(&rate, e[0], e[1])).collect();
    for ((seen, expected), edge) in seen.iter().zip(&areas).zip(edges) {
        let tolerance = 4.0 * expected.sqrt();
        assert!((seen - expected).abs() <= tolerance, "{edge} s: {seen} for {expected}");
    }
    let until = SimDuration::from_secs_f64(edges[edges.len() - 1]);
    let from = SimDuration::from_secs_f64(edges[0].max(0.0));
    let mean = |until| expected_arrivals(load, traces, until).expect("it has a rate");
    let claimed = mean(until) - mean(from);
    let first = usize::from(edges[0] < 0.0);
    let whole: f64 = areas[first..].iter().sum();
    assert!((claimed / whole - 1.0).abs() < 1e-4, "{claimed} for {whole}");
}

#[test]
fn a_profile_gives_the_integral_of_its_rate() {
    let points = vec![point(0, 20.0), point(1_000, 20.0), point(2_000, 0.0), point(3_000, 50.0)];
    let edges = [-100.0, 0.0, 1_000.0, 2_000.0, 3_000.0, 4_000.0];
    let profile = |join| load(LoadKind::Profile { points: points.clone(), join }, NO_SPIKES);
    integrates(&profile(Join::Steps), &[], &edges, |t| match t {
        ..2_000.0 => 20.0,
        2_000.0..3_000.0 => 0.0,
        _ => 50.0,
    });
    integrates(&profile(Join::Lines), &[], &edges, |t| match t {
        ..1_000.0 => 20.0,
        1_000.0..2_000.0 => (2_000.0 - t) / 50.0,
        2_000.0..3_000.0 => (t - 2_000.0) / 20.0,
        _ => 50.0,
    });
}

fn cycles() -> Vec<Cycle> {
    let cycle = |period, amplitude, peak| Cycle {
        period: seconds(period),
        amplitude: Ratio(amplitude),
        peak: seconds(peak),
    };
    vec![cycle(3_600, 1.0, 600), cycle(25_200, 0.3, 0)]
}

/// The rate of [`cycles`] around 10 a second, written down anew.
fn wave(t: f64) -> f64 {
    let t = t.max(0.0);
    let swing = |period: f64, peak: f64| libm::cos(TAU * (t - peak) / period);
    10.0 * (1.0 + swing(3_600.0, 600.0)) * (1.0 + 0.3 * swing(25_200.0, 0.0))
}

#[test]
fn a_wave_gives_the_integral_of_its_rate() {
    let kind = LoadKind::Wave { mean: Rate(10.0), cycles: cycles() };
    let after = (0..=84).map(|i| f64::from(i) * 300.0);
    let edges: Vec<f64> = std::iter::once(-100.0).chain(after).collect();
    integrates(&load(kind.clone(), NO_SPIKES), &[], &edges, wave);
    // Over the whole of both cycles nothing but the mean is left.
    let whole = expected_arrivals(&load(kind, NO_SPIKES), &[], seconds(25_200));
    let whole = whole.expect("it has a rate");
    assert!((whole - 252_000.0).abs() < 1e-6, "{whole}");
}

/// A spike of twice the rate from 300 s to 420 s with ramps of 20 s, every 600 s, and one of 5 a
/// second more from 500 s to 700 s.
fn spikes() -> Vec<Spike> {
    vec![
        spike(300, 120, 20, Some(600), Height::Factor(3.0)),
        spike(500, 200, 0, None, Height::Added(Rate(5.0))),
    ]
}

/// What [`spikes`] make of a rate.
fn with_spikes(t: f64, rate: f64) -> f64 {
    let phase = (t - 300.0).rem_euclid(600.0);
    let level = if t < 300.0 { 0.0 } else { (phase / 20.0).min((120.0 - phase) / 20.0) };
    let added = if (500.0..700.0).contains(&t) { 5.0 } else { 0.0 };
    rate * (1.0 + 2.0 * level.clamp(0.0, 1.0)) + added
}

#[test]
fn spikes_lie_over_every_rate() {
    let edges = [
        -100.0, 0.0, 300.0, 310.0, 320.0, 400.0, 420.0, 500.0, 700.0, 900.0, 920.0, 1_000.0,
        1_020.0, 1_500.0,
    ];
    let kind = LoadKind::Poisson { rate: Rate(30.0) };
    integrates(&load(kind, spikes()), &[], &edges, |t| with_spikes(t, 30.0));
    let kind = LoadKind::Wave { mean: Rate(10.0), cycles: cycles() };
    integrates(&load(kind, spikes()), &[], &edges, |t| with_spikes(t, wave(t)));
    // A ramp on a ramp is a curve.
    let points = vec![point(0, 0.0), point(1_500, 150.0)];
    let kind = LoadKind::Profile { points, join: Join::Lines };
    integrates(&load(kind, spikes()), &[], &edges, |t| with_spikes(t, t.max(0.0) / 10.0));
}

/// Even gaps add up without an error: the k-th arrival comes within a nanosecond of k gaps.
#[test]
fn constant_load_keeps_its_distances() {
    let settings = settings();
    let rate = Rate(1.0 / 3.0e-6 / 1e3);
    let constant = load(LoadKind::Constant { rate }, NO_SPIKES);
    let mut asked = ask(&constant, &[], 0, &settings);
    for k in 1..=100_000_u64 {
        assert!(asked.source.next().0.abs_diff(k * 3_000_000) <= 1, "{k}");
    }
    let spiked = load(LoadKind::Constant { rate: Rate(30.0) }, spikes());
    let edges = [0.0, 300.0, 320.0, 400.0, 420.0, 500.0, 700.0, 900.0];
    let seen = ask(&spiked, &[], 0, &settings).counts(&edges);
    for (seen, edge) in seen.iter().zip(edges.windows(2)) {
        let expected = area(|t| with_spikes(t, 30.0), edge[0], edge[1]);
        assert!((seen - expected).abs() <= 1.0, "{edge:?}: {seen} for {expected}");
    }
}

/// Variance over mean of the counts in windows, against the closed form for a window of length t:
/// 1 + (I - 1) (1 - (1 - e^(-r t)) ÷ (r t)), r the sum of the rates of leaving, I the index of
/// dispersion of a long time (Fischer and Meier-Hellstern, 1992). Counts of many windows are
/// nearly normal, so that a variance of n of them has a standard error of √(2 ÷ (n - 1)) of
/// itself; the windows lie ten times r apart.
#[test]
fn bursty_load_has_its_index_of_dispersion() {
    let check = |bursty: Bursty, mean: f64, dispersion: f64| {
        assert!((bursty.mean_rate().per_second() - mean).abs() < 1e-9);
        assert!((bursty.dispersion() - dispersion).abs() < 1e-9, "{}", bursty.dispersion());
        let leaving: f64 = bursty.sojourns.iter().map(|s| 1.0 / s.as_secs_f64()).sum();
        let (long, gap, windows) = (60.0 / leaving, 10.0 / leaving, 4_000);
        let edges: Vec<f64> = (0..windows)
            .flat_map(|i| [f64::from(i) * (long + gap), f64::from(i) * (long + gap) + long])
            .collect();
        let source = load(LoadKind::Bursty(bursty), NO_SPIKES);
        let counts = ask(&source, &[], 0, &settings()).counts(&edges);
        let counts: Vec<f64> = counts.into_iter().step_by(2).collect();
        let n = counts.len() as f64;
        let seen = counts.iter().sum::<f64>() / n;
        let variance = counts.iter().map(|c| (c - seen) * (c - seen)).sum::<f64>() / (n - 1.0);
        let rt = leaving * long;
        let expected = 1.0 + (dispersion - 1.0) * (1.0 - (1.0 - libm::exp(-rt)) / rt);
        let error = 4.0 * (mean * long * expected / n).sqrt();
        assert!((seen - mean * long).abs() < error, "{seen} for {}", mean * long);
        let ratio = variance / (mean * long) / expected;
        assert!((ratio - 1.0).abs() < 4.0 * (2.0 / (n - 1.0)).sqrt(), "{ratio} of {expected}");
    };
    let two = Bursty { rates: [Rate(4.0), Rate(40.0)], sojourns: [seconds(9), seconds(1)] };
    // By hand: r = 1/9 and 1; 1 + 2 × 36² × 1/9 ÷ ((10/9)² × (4 + 40/9)) = 1 + 288 ÷ 10.4252..
    check(two, 7.6, 1.0 + 288.0 / (100.0 / 81.0 * (4.0 + 40.0 / 9.0)));
    let even = Bursty { rates: [Rate(2.0), Rate(18.0)], sojourns: [seconds(2); 2] };
    // Rates m (1 ± d) for times s each: 1 + m d² s.
    check(even, 10.0, 1.0 + 10.0 * 0.64 * 2.0);
}

/// A factor scales what is to come and nothing else, where arrivals are thinned too.
#[test]
fn a_factor_holds_from_its_instant() {
    let settings = settings();
    let check = |kind: LoadKind, rate: &dyn Fn(f64) -> f64| {
        let load = load(kind, NO_SPIKES);
        let mut source = ask(&load, &[], 0, &settings).source;
        let mut seen = [0.0_f64; 12];
        let mut due = source.next();
        for (i, seen) in (0_u64..).zip(&mut seen) {
            while due.0 < (i + 1) * 300 * SECOND {
                *seen += 1.0;
                due = source.next();
            }
            let factor = [3.0, 0.0, 1.0][i as usize % 3];
            due =
                source.set_factor(SimTime((i + 1) * 300 * SECOND), factor).expect("it has a rate");
        }
        for (i, seen) in (0..).zip(seen) {
            let factor = if i == 0 { 1.0 } else { [3.0, 0.0, 1.0][(i - 1) % 3] };
            let from = i as f64 * 300.0;
            let expected = factor * area(rate, from, from + 300.0);
            let tolerance = 4.0 * expected.sqrt();
            assert!((seen - expected).abs() <= tolerance, "{i}: {seen} for {expected}");
        }
    };
    check(LoadKind::Poisson { rate: Rate(10.0) }, &|_| 10.0);
    check(LoadKind::Wave { mean: Rate(10.0), cycles: cycles() }, &wave);
}

/// A factor that is set again and again, to what it is, changes nothing but the draws of thinning.
#[test]
fn a_factor_of_one_moves_no_arrival() {
    let settings = settings();
    let points = vec![point(0, 20.0), point(100, 80.0)];
    let load = load(LoadKind::Profile { points, join: Join::Lines }, NO_SPIKES);
    let [mut plain, mut stepped] = [(); 2].map(|()| ask(&load, &[], 0, &settings).source);
    let mut before = 0;
    for _ in 0..3_000 {
        let (expected, due) = (plain.next().0, stepped.next().0);
        assert!(expected.abs_diff(due) <= 2, "{due} for {expected}");
        let now = SimTime((before + due) / 2);
        let again = stepped.set_factor(now, 1.0).expect("it has a rate").0;
        assert!(expected.abs_diff(again) <= 4, "{again} for {expected}");
        before = again;
    }
}

fn bucket(at: u64, width: u64, count: u64) -> Bucket {
    Bucket { at: seconds(at), width: seconds(width), count }
}

/// A trace of three buckets, of which one is empty.
fn trace(width: u64, spread: Option<Spread>) -> Trace {
    let buckets = vec![bucket(0, width, 3), bucket(10, width, 0), bucket(40, width, 5_000)];
    Trace { buckets, spread, end: seconds(50), rate_scale: 1.0, ..Trace::default() }
}

#[test]
fn a_trace_is_replayed_to_the_last_arrival_and_inside_its_buckets() {
    for spread in [Some(Spread::Uniform), Some(Spread::Even), None] {
        let trace = trace(if spread.is_some() { 10 } else { 0 }, spread);
        let mut replay = Replay::new(&trace, SimTime(SECOND));
        let mut gaps = Streams::new(7, 0).get("test", "trace");
        let times: Vec<u64> = std::iter::repeat_with(|| replay.next(&mut gaps))
            .take_while(|&t| t != SimTime::NEVER)
            .map(|t| t.0 - SECOND)
            .collect();
        assert_eq!(times.len() as u64, trace.total());
        assert!(times.is_sorted());
        let inside = |b: &Bucket| {
            let range = b.at.0..b.at.0 + b.width.0.max(1);
            times.iter().filter(|t| range.contains(t)).count() as u64
        };
        assert!(trace.buckets.iter().all(|b| inside(b) == b.count), "{spread:?}");
        if spread == Some(Spread::Uniform) {
            let mean = times[3..].iter().map(|&t| (t - 40 * SECOND) as f64).sum::<f64>() / 5e3;
            let error = 10e9 / 12.0_f64.sqrt() / 5e3_f64.sqrt();
            assert!((mean - 5e9).abs() < 4.0 * error, "{mean}");
        }
    }
}

/// A loop goes on where it ended, from its shift on; what is expected of it is what comes.
#[test]
fn a_trace_is_looped_and_shifted() {
    let settings = settings();
    let source = load(LoadKind::Trace(crate::ids::TraceId(0)), NO_SPIKES);
    let edges = [0.0, 7.0, 17.0, 47.0, 57.0, 67.0, 97.0, 107.0];
    for spread in [Some(Spread::Uniform), Some(Spread::Even), Some(Spread::Poisson)] {
        let mut trace = trace(10, spread);
        (trace.shift, trace.looped) = (seconds(7), true);
        let traces = [trace];
        let seen = ask(&source, &traces, 100, &settings).counts(&edges);
        let expected = [0.0, 3.0, 0.0, 5_000.0, 3.0, 0.0, 5_000.0];
        if spread == Some(Spread::Poisson) {
            let close = |(seen, mean): (&f64, &f64)| (seen - mean).abs() <= 4.0 * mean.sqrt();
            assert!(seen.iter().zip(&expected).all(close), "{seen:?}");
            assert_ne!(seen[3], 5_000.0, "a mean is met by chance only");
        } else {
            assert_eq!(seen, expected);
        }
        let of = |s| expected_arrivals(&source, &traces, seconds(s)).expect("it is recorded");
        assert_eq!(
            [of(7), of(17), of(52), of(57), of(107)],
            [0.0, 3.0, 2_503.0, 5_003.0, 10_006.0]
        );
    }
}

/// Counts that are means give a Poisson law: over many rounds of a bucket the variance is the
/// mean, within four standard errors of a variance, √(2 ÷ n).
#[test]
fn counts_as_means_vary_as_poisson() {
    let buckets = vec![bucket(0, 10, 40)];
    let (end, spread) = (seconds(10), Some(Spread::Poisson));
    let trace = Trace { buckets, spread, end, rate_scale: 0.5, looped: true, ..Trace::default() };
    let source = load(LoadKind::Trace(crate::ids::TraceId(0)), NO_SPIKES);
    let n = 4_000;
    let edges: Vec<f64> = (0..=n).map(|i| f64::from(i) * 10.0).collect();
    let counts = ask(&source, &[trace], 0, &settings()).counts(&edges);
    let mean = counts.iter().sum::<f64>() / f64::from(n);
    let variance = counts.iter().map(|c| (c - 20.0) * (c - 20.0)).sum::<f64>() / f64::from(n);
    assert!((mean - 20.0).abs() < 4.0 * (20.0 / f64::from(n)).sqrt(), "{mean}");
    assert!((variance / 20.0 - 1.0).abs() < 4.0 * (2.0 / f64::from(n)).sqrt(), "{variance}");
}

/// A request has the service time that stands beside its instant.
#[test]
fn recorded_service_times_stay_with_their_requests() {
    let instant = |at| bucket(at, 0, 1);
    let trace = Trace {
        buckets: vec![instant(1), Bucket { count: 2, ..instant(2) }, instant(2)],
        works: vec![seconds(5), seconds(6), seconds(7)],
        end: seconds(3),
        looped: true,
        ..Trace::default()
    };
    let traces = [trace];
    let source = load(LoadKind::Trace(crate::ids::TraceId(0)), NO_SPIKES);
    let mut source = ask(&source, &traces, 0, &settings()).source;
    let seen: Vec<(u64, u64)> =
        (0..6).map(|_| (source.next().0 / SECOND, source.work(None) / SECOND)).collect();
    assert_eq!(seen, [(1, 5), (2, 6), (2, 6), (2, 7), (4, 5), (5, 6)]);
}

/// Under another law of the same kind each request has the same draw, and one law more or less
/// moves no request of the others.
#[test]
fn requests_keep_their_luck_under_another_law() {
    let constant = LoadKind::Constant { rate: Rate(1.0) };
    let source = load(constant, NO_SPIKES);
    let exponential = |s| Distribution::Exponential { mean: seconds(s) };
    let (first, longer) = (exponential(1), exponential(2));
    let (fixed, gamma) = (Distribution::Constant(seconds(9)), Distribution::gamma(0.5, seconds(3)));
    let settings = Service { service_time: first, ..settings() };
    let draws = |laws: &[Option<&Distribution>]| -> Vec<u64> {
        let mut source = ask(&source, &[], 0, &settings).source;
        (0..3_000).map(|k| source.work(laws[k % laws.len()])).collect()
    };
    let plain = draws(&[None]);
    let mixed = draws(&[None, Some(&longer), Some(&fixed), Some(&gamma)]);
    for (k, (before, after)) in plain.into_iter().zip(mixed).enumerate() {
        match k % 4 {
            0 => assert_eq!(before, after, "request {k} is served by the first law"),
            1 => assert!(after.abs_diff(2 * before) <= 2, "request {k}: {before}, {after}"),
            2 => assert_eq!(after, 9 * SECOND),
            _ => {}
        }
    }
}
