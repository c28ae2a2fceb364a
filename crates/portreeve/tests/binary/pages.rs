//! What people see on terminals of every width: lines broken between words, rules that stand, and
//! colour only where it belongs.

use crate::common::Home;
use crate::terminal::{Screen, Terminal};

/// The words on a terminal so wide; gives how they ended and what it shows.
fn shown(home: &Home, words: &[&str], columns: u16, colour: bool) -> (Option<i32>, Screen) {
    let mut command = home.command(words);
    command.env("TERM", "xterm");
    if !colour {
        command.env("NO_COLOR", "1");
    }
    let (status, screen) = Terminal::run(&command, (columns, 80)).end();
    assert_eq!(screen.faults, Vec::<String>::new(), "{words:?}");
    (status.code(), screen)
}

#[test]
fn long_lines_are_broken_between_words_and_only_on_a_terminal() {
    let home = Home::new();
    let server = home.up();
    let refused = server.call_model(&home.token("demo-agent"), "no-such-model");
    let decision = crate::common::decision(&refused);
    for words in [
        &["status"][..],
        &["explain", &decision],
        &["help", "environment"],
        &["help", "output"],
        &["ping", "demo-agent", "portreeve-demo"],
    ] {
        let piped = home.run(words);
        assert!(piped.ok().lines().any(|line| line.len() > 72), "{}", piped.out);
        assert!(!piped.out.contains('\u{1b}'), "{}", piped.out);
        for columns in [40, 90, 200] {
            let (code, screen) = shown(&home, words, columns, true);
            assert_eq!(code, Some(0), "{words:?}");
            assert!(!screen.coloured, "{words:?}: what is asked for has no colour");
            // Digests and paths stay whole; a terminal of forty columns has to break those.
            assert!(columns == 40 || screen.broken == 0, "{columns}:\n{}", screen.text());
        }
    }
    server.stop();
}

#[test]
fn the_rule_of_a_failure_stands_at_every_width() {
    let home = Home::new();
    let server = home.up();
    let charter = home.path("charter");
    home.replace("agents/demo-agent.yaml", "status: active", "status: actve");
    let charter = charter.to_str().unwrap();
    for (words, exit) in [
        (&["explain", "nonsense"][..], 2),
        (&["agnet", "list"], 2),
        (&["agent", "show", "demo-agnet"], 1),
        (&["change", "propose", charter], 1),
    ] {
        for columns in [40, 80, 200] {
            for colour in [true, false] {
                let (code, screen) = shown(&home, words, columns, colour);
                let text = screen.text();
                let told = text.trim_end().trim_end_matches("<<the end>>").trim_end();
                assert_eq!((code, screen.coloured), (Some(exit), colour), "{words:?}\n{text}");
                let mut lines = told.lines();
                assert!(lines.next().is_some_and(|line| line.starts_with("error: ")), "{text}");
                let is_path = |line: &str| line.contains(charter);
                let ruled = |line: &str| line.starts_with(['│', '╰']) || is_path(line);
                assert!(lines.all(ruled), "{columns} {words:?}:\n{text}");
                assert!(
                    told.lines().last().is_some_and(|line| line.starts_with("╰ read")),
                    "{text}"
                );
                assert_eq!(screen.broken, 0, "{columns} {words:?}:\n{text}");
            }
        }
    }
    // What `check` finds is told as failures are, and is what was asked for.
    for colour in [true, false] {
        let (code, screen) = shown(&home, &["check"], 80, colour);
        assert_eq!((code, screen.coloured), (Some(1), colour), "{}", screen.text());
        assert!(screen.text().contains("agents/demo-agent.yaml:"), "{}", screen.text());
        assert_eq!(screen.broken, 0, "{}", screen.text());
    }
    let piped = home.run(&["check"]);
    assert!(piped.code == Some(1) && !piped.out.contains('\u{1b}'), "{piped:?}");
    server.stop();
}

#[test]
fn next_commands_are_hinted_to_people_and_not_to_scripts() {
    let home = Home::new();
    home.up().stop();
    let (code, screen) = shown(&home, &["check"], 100, true);
    assert!(code == Some(0) && screen.text().contains("next: portreeve change propose"));
    let piped = home.run(&["check"]);
    assert!(piped.ok().contains("no problems") && !piped.all().contains("next:"), "{piped:?}");
    // A terminal that cannot be steered gets no colour.
    let mut command = home.command(&["explain", "nonsense"]);
    command.env("TERM", "dumb");
    let (_, screen) = Terminal::run(&command, (80, 24)).end();
    assert!(!screen.coloured && screen.text().contains("code  name_invalid"), "{screen:?}");
}
