//! The page that a run leaves: whole in itself, nothing from elsewhere, every picture with a title,
//! a description and its data, and no name that becomes markup.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use scraper::{ElementRef, Html, Selector};

use crate::folder::Folder;
use crate::program::keyscale;

/// Texts that would be markup, a formula, or read backwards.
const HOSTILE: &str =
    "<script>alert(1)</script>\"><img src=x onerror=alert(2)>'&lt;]]>--><!-- \u{202e}=cmd|' /C'!A0";

/// A service whose manager goes away with a message of an enemy's.
fn scenario(question: &str) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    format!(
        r#"
question = {}
duration = "4m"
[services.web]
location = "europe-west1"
concurrency = 4
min_instances = 1
service_time = {{ exponential = {{ mean = "200ms" }} }}
encryption = {{ key = "main" }}
[[services.web.load]]
trace = {{ file = "lo&d <b>'x.csv", count = "n" }}
[services.other]
service_time = {{ constant = "1s" }}
[[services.other.load]]
poisson = {{ rate = "1/s" }}
[keys.main]
resource = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
protection_level = "EXTERNAL"
external_manager = "vault"
[external_managers.vault]
[[timeline]]
at = "1m"
for = "2m"
external_outage = {{ manager = "vault", domain = "UNREACHABLE_NETWORK", message = {} }}
[thresholds]
failed_ratio = ["value < 0.1%"]
latency = ["p99 < 1h"]
"#,
        quoted(question),
        quoted(HOSTILE)
    )
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

/// What holds of every page that keyscale writes.
pub fn is_whole(name: &str, written: &str) -> Html {
    let page = Html::parse_document(written);
    assert!(page.errors.is_empty(), "{name}: {:?}", page.errors);
    let mut ids = BTreeSet::new();
    for element in all(&page, "*") {
        for (attribute, value) in element.value().attrs() {
            assert!(!attribute.starts_with("on"), "{name}: {attribute}={value}");
            match attribute {
                "id" => assert!(ids.insert(value.to_owned()), "{name}: {value} stands twice"),
                "href" => assert!(value.starts_with("./") && !value.contains("//"), "{value}"),
                "src" | "srcset" | "data" | "action" | "xlink:href" | "background" => {
                    panic!("{name}: {attribute}={value}")
                }
                _ => {
                    assert!(!value.contains("://"), "{name}: {attribute}={value}");
                    let urls = value.matches("url(").count();
                    assert_eq!(urls, value.matches("url(#").count(), "{name}: {value}");
                }
            }
        }
    }
    for (tag, most) in [("script", 1), ("style", 1), ("link", 0), ("img", 0), ("iframe", 0)] {
        let found = all(&page, tag);
        assert!(found.len() <= most, "{name}: {} of {tag}", found.len());
        for element in found {
            let text = text(element);
            for outside in ["http", "//", "@import", "url(", "src", "fetch", "import"] {
                assert!(!text.contains(outside), "{name}: {tag} holds {outside}");
            }
        }
    }
    for svg in all(&page, "svg") {
        let labels = svg.attr("aria-labelledby").unwrap();
        assert!(labels.split(' ').all(|label| ids.contains(label)), "{name}: {labels}");
        for part in ["title", "desc"] {
            let found: Vec<ElementRef<'_>> = svg.select(&Selector::parse(part).unwrap()).collect();
            assert_eq!(found.len(), 1, "{name}: {labels}");
            assert!(!text(found[0]).is_empty(), "{name}: {labels}");
        }
    }
    for figure in all(&page, "figure") {
        let select = |selector: &str| figure.select(&Selector::parse(selector).unwrap()).count();
        assert_eq!(select("svg"), 1, "{name}");
        assert_eq!(select("details table"), 1, "{name}: a picture without its data");
    }
    page
}

#[test]
fn the_report_of_a_run_is_whole_and_no_name_is_markup() {
    let folder = Folder::new("report");
    folder.write("lo&d <b>'x.csv", "t,n\n0,1200\n120,20000\n240,0\n");
    let question = format!("{HOSTILE}{}", "x".repeat(10_000));
    folder.write("hostile.toml", scenario(&question));
    let ran = keyscale(&folder, ["run", "hostile.toml", "-r", "3", "--quiet"]).exits(99);
    assert!(ran.out.contains(" report     results/runs/hostile/report.html\n"), "{}", ran.out);
    let results = folder.join("results/runs/hostile");
    let written = fs::read_to_string(results.join("report.html")).unwrap();
    let page = is_whole("report.html", &written);
    assert!(text(all(&page, "p.question")[0]).contains(&question));
    assert!(all(&page, "td").into_iter().any(|cell| text(cell).contains(HOSTILE)), "the message");
    for link in all(&page, "a") {
        let name = link.attr("href").unwrap().strip_prefix("./").unwrap();
        let plain = name.replace("%26", "&").replace("%20", " ").replace("%3C", "<");
        let plain = plain.replace("%3E", ">").replace("%27", "'");
        assert!(results.join(&plain).is_file(), "{plain} is not there");
    }
    let manifest = fs::read_to_string(results.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"report.html\"") && manifest.contains("\"defaults.csv\""));
    let marks: Vec<String> = all(&page, "td.mark").into_iter().map(text).collect();
    assert_eq!(marks.len(), 2, "{marks:?}");
    assert!(marks[0].contains('✗') && marks[1].contains('✓'), "{marks:?}");
    let verdict = text(all(&page, ".verdict")[0]);
    let json = fs::read(results.join("summary.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert!(verdict.contains(json["verdict"].as_str().unwrap()) && verdict.contains('✗'));
    assert!(text(all(&page, "pre")[0]).contains("keyscale run scenario.lock.toml"));
    let titles: Vec<String> = all(&page, "figcaption").into_iter().map(text).collect();
    assert!(titles.len() >= 10, "five charts and the lives of two services: {titles:?}");
}

/// What the page says is what the tables say.
#[test]
fn the_report_tells_what_the_files_hold() {
    let folder = Folder::new("report-study");
    folder.write("lo&d <b>'x.csv", "t,n\n0,1200\n120,20000\n240,0\n");
    folder.write("study.toml", scenario("Do we survive?"));
    let args = ["run", "study.toml", "-r", "4", "--set", "services.web.idle_timeout=7m"];
    keyscale(&folder, args).exits(99);
    let results = folder.join("results/runs/study");
    let written = fs::read_to_string(results.join("report.html")).unwrap();
    let page = is_whole("report.html", &written);
    let cells: Vec<String> = all(&page, "td").into_iter().map(text).collect();
    assert!(cells.iter().any(|cell| cell.contains("of 4 runs")), "{cells:?}");
    let said = text(page.root_element());
    assert!(said.contains("-r 4 --seed 1") && said.contains("replications.csv"), "{said}");
    // What the file or the command sets is no assumption; what is left to keyscale is.
    let kept = fs::read_to_string(results.join("defaults.csv")).unwrap();
    assert!(!kept.contains("services.web.idle_timeout,"), "{kept}");
    assert!(kept.contains("services.other.idle_timeout,"), "{kept}");
    assert!(kept.contains("Assumption:") && said.contains("Assumption:"));
    // The greatest number of pending requests is in the chart's table.
    let mut rows = csv::Reader::from_path(results.join("timeseries.csv")).unwrap();
    let head = rows.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let [service, revision, pending] = ["service", "revision", "pending"].map(at);
    let most: u64 = rows
        .records()
        .map(Result::unwrap)
        .filter(|row| &row[service] == "web" && row[revision].is_empty())
        .map(|row| row[pending].parse().unwrap())
        .max()
        .unwrap();
    let figure = all(&page, "figure").into_iter().find(|f| text(*f).contains("wait of the oldest"));
    let cells = Selector::parse("tbody td").unwrap();
    let told =
        figure.unwrap().select(&cells).map(text).filter_map(|cell| {
            cell.rsplit(" … ").next().unwrap().replace(',', "").parse::<f64>().ok()
        });
    assert_eq!(told.fold(0.0, f64::max), most as f64);
}

/// A comparison leaves tables, pictures and a page; whatever it is called.
#[test]
fn the_report_of_a_comparison_is_whole() {
    let folder = Folder::new("report-compare");
    let small = |min: u32| {
        format!(
            "duration = \"2m\"\n[services.web]\nconcurrency = 2\nmin_instances = {min}\n\
             service_time = {{ exponential = {{ mean = \"300ms\" }} }}\n\
             [[services.web.load]]\npoisson = {{ rate = \"20/s\" }}\n"
        )
    };
    folder.write("<i>a&b.toml", format!("name = \"a\"\n{}", small(1)));
    folder.write("b.toml", small(8));
    folder.write("c.toml", small(3));
    let args = ["compare", "<i>a&b.toml", "b.toml", "-r", "5", "--out", "two"];
    let ran = keyscale(&folder, args).exits(0);
    assert!(ran.out.contains("two/report.html"), "{}", ran.out);
    let written = fs::read_to_string(folder.join("two/report.html")).unwrap();
    let page = is_whole("two", &written);
    assert!(text(all(&page, ".verdict")[0]).contains("of 5 pairs"));
    assert!(text(all(&page, "pre")[0]).contains("keyscale compare '<i>a&b.toml' b.toml -r 5"));
    let titles: Vec<String> = all(&page, "figcaption").into_iter().map(text).collect();
    assert_eq!(titles.len(), 3, "differences, curves and pairs: {titles:?}");
    for name in ["comparison.csv", "curves.csv", "pairs.csv", "differences.png", "curves.svg"] {
        assert!(folder.join("two").join(name).is_file(), "{name}");
    }
    // The means of the curves are those of the runs: of ready instances the most is the greatest.
    let json = fs::read(folder.join("two/compare.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["sides"].as_array().unwrap().len(), 2);
    // What is drawn again is the same.
    let before = bytes(&folder.join("two"));
    keyscale(&folder, ["chart", "two", "--quiet"]).exits(0);
    assert!(before == bytes(&folder.join("two")), "not the same bytes");
    // Of three and more there is a picture a metric.
    let args = ["compare", "c.toml", "b.toml", "<i>a&b.toml", "-r", "3", "--out", "three"];
    keyscale(&folder, args).exits(0);
    let written = fs::read_to_string(folder.join("three/report.html")).unwrap();
    let page = is_whole("three", &written);
    assert_eq!(all(&page, "figure").len(), 6, "differences, four metrics and pairs");
}

#[test]
fn a_report_is_written_again_from_its_folder() {
    let folder = Folder::new("report-again");
    folder.write("lo&d <b>'x.csv", "t,n\n0,1200\n120,20000\n240,0\n");
    folder.write("again.toml", scenario("Again?"));
    keyscale(&folder, ["run", "again.toml", "-r", "3", "--quiet"]).exits(99);
    let results = folder.join("results/runs/again");
    let before = bytes(&results);
    fs::write(results.join("report.html"), "gone").unwrap();
    keyscale(&folder, ["chart", "results/runs/again", "--quiet"]).exits(0);
    let after = bytes(&results);
    for (name, content) in &before {
        assert!(after[name] == *content, "{name} is not the same");
    }
}

/// The files of a folder by name.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).unwrap())
    };
    entries.map(file).collect()
}
