//! What `portreeve check` says of the mistakes that beginners make, each alone in a charter that
//! is sound otherwise: what, where, who can fix it, how, and where to read on.
//!
//! `tests/mistakes/mistakes.txt` lists them, `sound/` and `cases/` hold the files, and `told/` what
//! is said in each form, to be read. `UPDATE_MISTAKES=1` writes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Home, Run};

/// One mistake: what somebody did, and what makes it.
struct Mistake {
    name: String,
    what: String,
    made: Made,
}

enum Made {
    /// Files that lie over the sound ones.
    Files,
    /// What no file in a checkout can hold.
    By(fn(&Path)),
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes")
}

/// Every mistake of the table, and those that are made when the test runs.
fn mistakes() -> Vec<Mistake> {
    let table = fs::read_to_string(folder().join("mistakes.txt")).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let listed = rows.map(|row| {
        let [name, _, what] = row.split(" | ").collect::<Vec<_>>().try_into().unwrap();
        Mistake { name: name.to_owned(), what: what.to_owned(), made: Made::Files }
    });
    let by = |name: &str, what: &str, make| Mistake {
        name: name.to_owned(),
        what: what.to_owned(),
        made: Made::By(make),
    };
    let made = [
        by("byte-order-mark", "The file was saved with a byte order mark.", |charter| {
            edit(charter, "agents/helper.yaml", |bytes| [b"\xef\xbb\xbf", bytes].concat());
        }),
        by("not-utf-8", "The file was saved in Latin-1.", |charter| {
            edit(charter, "agents/helper.yaml", |bytes| {
                String::from_utf8_lossy(bytes)
                    .replace("questions", "Fr@gen")
                    .replace('@', "\u{e4}")
                    .chars()
                    .map(|one| u8::try_from(u32::from(one)).unwrap())
                    .collect()
            });
        }),
        by("huge-file", "A file of more than 256 KiB.", |charter| {
            edit(charter, "agents/helper.yaml", |bytes| [bytes, &[b'#'; 262_144]].concat());
        }),
        by("link", "An agent is a link to a file elsewhere.", |charter| {
            symlink("helper.yaml", charter.join("agents/second.yaml")).unwrap();
        }),
        by("no-people", "There is no people.yaml.", |charter| {
            fs::remove_file(charter.join("people.yaml")).unwrap();
        }),
        by("no-tests", "There is no policy test.", |charter| {
            fs::remove_dir_all(charter.join("tests")).unwrap();
        }),
        by("no-schemas", "The schemas were not copied with the charter.", |charter| {
            fs::remove_dir_all(charter.join(".schema")).unwrap();
            // A warning alone is no problem: one of both kinds shows how they are counted.
            edit(charter, "agents/helper.yaml", |bytes| {
                String::from_utf8_lossy(bytes).replace("active", "on").into_bytes()
            });
        }),
    ];
    listed.chain(made).collect()
}

fn edit(charter: &Path, path: &str, edit: impl FnOnce(&[u8]) -> Vec<u8>) {
    let path = charter.join(path);
    let bytes = edit(&fs::read(&path).unwrap());
    fs::write(path, bytes).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A sound charter in `home`, with its schemas.
fn sound(home: &Home) -> PathBuf {
    let charter = home.folder().join("charter");
    fs::create_dir(&charter).unwrap();
    copy(&folder().join("sound"), &charter);
    let schemas = charter.join(".schema");
    fs::create_dir(&schemas).unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/schema"), &schemas);
    charter
}

/// What is said of the mistake, in each form.
fn told(home: &Home) -> BTreeMap<&'static str, Run> {
    let forms = ["human", "plain", "json"];
    forms.map(|form| (form, home.run(&["check", "charter", "--error-format", form]))).into()
}

/// What is said of each mistake, a few of them at a time: most of it is waiting for processes.
fn all_told(all: &[Mistake]) -> Vec<BTreeMap<&'static str, Run>> {
    let one = |Mistake { name, made, .. }: &Mistake| {
        let home = Home::new();
        let charter = sound(&home);
        match made {
            Made::Files => copy(&folder().join("cases").join(name), &charter),
            Made::By(make) => make(&charter),
        }
        told(&home)
    };
    let parts = all.chunks(all.len().div_ceil(4));
    std::thread::scope(|scope| {
        let running: Vec<_> =
            parts.map(|part| scope.spawn(|| part.iter().map(one).collect::<Vec<_>>())).collect();
        running.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

#[test]
fn every_mistake_is_told_as_it_stands_in_the_snapshots() {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test asks for new snapshots")]
    let update = std::env::var("UPDATE_MISTAKES").is_ok_and(|value| value == "1");
    let mut differing = Vec::new();
    let all = mistakes();
    assert!(all.len() >= 50, "{}", all.len());
    for (Mistake { name, what, .. }, forms) in all.iter().zip(all_told(&all)) {
        let mut text = format!("{what}\n");
        for (form, run) in &forms {
            assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{name} {form}: {run:?}");
            text.push_str(&format!(
                "\n$ portreeve check charter --error-format {form}\n{}",
                run.out
            ));
        }
        says_all(name, &forms["json"].out);
        fits(name, &forms["human"].out);
        assert!(!text.contains("EXAMPLEexample") && !text.contains("hunter2"), "{name}: {text}");
        let path = folder().join("told").join(format!("{name}.txt"));
        if update {
            fs::create_dir_all(folder().join("told")).unwrap();
            fs::write(&path, text).unwrap();
        } else if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            differing.push(format!("{name}\n{text}"));
        }
    }
    assert!(differing.is_empty(), "UPDATE_MISTAKES=1 writes these anew:\n{}", differing.join("\n"));
    // A snapshot of a mistake that is none any more would be read by nobody.
    let kept = fs::read_dir(folder().join("told")).unwrap().count();
    assert_eq!(kept, all.len());
}

/// Each problem says what, where, who can fix it and how, and names a page that is there.
fn says_all(name: &str, json: &str) {
    for line in json.lines() {
        let problem: Value = serde_json::from_str(line).unwrap();
        for member in ["id", "severity", "file", "what", "who", "help", "page"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name}: no {member} in {line}");
        }
        assert!(problem["column"].as_u64() <= problem["end_column"].as_u64(), "{name}: {line}");
        let (page, anchor) = match problem["page"].as_str().unwrap().split_once('#') {
            Some((page, anchor)) => (page, anchor),
            None => (problem["page"].as_str().unwrap(), ""),
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = fs::read_to_string(root.join(page)).unwrap();
        let headings = text.lines().filter(|line| line.starts_with('#'));
        let is_there = |heading: &str| {
            let kept = heading.trim_start_matches(['#', ' ']).to_lowercase();
            let kept = kept.replace(' ', "-");
            let kept: String =
                kept.chars().filter(|one| one.is_alphanumeric() || *one == '-').collect();
            kept == anchor
        };
        assert!(anchor.is_empty() || headings.into_iter().any(is_there), "{name}: {page}#{anchor}");
    }
}

/// Nothing that people see is wider than 80 characters; what the page is called may be.
fn fits(name: &str, human: &str) {
    for line in human.lines().filter(|line| !line.contains("read  ")) {
        assert!(line.chars().count() <= 80, "{name}: {line}");
    }
}

#[test]
fn what_is_no_mistake_is_taken() {
    let home = Home::new();
    let charter = sound(&home);
    let check = || home.run(&["check", "charter"]);
    assert!(check().ok().contains(": no problems"));
    // Line ends of another system.
    edit(&charter, "agents/helper.yaml", |bytes| {
        String::from_utf8_lossy(bytes).replace('\n', "\r\n").into_bytes()
    });
    assert!(check().ok().contains(": no problems"));
    // A context that is over is no problem of the charter, and is told.
    edit(&charter, "contexts/office.yaml", |bytes| {
        String::from_utf8_lossy(bytes).replace("2035-12-31", "2026-01-31").into_bytes()
    });
    assert!(check().ok().contains("context `office` ended"), "{:?}", check());
}

/// What the system does not let us read is named, where the system is one that does so: the
/// superuser may read everything.
#[test]
fn a_file_that_may_not_be_read_is_named() {
    let home = Home::new();
    let path = sound(&home).join("agents/helper.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let run = home.run(&["check", "charter"]);
    if fs::read(&path).is_ok() {
        run.ok();
        return;
    }
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("agents/helper.yaml") && run.out.contains("cannot be read"),
        "{run:?}"
    );
}
