//! Charts can be read: no text is cut or covers another, blocks are named, and each PNG shows what
//! its SVG does.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use crate::folder::Folder;
use crate::program::keyscale;

/// Much happens to the key within a minute, under long names.
const CROWDED: &str = r#"
duration = "8m"

[services.checkout-and-payment]
concurrency = 2
min_instances = 1
max_instances = 40
service_time = { exponential = { mean = "500ms" } }
encryption = { key = "the-key-of-checkout" }

[[services.checkout-and-payment.load]]
profile = { points = [{ at = "0s", rate = "2/s" }, { at = "3m", rate = "60/s" }] }

[services.idle]
service_time = { constant = "1s" }

[[services.idle.load]]
poisson = { rate = "0/s" }

[keys.the-key-of-checkout]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
protection_level = "EXTERNAL"
external_manager = "vault-of-somebody-else"

[external_managers.vault-of-somebody-else]

[quotas.ekm]
project = "p"
location = "us-central1"
pool = "EXTERNAL"
limit = "20/s"

[[timeline]]
at = "2m"
for = "3m"
external_outage = { manager = "vault-of-somebody-else" }

[[timeline]]
at = "2m10s"
for = "30s"
quota_set = { quota = "ekm", limit = "1/s" }

[[timeline]]
at = "2m20s"
for = "1m"
permission_revoke = { key = "the-key-of-checkout" }

[[timeline]]
at = "6m30s"
key_disable = { key = "the-key-of-checkout" }
"#;

/// A text of an SVG, with the box it takes.
#[derive(Debug)]
struct Text {
    content: String,
    size: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// The value of an attribute.
fn attribute<'t>(tag: &'t str, name: &str) -> &'t str {
    let (_, after) = tag.split_once(&format!(" {name}=\"")).unwrap();
    after.split('"').next().unwrap()
}

/// Width and height of an SVG, and its texts.
fn read(svg: &str) -> (f64, f64, Vec<Text>) {
    let number = |tag, name| attribute(tag, name).parse::<f64>().unwrap();
    let size = number(svg, "font-size");
    let texts = svg.split("<text").skip(1).map(|rest| {
        let (tag, rest) = rest.split_once('>').unwrap();
        let content = rest.split("</text>").next().unwrap().trim().to_owned();
        let (x, y) = (number(tag, "x"), number(tag, "y"));
        // A letter of a sans-serif font is 0.58 of its size wide, on average.
        let width = content.chars().count() as f64 * size * 0.58;
        let left = match attribute(tag, "text-anchor") {
            "start" => x,
            "middle" => x - width / 2.0,
            _ => x - width,
        };
        // Letters without an ascender are half as high as the line.
        let top = if attribute(tag, "dy") == "0.76em" { y } else { y - size * 0.5 };
        Text { content, size, left, right: left + width, top, bottom: top + size * 0.9 }
    });
    (number(svg, "width"), number(svg, "height"), texts.collect())
}

/// What is wrong with the texts of an SVG: too small, cut, or on one another.
pub fn faults(name: &str, svg: &str) -> Vec<String> {
    let (width, height, texts) = read(svg);
    let mut faults = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        if text.size < 12.0 {
            faults.push(format!("{name}: {text:?} is too small"));
        }
        let inside = text.left >= 0.0 && text.right <= width && text.top >= 0.0;
        if !inside || text.bottom > height {
            faults.push(format!("{name}: {text:?} is cut"));
        }
        for other in &texts[..i] {
            let apart = text.left >= other.right || other.left >= text.right;
            let above = text.top >= other.bottom || other.top >= text.bottom;
            if !apart && !above {
                faults.push(format!("{name}: {text:?} lies on {other:?}"));
            }
        }
    }
    faults
}

/// The SVGs of a folder by name.
fn svgs(folder: &Folder, within: &str) -> Vec<(String, String)> {
    let names = folder.list(within).into_iter().filter(|name| name.ends_with(".svg"));
    let read = |name: String| {
        let text = fs::read_to_string(folder.join(within).join(&name)).unwrap();
        (name, text)
    };
    names.map(read).collect()
}

#[test]
fn texts_are_whole_and_apart() {
    let folder = Folder::new("charts");
    folder.write("crowded.toml", CROWDED);
    keyscale(&folder, ["run", "crowded.toml", "--quiet"]).exits(0);
    let results = "results/runs/crowded";
    let drawn = svgs(&folder, results);
    let all = drawn.len();
    assert_eq!(
        all,
        16,
        "seven a service, one of both and one of the quota: {:?}",
        folder.list(results)
    );
    for (name, svg) in drawn {
        let found = faults(&name, &svg);
        assert!(found.is_empty(), "{}", found.join("\n"));
        let (width, height, texts) = read(&svg);
        let blocks = [
            "outage of vault-of-somebody-else: TIMEOUT",
            "key the-key-of-checkout disabled",
            "quota ekm: 1/s",
        ];
        for block in blocks {
            let named = texts.iter().any(|text| text.content.contains(block));
            let touched = name.ends_with("-checkout-and-payment.svg") || name == "scaling.svg";
            assert_eq!(named, touched, "{name}: {block} is not among {texts:?}");
        }
        let path = folder.join(results).join(&name);
        let png = File::open(path.with_extension("png")).unwrap();
        let mut reader = png::Decoder::new(BufReader::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (2 * width as u32, 2 * height as u32), "{name}");
        let ink = pixels.iter().filter(|&&value| value < 64).count();
        assert!(ink > 1_000, "{name}: the PNG is empty");
    }
    pictures_are_drawn_again(&folder, results);
    other_looks(&folder, results);
    changed_tables_are_refused(&folder, results);
}

/// `keyscale chart` leaves the same bytes as the run did.
fn pictures_are_drawn_again(folder: &Folder, results: &str) {
    let pictures = || -> Vec<(String, Vec<u8>)> {
        let names = folder.list(results).into_iter();
        let is_picture = |name: &String| name.ends_with(".svg") || name.ends_with(".png");
        let read = |name: String| {
            let bytes = fs::read(folder.join(results).join(&name)).unwrap();
            (name, bytes)
        };
        names.filter(is_picture).map(read).collect()
    };
    let of_run = pictures();
    for (name, _) in &of_run {
        fs::remove_file(folder.join(results).join(name)).unwrap();
    }
    let ran = keyscale(folder, ["chart", results]).exits(0);
    assert!(pictures() == of_run, "{}", ran.out);
    assert_eq!(ran.out.lines().count(), of_run.len() + 1, "and the page: {}", ran.out);
}

/// Other looks have other names, and their texts are whole and apart as well.
fn other_looks(folder: &Folder, results: &str) {
    let look = ["--theme", "dark", "--size", "thumbnail", "--format", "svg", "--out", "small"];
    keyscale(folder, [&["chart", results][..], &look].concat()).exits(0);
    let args = ["chart", results, "--size", "slide", "--only", "gantt-idle", "--out", "slides"];
    keyscale(folder, args).exits(0);
    let names = ["gantt-idle-slide.png", "gantt-idle-slide.svg"];
    assert_eq!(folder.list("slides"), names);
    let small = svgs(folder, "small");
    assert_eq!(small.len(), 16);
    for (name, svg) in small {
        assert!(name.ends_with("-dark-thumbnail.svg"), "{name}");
        assert!(svg.contains("width=\"480\""), "{svg}");
        assert!(svg.contains("class=\"f-paper\" width=\"480\"") && !svg.contains("#FFFFFF\"/>"));
        let found = faults(&name, &svg);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// A folder that is none of ours, a torn table and a changed one are told, and nothing is drawn.
fn changed_tables_are_refused(folder: &Folder, results: &str) {
    let refused = |args: &[&str], says: &[&str]| {
        let ran = keyscale(folder, [&["chart"], args, &["--out", "none"]].concat()).exits(2);
        ran.says(says);
        assert!(folder.list("none").is_empty());
    };
    folder.write("strange/timeseries.csv", "t_s\n0\n");
    refused(&["strange"], &["strange holds no keyscale results"]);
    refused(&["crowded.toml"], &["crowded.toml is no table that is drawn by itself"]);
    refused(&[results, "--only", "gant"], &["there is no picture gant", "gantt-idle"]);
    let path = folder.join(results).join("timeseries.csv");
    let whole = fs::read_to_string(&path).unwrap();
    let lines = whole.lines().count();
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let torn = format!("line: {lines}");
    refused(&[results], &["timeseries.csv", &torn]);
    let edited = whole.replacen("\n1,", "\nsoon,", 1);
    fs::write(&path, edited).unwrap();
    refused(&[results], &["timeseries.csv: line ", "column t_s: expected a number"]);
    let changed = whole.replacen("\n1,", "\n2,", 1);
    fs::write(&path, changed).unwrap();
    refused(&[results], &["timeseries.csv: it is not the table that was written"]);
    fs::remove_file(&path).unwrap();
    refused(&[results], &["timeseries.csv is missing, which manifest.json names"]);
}

/// What an SVG is made of: its panels, their groups with the number of shapes in each, titles and
/// the names of axes; no place and no number.
fn structure(svg: &str) -> String {
    let title = svg.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
    let mut lines = vec![format!("title {title}")];
    for panel in svg.split("<g class=\"panel ").skip(1) {
        lines.push(format!("panel {}", panel.split('"').next().unwrap()));
        for group in panel.split("\n<g class=\"").skip(1) {
            let (class, rest) = group.split_once('"').unwrap();
            let body = rest.split("</g>").next().unwrap();
            let texts: Vec<&str> = body
                .split("<text")
                .skip(1)
                .map(|text| text.split_once('>').unwrap().1.split("</text>").next().unwrap())
                .collect();
            let shapes = body.matches("<path").count();
            let said = match class {
                "title" | "names" | "names of blocks" | "empty" => texts.join(" | "),
                _ if class.starts_with("axis") => {
                    let words = texts.iter().filter(|t| !t.chars().any(|c| c.is_ascii_digit()));
                    words.copied().collect::<Vec<_>>().join(" | ")
                }
                _ => String::new(),
            };
            lines.push(format!("  {class} ({shapes}) {said}").trim_end().to_owned());
        }
    }
    lines.join("\n") + "\n"
}

/// Tables of other commands, as small as they can be.
const SEARCH: &str = "length_s,runs,broke,broken_ratio,broken_ratio_low,broken_ratio_high,\
    metric_mean,metric_low,metric_high\n0,20,0,0,0,0.16,0,0,0\n300,20,4,0.2,0.08,0.42,0.004,0.001,\
    0.007\n600,20,20,1,0.84,1,0.03,0.02,0.04\n";
const FOUND: &str = r#"{"condition": "failed_ratio value < 1%", "block": "outage of vault",
    "length_s_low": 320.0, "length_s_high": 410.5}"#;
const TRUTH: &str = "case,quantity,unit,expected,source,tolerance,relative_tolerance,simulated,\
    half_width,relative_error,runs,pass\nqueue,wait_s_mean,s,0.5,formula,0.01,0.02,0.502,0.004,\
    0.004,20,pass\nqueue,waited_ratio,1,0.25,formula,0.01,0.04,0.27,0.004,0.08,20,fail\n\
    cloud,cold_ratio,1,,measured,,,0.33,0.01,,200,told\n";

/// The pictures are made of what they were made of; `KEYSCALE_BLESS=1 cargo test` writes anew.
#[test]
fn pictures_have_their_structure() {
    let folder = Folder::new("chart-structure");
    folder.write("crowded.toml", CROWDED);
    folder.write("search/breakpoint.csv", SEARCH);
    folder.write("search/breakpoint.json", FOUND);
    folder.write("truth.csv", TRUTH);
    keyscale(&folder, ["run", "crowded.toml", "-r", "3", "--out", "crowded", "--quiet"]).exits(0);
    for table in ["search/breakpoint.csv", "truth.csv"] {
        keyscale(&folder, ["chart", table, "--format", "svg", "--out", "crowded"]).exits(0);
    }
    let drawn = svgs(&folder, "crowded");
    let names: Vec<&str> = drawn.iter().map(|(name, _)| name.as_str()).collect();
    let kept = [
        "breakpoint",
        "dashboard-checkout-and-payment",
        "dashboard-idle",
        "gantt-checkout-and-payment",
        "validation",
    ];
    let bless = std::env::var_os("KEYSCALE_BLESS").is_some_and(|v| v == "1");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/charts");
    let mut moved = String::new();
    for name in kept {
        let svg = drawn.iter().find(|(file, _)| *file == format!("{name}.svg"));
        let (_, svg) = svg.unwrap_or_else(|| panic!("{name} is not among {names:?}"));
        let found = faults(name, svg);
        assert!(found.is_empty(), "{}", found.join("\n"));
        let (now, path) = (structure(svg), root.join(format!("{name}.txt")));
        if bless {
            fs::create_dir_all(&root).unwrap();
            fs::write(&path, &now).unwrap();
        } else if fs::read_to_string(&path).ok().as_ref() != Some(&now) {
            moved += &format!("\n{} is no longer what is drawn, which is\n{now}", path.display());
        }
    }
    assert!(moved.is_empty(), "{moved}\nKEYSCALE_BLESS=1 cargo test writes the snapshots anew");
}
