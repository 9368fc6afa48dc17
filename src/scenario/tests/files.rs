//! The files of the repository: scenarios without problems, and bad ones with their messages.

use super::*;
use crate::record::metric::vocabulary;

/// Files under a folder of the repository with this ending, in order of their names.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder is in the repository");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect();
    files.sort();
    files
}

#[test]
fn scenarios_have_no_problems_and_their_locks_say_the_same() {
    let scenarios = files("scenarios", "toml");
    assert!(scenarios.len() >= 8);
    for path in scenarios {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let stem = path.file_stem().and_then(|s| s.to_str()).expect("a plain name");
        let source = Source { origin: stem, text: &text, stem, folder: Path::new("scenarios") };
        match check_with(&source, &[], Path::new(""), &vocabulary()) {
            Ok(checked) => {
                assert_eq!(checked.warnings, Problems::default(), "{stem}");
                assert!(!checked.scenario.question.is_empty(), "{stem}");
                for trace in &checked.scenario.traces {
                    assert!(trace.path.exists(), "{}", trace.path.display());
                }
            }
            Err(problems) => panic!("{}", problems.render(false)),
        }
        lock_round_trip(stem, &text);
    }
}

/// What is said about each bad file stands in a text beside it; `KEYSCALE_BLESS=1` rewrites them.
#[test]
fn bad_files_have_the_messages_that_stand_beside_them() {
    let files = files("tests/bad", "toml");
    assert!(files.len() >= 10);
    let bless = std::env::var_os("KEYSCALE_BLESS").is_some_and(|v| v == "1");
    let mut wrong = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let stem = path.file_stem().and_then(|s| s.to_str()).expect("a plain name");
        let origin = format!("tests/bad/{stem}.toml");
        let source = Source { origin: &origin, text: &text, stem, folder: Path::new("tests/bad") };
        let said = match check_with(&source, &[], Path::new(""), &vocabulary()) {
            Ok(_) => panic!("{origin} has no errors"),
            Err(problems) => problems.render(false),
        };
        let beside = path.with_extension("txt");
        if bless {
            std::fs::write(&beside, &said).expect("a writable folder");
        } else if std::fs::read_to_string(&beside).unwrap_or_default() != said {
            wrong.push(said);
        }
    }
    assert!(wrong.is_empty(), "set KEYSCALE_BLESS=1 to rewrite:\n{}", wrong.join("\n"));
}
