//! Cloud Run's policy a second time: means of the rows of a minute and of ten.

/// Ready instances, concurrency and CPU of each second, to the drivers and what is wanted.
pub fn replay(
    (concurrency, target, cpu_target): (f64, f64, f64),
    rows: &[(i64, Option<f64>, Option<f64>)],
) -> Vec<(i64, Option<f64>, Option<f64>, i64)> {
    let mean = |until: usize, length: usize, of: &dyn Fn(usize) -> Option<f64>| {
        let seen: Vec<f64> = ((until + 1).saturating_sub(length)..=until).filter_map(of).collect();
        (!seen.is_empty()).then(|| seen.iter().sum::<f64>() / seen.len() as f64)
    };
    let decide = |t: usize| {
        let load = |i: usize| rows[i].1;
        let used = |i: usize| rows[i].2.map(|percent| percent / 100.0 * rows[i].0 as f64);
        let longest = mean(t, 60, &load).into_iter().chain(mean(t, 600, &load)).reduce(f64::max);
        let by_load = longest.map(|mean| mean / (concurrency * target));
        let by_cpu = mean(t, 60, &used).map(|mean| mean / cpu_target);
        let needed = by_load.into_iter().chain(by_cpu).reduce(f64::max).unwrap_or(0.0);
        (t as i64, by_cpu, by_load, needed.ceil() as i64)
    };
    (5..rows.len()).step_by(5).map(decide).collect()
}
