//! `portreeve top` on a real terminal: it follows the gateway, fits, and leaves the terminal as it
//! found it, however it ends.

use std::process::Command;

use crate::common::{Home, Server};
use crate::terminal::{Screen, Terminal};

const SIZE: (u16, u16) = (100, 40);

fn on_a_terminal(home: &Home, arguments: &[&str], environment: &[(&str, &str)]) -> Terminal {
    let mut command: Command = home.command(&[&["top"], arguments].concat());
    command.env("TERM", "xterm").envs(environment.iter().copied());
    Terminal::run(&command, SIZE)
}

/// A gateway that answered a call and refused one; gives the refused one's decision.
fn used(home: &Home) -> (Server, String) {
    let server = home.up();
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    let refused = server.call_model(&token, "no-such-model");
    let decision = refused.header("portreeve-decision").unwrap().to_owned();
    (server, decision)
}

/// It ended well and the terminal shows what it did before.
#[track_caller]
fn left(terminal: Terminal) -> Screen {
    let (status, screen) = terminal.end();
    assert_eq!(status.code(), Some(0), "{}", screen.text());
    assert!(!screen.alternate && !screen.cursor_hidden && !screen.wraps_not, "{screen:?}");
    assert_eq!(screen.faults, Vec::<String>::new());
    assert_eq!(screen.text().trim(), "<<the end>>", "nothing of it stays");
    screen
}

#[test]
fn it_follows_the_gateway_until_somebody_leaves() {
    let home = Home::new();
    let (server, decision) = used(&home);
    let mut terminal = on_a_terminal(&home, &["--every", "1"], &[]);
    let screen = terminal.wait(&decision);
    assert!(screen.alternate && screen.cursor_hidden && screen.wraps_not, "{screen:?}");
    for part in ["serving for", "requests/s", "demo-agent", "portreeve-demo", "model_unknown"] {
        assert!(screen.text().contains(part), "{part}:\n{}", screen.text());
    }
    let later = server.call_model(&home.token("demo-agent"), "another-model");
    terminal.wait(later.header("portreeve-decision").unwrap());
    terminal.press("c");
    let codes = terminal
        .wait_for("codes alone", |screen| screen.is_whole() && !screen.text().contains(&decision));
    assert!(codes.text().contains("who can fix it"), "{}", codes.text());
    // A key that means nothing changes nothing, nor does Ctrl-Z.
    terminal.press("\u{1b}[A?\u{1a}o");
    terminal.wait(&decision);
    terminal.press("q");
    assert!(left(terminal).coloured);
    server.stop();
}

#[test]
fn it_fits_whatever_size_the_terminal_is_given() {
    let home = Home::new();
    let (server, decision) = used(&home);
    let mut terminal = on_a_terminal(&home, &["--every", "3600"], &[]);
    terminal.wait(&decision);
    for (columns, lines) in [(200, 60), (40, 10), (7, 3), (1, 1), (80, 24)] {
        let text = terminal.resize(columns, lines).text();
        let first = text.split('\n').next().unwrap_or_default();
        assert!(columns < 10 || !first.is_empty(), "{text}");
        let last = text.split('\n').next_back().unwrap_or_default();
        assert!(lines < 10 || last.starts_with("q leave"), "{text}");
    }
    terminal.press("\u{3}");
    left(terminal);
    server.stop();
}

#[test]
fn signals_leave_the_terminal_as_it_was() {
    let home = Home::new();
    let server = home.up();
    for signal in ["-TERM", "-INT", "-HUP"] {
        let terminal = on_a_terminal(&home, &[], &[]);
        terminal.wait("serving for");
        terminal.signal(signal);
        left(terminal);
    }
    server.stop();
}

#[test]
fn a_terminal_that_takes_nothing_does_not_keep_it() {
    let home = Home::new();
    let server = home.up();
    let mut terminal = on_a_terminal(&home, &[], &[]);
    terminal.wait("serving for");
    terminal.hold();
    terminal.press("a");
    terminal.signal("-TERM");
    let (status, _) = terminal.end();
    assert_eq!(status.code(), Some(0));
    server.stop();
}

#[test]
fn a_gateway_that_goes_away_is_asked_until_it_is_back() {
    let home = Home::new();
    // Nothing has ever served here.
    let waiting = on_a_terminal(&home, &["--every", "1"], &[("NO_COLOR", "1")]);
    waiting.wait("nothing serves at");
    let (server, decision) = used(&home);
    waiting.wait(&decision);
    server.kill();
    let gone = waiting.wait("nothing serves at");
    assert!(gone.text().contains(&decision), "what it saw last:\n{}", gone.text());
    assert!(gone.text().contains("as of "), "{}", gone.text());
    let server = home.up();
    let back = waiting.wait("serving for");
    assert!(!back.text().contains("nothing serves"), "{}", back.text());
    assert!(!back.text().contains(&decision), "another process began anew:\n{}", back.text());
    waiting.signal("-TERM");
    assert!(!left(waiting).coloured, "NO_COLOR");
    server.stop();
}

#[test]
fn where_nobody_looks_on_it_prints_once() {
    let home = Home::new();
    let failed = home.run(&["top"]);
    assert!(failed.fails(4).contains("nothing serves"), "{failed:?}");
    let (server, decision) = used(&home);
    let once = home.run(&["top"]);
    for part in ["requests/s", "demo-agent", &decision] {
        assert!(once.ok().contains(part), "{part}: {}", once.out);
    }
    assert!(!once.out.contains('\u{1b}') && !once.out.contains("q leave"), "{}", once.out);
    let codes = home.run(&["top", "--by", "code"]);
    assert!(codes.ok().contains("model_unknown") && !codes.out.contains(&decision), "{codes:?}");
    let json = home.run(&["top", "--json"]).json();
    assert_eq!(json["traffic"]["newest"][0]["id"], decision.as_str());
    assert_eq!(json["healthy"], true);
    home.run(&["top", "--every", "0"]).fails(2);
    home.run(&["top", "--by", "nonsense"]).fails(2);
    // On a terminal it is the same, once and in its width.
    let terminal = on_a_terminal(&home, &["--once"], &[]);
    let (status, screen) = terminal.end();
    assert!(status.success() && screen.coloured, "{}", screen.text());
    assert_eq!(screen.faults, Vec::<String>::new());
    assert!(screen.text().contains(&decision), "{}", screen.text());
    server.stop();
}
