//! What is computed from raw figures, and what is read from what people type.

use std::collections::BTreeMap;

use super::cell::Cell;
use super::measure::{Aim, MEASURES, Standing, figures};
use super::options::{Extent, Work, parse};
use super::page;
use super::raw::{Raw, Row};
use super::stage::DISK;
use super::summary::{Summary, shown};
use super::target::Target;

/// Three rounds in which ours costs three times the floor, but for one round that had a neighbour.
fn raw() -> Raw {
    let machine = [("cores", "2"), ("load before", "0.10"), ("rounds", "3")];
    let machine = machine.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut raw = Raw::new(BTreeMap::from(machine));
    for (round, noise) in [(0, 1.0), (1, 2.0), (2, 1.0)] {
        for (target, cost) in [(Target::Floor, 40.0), (Target::Portreeve, 120.0)] {
            let row = |cell| Row::new(cell, target.name(), round).with("errors", 0.0);
            raw.rows.push(
                row(Cell::Requests)
                    .with("cpu_us_per_request", cost * noise)
                    .with("requests_per_second", 1e6 / cost / noise)
                    .with("others_cores", 0.02 * noise),
            );
            raw.rows.push(
                row(Cell::Rate).with("p50_us", cost * 10.0).with("p99_us", cost * 30.0 * noise),
            );
        }
        let disk = Row::new(Cell::Rate, DISK, round);
        raw.rows.push(disk.with("p50_us", 300.0).with("p99_us", 1_000.0));
    }
    raw
}

#[test]
fn a_summary_is_the_median_and_the_span() {
    let check = |figures: &[f64], expect: [f64; 3]| {
        let Summary { median, low, high } = Summary::of(figures.to_vec()).expect("a summary");
        assert_eq!([median, low, high], expect);
    };
    check(&[3.0], [3.0, 3.0, 3.0]);
    check(&[9.0, 1.0], [5.0, 1.0, 9.0]);
    check(&[9.0, 1.0, 2.0], [2.0, 1.0, 9.0]);
    check(&[4.0, 3.0, 1.0, 2.0], [2.5, 1.0, 4.0]);
    assert_eq!(Summary::of(Vec::new()), None);
    assert_eq!(Summary::of(vec![1.0, f64::NAN]), None);
}

#[test]
fn figures_are_shown_with_the_digits_that_count() {
    let check = |figure: f64, text| assert_eq!(shown(figure), text);
    check(0.0, "0.00");
    check(0.346, "0.35");
    check(9.994, "9.99");
    check(9.996, "10.0");
    check(99.94, "99.9");
    check(99.96, "100");
    check(1_234.5, "1,234");
    check(24_142.0, "24,142");
    check(1_000_000.0, "1,000,000");
    check(-1_234.0, "-1,234");
    check(-0.25, "-0.25");
}

#[test]
fn raw_figures_are_read_as_they_were_written() {
    let raw = raw();
    assert_eq!(Raw::parse(&raw.text()).expect("it is read"), raw);
}

#[test]
fn what_is_no_raw_file_is_refused() {
    let good = raw().text();
    let first = good.lines().next().expect("a line");
    for text in [
        String::new(),
        "{}".to_owned(),
        good.replacen("machine", "computer", 1),
        good.replacen("\"2\"", "2", 1),
        format!("{first}\nx"),
        format!("{first}\n{{}}"),
        good.replacen("120.0", "\"much\"", 1),
    ] {
        assert!(Raw::parse(&text).is_err(), "{text:.60}");
    }
}

#[test]
fn a_wrong_answer_spoils_the_run() {
    let mut raw = raw();
    raw.check().expect("no answer was wrong");
    raw.rows.push(Row::new(Cell::Chunks, "portreeve", 0).with("errors", 1.0));
    assert!(raw.check().is_err());
}

#[test]
fn ratios_are_those_of_the_same_round() {
    let raw = raw();
    let figures: BTreeMap<_, _> = figures(&raw).into_iter().collect();
    let check = |name: &str, expect: Option<f64>| {
        let figure = figures.get(name).copied().flatten().map(|figure| figure.median);
        let close = match (figure, expect) {
            (Some(figure), Some(expect)) => (figure - expect).abs() < 1e-3,
            (figure, expect) => figure == expect,
        };
        assert!(close, "{name}: {figure:?}");
    };
    check("CPU per governed request, 64 clients", Some(3.0));
    check("governed requests a second, 64 clients", Some(1.0 / 3.0));
    check("added at the median, 500 requests/s", Some(0.5));
    check("99th percentile, 500 requests/s", Some(2.6));
    check("idle memory", None);
}

#[test]
fn a_figure_stands_to_its_aim_at_the_bound_too() {
    let check = |aim: Aim, figure, standing| assert_eq!(aim.standing(figure), standing);
    let most = Aim::AtMost { target: 3.5, stretch: Some(2.5) };
    check(most, 2.5, Standing::Stretch);
    check(most, 2.51, Standing::Met);
    check(most, 3.5, Standing::Met);
    check(most, 3.51, Standing::Missed);
    let least = Aim::AtLeast { target: 0.5, stretch: Some(0.65) };
    check(least, 0.65, Standing::Stretch);
    check(least, 0.5, Standing::Met);
    check(least, 0.49, Standing::Missed);
    let plain = Aim::AtMost { target: 3.0, stretch: None };
    check(plain, 0.0, Standing::Met);
    check(plain, 3.01, Standing::Missed);
}

#[test]
fn options_are_what_was_typed() {
    let whole = parse(&[]).expect("nothing is fine").expect("no help");
    assert_eq!(
        (whole.work, whole.extent, whole.rounds()),
        (Work::Measure { keep: true }, Extent::Whole, 5)
    );
    let quick = parse(&["--quick"]).expect("an option").expect("no help");
    assert_eq!((quick.work, quick.rounds()), (Work::Measure { keep: false }, 3));
    let one = parse(&["--only", "rate", "--rounds", "20"]).expect("options").expect("no help");
    assert_eq!((one.work, one.rounds()), (Work::Measure { keep: false }, 20));
    assert!(one.wants(Cell::Rate) && !one.wants(Cell::Chunks));
    assert_eq!((one.rounds_of(Cell::Rate), one.rounds_of(Cell::Ledger)), (20, 3));
    assert_eq!(parse(&["--render"]).expect("an option").expect("no help").work, Work::Render);
    assert_eq!(parse(&["--help"]), Ok(None));
    assert_eq!(parse(&["--smoke"]).expect("an option").expect("no help").work, Work::Smoke);
    for wrong in [
        &["--fast"][..],
        &["--quick", "--smoke"],
        &["--smoke", "--quick"],
        &["--rounds"],
        &["--rounds", "0"],
        &["--rounds", "21"],
        &["--only"],
        &["--only", "everything"],
        &["--render", "--quick"],
    ] {
        assert!(parse(wrong).is_err(), "{wrong:?}");
    }
}

/// The files of a checkout with a page whose tables are empty.
fn files(raw: &Raw) -> BTreeMap<String, String> {
    let page = "# Speed\n\nBefore.\n\n\
        <!-- From docs/performance/raw.jsonl by `cargo xtask bench --render`. -->\n\
        <!-- Until here. -->\n\nAfter.\n";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join(page::FOLDER)).expect("made");
    std::fs::write(folder.path().join("docs/performance.md"), page).expect("written");
    page::write(folder.path(), raw).expect("rendered");
    let read = |path: &str| std::fs::read_to_string(folder.path().join(path));
    let names =
        ["docs/performance.md", "docs/performance/requests.svg", "docs/performance/latency.svg"];
    let read = names.map(|name| (name.to_owned(), read(name).expect("it is there")));
    let raw = (page::RAW.to_owned(), raw.text());
    read.into_iter().chain([raw]).collect()
}

#[test]
fn a_page_says_what_was_measured_and_keeps_what_people_wrote() {
    let files = files(&raw());
    let page = files.get("docs/performance.md").expect("the page");
    assert!(page.starts_with("# Speed\n\nBefore.\n") && page.ends_with("\nAfter.\n"), "{page}");
    for part in ["**3.00 (3.00 to 3.00)** × the floor", "| met |", "**not met**", "not measured"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("The machine was busy"), "{page}");
    let measured = page.lines().filter(|line| line.starts_with("| CPU per governed")).count();
    assert_eq!(measured, 1);
    assert!(MEASURES.iter().all(|measure| page.contains(measure.name)));
}

#[test]
fn a_busy_machine_is_said() {
    let mut raw = raw();
    for row in &mut raw.rows {
        row.figures.insert("others_cores".to_owned(), 0.3);
    }
    let page = files(&raw).remove("docs/performance.md").expect("the page");
    assert!(page.contains("The machine was busy"), "{page}");
}

#[test]
fn what_is_not_as_the_raw_figures_have_it_is_found() {
    let current = files(&raw());
    let stale = |files: &BTreeMap<String, String>| {
        let found = super::stale(&|path| files.get(path).cloned());
        found.into_iter().map(|(path, _)| path).collect::<Vec<_>>()
    };
    assert_eq!(stale(&current), [""; 0]);
    let edited = |path: &str, from: &str, to: &str| {
        let mut files = current.clone();
        let text = files.get_mut(path).expect("it is there");
        assert!(text.contains(from), "{path} has no {from}");
        *text = text.replacen(from, to, 1);
        files
    };
    assert_eq!(
        stale(&edited("docs/performance.md", "3.00 (3.00", "2.00 (3.00")),
        ["docs/performance.md"]
    );
    assert_eq!(
        stale(&edited("docs/performance.md", "<!-- Until here. -->", "")),
        ["docs/performance.md"]
    );
    assert_eq!(
        stale(&edited("docs/performance/latency.svg", "<svg", "<svg ")),
        ["docs/performance/latency.svg"]
    );
    assert_eq!(stale(&edited(page::RAW, "120.0", "1e99x")), [page::RAW]);
    assert_eq!(
        stale(&edited(page::RAW, "\"p99_us\":1200.0", "\"p99_us\":9200.0")),
        ["docs/performance.md", "docs/performance/latency.svg"]
    );
    assert_eq!(stale(&edited("docs/performance.md", "Before.", "Before, and more.")), [""; 0]);
}
