//! Colours of one panel can be told apart by everybody: the least CIEDE2000 difference over normal
//! sight and three kinds of colour blindness.
//!
//! Blindness is that of Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for
//! Simulation of Color Vision Deficiency", at severity 1, applied to linear RGB. The difference is
//! checked against the pairs of Sharma, Wu and Dalal (2005), "The CIEDE2000 Color-Difference
//! Formula: Implementation Notes", table 1.

use super::*;

/// What an eye makes of linear red, green and blue.
type Sight = [[f64; 3]; 3];

/// Normal sight, then blindness to red, to green and to blue.
const SIGHTS: [(&str, Sight); 4] = [
    ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protan",
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ),
    (
        "deutan",
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ),
    (
        "tritan",
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ),
];

/// A colour in CIELAB.
type Lab = [f64; 3];

/// A colour as somebody sees it, in CIELAB under D65.
fn seen(color: RGBColor, sight: &Sight) -> Lab {
    let color = [color.0, color.1, color.2].map(linear);
    let times = |rows: &Sight, v: [f64; 3]| {
        rows.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>())
    };
    let rgb = times(sight, color).map(|v| v.clamp(0.0, 1.0));
    const XYZ: Sight = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ];
    const WHITE: [f64; 3] = [0.95047, 1.0, 1.08883];
    let xyz = times(&XYZ, rgb);
    let [x, y, z] = [0, 1, 2].map(|i| match xyz[i] / WHITE[i] {
        t if t > 216.0 / 24_389.0 => libm::cbrt(t),
        t => (24_389.0 / 27.0 * t + 16.0) / 116.0,
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// CIEDE2000 with all weights 1, in the steps and names of Sharma, Wu and Dalal.
fn difference([l1, a1, b1]: Lab, [l2, a2, b2]: Lab) -> f64 {
    let seventh = |c: f64| {
        let c7 = libm::pow(c, 7.0);
        libm::sqrt(c7 / (c7 + libm::pow(25.0, 7.0)))
    };
    let g = 0.5 * (1.0 - seventh((libm::hypot(a1, b1) + libm::hypot(a2, b2)) / 2.0));
    let (a1, a2) = ((1.0 + g) * a1, (1.0 + g) * a2);
    let (c1, c2) = (libm::hypot(a1, b1), libm::hypot(a2, b2));
    let hue = |a: f64, b: f64| (libm::atan2(b, a).to_degrees() + 360.0) % 360.0;
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if grey => 0.0,
        d if d > 180.0 => d - 360.0,
        d if d < -180.0 => d + 360.0,
        d => d,
    };
    let sin = |degrees: f64| libm::sin(degrees.to_radians());
    let cos = |degrees: f64| libm::cos(degrees.to_radians());
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * libm::sqrt(c1 * c2) * sin(turn / 2.0);
    let (l, c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let h = match h1 + h2 {
        sum if grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => (sum + 360.0) / 2.0,
        sum => (sum - 360.0) / 2.0,
    };
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0)
        - 0.20 * cos(4.0 * h - 63.0);
    let theta = 30.0 * libm::exp(-libm::pow((h - 275.0) / 25.0, 2.0));
    let off = libm::pow(l - 50.0, 2.0);
    let sl = 1.0 + 0.015 * off / libm::sqrt(20.0 + off);
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let turned = -sin(2.0 * theta) * 2.0 * seventh(c);
    let (l, c, h) = (dl / sl, dc / sc, dh / sh);
    libm::sqrt(l * l + c * c + h * h + turned * c * h)
}

/// The least difference of two colours of a panel over all eyes, with its colours and eye.
fn least(panel: &[Tone], theme: Theme) -> (f64, String) {
    let mut least = (f64::INFINITY, String::new());
    for (i, one) in panel.iter().enumerate() {
        for other in &panel[..i] {
            for (name, sight) in &SIGHTS {
                let [a, b] = [one, other].map(|tone| seen(tone.color(theme), sight));
                let d = difference(a, b);
                if d < least.0 {
                    least = (d, format!("{} and {}, {name}, {theme:?}", other.name(), one.name()));
                }
            }
        }
    }
    least
}

/// Instances by state.
const STATES: [Tone; 7] = [
    Tone::Serving,
    Tone::Idle,
    Tone::Unlocking,
    Tone::Starting,
    Tone::Grace,
    Tone::Died,
    Tone::Draining,
];

/// The colours of a panel of requests that have a published distance.
const REQUESTS: [Tone; 5] =
    [Tone::Arrivals, Tone::Served, Tone::ServedCold, Tone::Refused, Tone::TimedOut];

#[test]
fn the_difference_is_that_of_the_published_pairs() {
    let check = |one: Lab, other: Lab, expected: f64| {
        for (a, b) in [(one, other), (other, one)] {
            let found = difference(a, b);
            assert!((found - expected).abs() < 0.000_05, "{a:?} {b:?}: {found}, not {expected}");
        }
    };
    check([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425);
    check([50.0, 3.1571, -77.2803], [50.0, 0.0, -82.7485], 2.8615);
    check([50.0, 2.8361, -74.0200], [50.0, 0.0, -82.7485], 3.4412);
    check([50.0, -1.3802, -84.2814], [50.0, 0.0, -82.7485], 1.0000);
    check([50.0, -1.1848, -84.8006], [50.0, 0.0, -82.7485], 1.0000);
    check([50.0, -0.9009, -85.5211], [50.0, 0.0, -82.7485], 1.0000);
    check([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669);
    check([50.0, 2.49, -0.001], [50.0, -2.49, 0.0009], 7.1792);
    check([50.0, 2.49, -0.001], [50.0, -2.49, 0.0011], 7.2195);
    check([50.0, -0.001, 2.49], [50.0, 0.0009, -2.49], 4.8045);
    check([50.0, -0.001, 2.49], [50.0, 0.0011, -2.49], 4.7461);
    check([50.0, 2.5, 0.0], [50.0, 0.0, -2.5], 4.3065);
    check([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492);
    check([50.0, 2.5, 0.0], [61.0, -5.0, 29.0], 22.8977);
    check([50.0, 2.5, 0.0], [56.0, -27.0, -3.0], 31.9030);
    check([50.0, 2.5, 0.0], [58.0, 24.0, 15.0], 19.4535);
    check([50.0, 2.5, 0.0], [50.0, 3.1736, 0.5854], 1.0000);
    check([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644);
    check([63.0109, -31.0961, -5.8663], [62.8187, -29.7946, -4.0864], 1.2630);
    check([61.2901, 3.7196, -5.3901], [61.4292, 2.2480, -4.9620], 1.8731);
    check([35.0831, -44.1164, 3.7933], [35.0232, -40.0716, 1.5901], 1.8645);
    check([22.7233, 20.0904, -46.6940], [23.0331, 14.9730, -42.5619], 2.0373);
    check([36.4612, 47.8580, 18.3852], [36.2715, 50.5065, 21.2231], 1.4146);
    check([90.8027, -2.0831, 1.4410], [91.1528, -1.6435, 0.0447], 1.4441);
    check([90.9257, -0.5406, -0.9208], [88.6381, -0.8985, -0.7239], 1.5381);
    check([6.7747, -0.2908, -2.4247], [5.8714, -0.0985, -2.2286], 0.6377);
    check([2.0776, 0.0795, -1.1350], [0.9033, -0.0636, -0.5514], 0.9082);
}

/// The tables that the palette was made for keep the distance they were published with.
#[test]
fn states_and_requests_keep_their_published_distance() {
    let check = |panel: &[Tone], theme, published: f64| {
        let (found, between) = least(panel, theme);
        assert!((found - published).abs() < 0.05, "{found} between {between}, not {published}");
    };
    check(&STATES, Theme::Light, 19.5);
    check(&STATES, Theme::Dark, 14.4);
    check(&REQUESTS, Theme::Light, 17.1);
    check(&REQUESTS, Theme::Dark, 16.0);
}

/// What was added since keeps apart within its panel. Percentiles are one hue, told apart by how
/// far they are from the paper, which no eye loses.
#[test]
fn colours_of_a_panel_are_told_apart() {
    let requests = [&REQUESTS[..], &[Tone::Aborted, Tone::Abandoned, Tone::Retries]].concat();
    let key_calls =
        [Tone::Served, Tone::Retryable, Tone::TimedOut, Tone::Refused, Tone::Denied, Tone::Ink];
    let lanes = [&STATES[..], &[Tone::Blocked]].concat();
    let percentiles = [Tone::P50, Tone::P90, Tone::P95, Tone::P99];
    for panel in [&requests[..], &key_calls, &lanes, &percentiles] {
        for theme in [Theme::Light, Theme::Dark] {
            let (found, between) = least(panel, theme);
            assert!(found >= 12.0, "{found} between {between}");
        }
    }
}

/// Text can be read: a contrast of 7 at least (WCAG 2.2, 1.4.6).
#[test]
fn text_stands_out_and_what_does_not_has_an_edge() {
    for theme in [Theme::Light, Theme::Dark] {
        let text = contrast(Tone::Ink.color(theme), Tone::Paper.color(theme));
        assert!(text >= 7.0, "{text}");
    }
    let black_on_white = contrast(rgb(0x000000), rgb(0xFFFFFF));
    assert!((black_on_white - 21.0).abs() < 1e-9, "{black_on_white}");
    let edged = |theme| -> Vec<Tone> {
        STATES.iter().copied().filter(|tone| needs_edge(*tone, theme)).collect()
    };
    assert_eq!(edged(Theme::Light), [Tone::Idle, Tone::Unlocking, Tone::Starting]);
    assert_eq!(edged(Theme::Dark), [Tone::Idle, Tone::Draining]);
}
