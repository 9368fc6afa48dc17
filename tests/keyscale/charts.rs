//! Charts can be read: no text is cut or covers another, blocks are named, and each PNG shows what
//! its SVG does.

use std::fs::{self, File};
use std::io::BufReader;

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
    let texts = svg.split("<text").skip(1).map(|rest| {
        let (tag, rest) = rest.split_once('>').unwrap();
        let content = rest.split("</text>").next().unwrap().trim().to_owned();
        let (x, y, size) = (number(tag, "x"), number(tag, "y"), number(tag, "font-size"));
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

#[test]
fn texts_are_whole_and_apart() {
    let folder = Folder::new("charts");
    folder.write("crowded.toml", CROWDED);
    keyscale(&folder, ["run", "crowded.toml", "--quiet"]).exits(0);
    let results = "results/runs/crowded";
    let names = folder.list(results);
    let svgs: Vec<&String> = names.iter().filter(|name| name.ends_with(".svg")).collect();
    assert_eq!(svgs.len(), 14, "seven pictures a service: {svgs:?}");
    for name in svgs {
        let path = folder.join(results).join(name);
        let (width, height, texts) = read(&fs::read_to_string(&path).unwrap());
        for (i, text) in texts.iter().enumerate() {
            assert!(text.size >= 12.0, "{name}: {text:?} is too small");
            let inside = text.left >= 0.0 && text.right <= width && text.top >= 0.0;
            assert!(inside && text.bottom <= height, "{name}: {text:?} is cut");
            for other in &texts[..i] {
                let apart = text.left >= other.right || other.left >= text.right;
                let above = text.top >= other.bottom || other.top >= text.bottom;
                assert!(apart || above, "{name}: {text:?} lies on {other:?}");
            }
        }
        let blocks = [
            "outage of vault-of-somebody-else: TIMEOUT",
            "key the-key-of-checkout disabled",
            "quota ekm: 1/s",
        ];
        for block in blocks {
            let named = texts.iter().any(|text| text.content.contains(block));
            let touched = !name.ends_with("-idle.svg");
            assert_eq!(named, touched, "{name}: {block} is not among {texts:?}");
        }
        let png = File::open(path.with_extension("png")).unwrap();
        let mut reader = png::Decoder::new(BufReader::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (2 * width as u32, 2 * height as u32), "{name}");
        let ink = pixels.iter().filter(|&&value| value < 64).count();
        assert!(ink > 1_000, "{name}: the PNG is empty");
    }
}
