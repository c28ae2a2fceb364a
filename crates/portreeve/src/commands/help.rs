//! `portreeve help`: of a command, or of a topic that no command is about.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory as _;

use crate::cli::{Cli, EXIT_CODES};
use crate::codes::ErrorCode;
use crate::exit::Failure;
use crate::{print, suggest};

/// Topics with what each says, errors apart: those are the catalogue's.
const TOPICS: &[(&str, &str, &str)] = &[
    ("exit-codes", "what a command ends with", EXIT_CODES),
    (
        "environment",
        "the variables that are read",
        "\
Variables that are read, once, at the start:
  PORTREEVE_HOME         the home, where --home names none
  PORTREEVE_PERSON_KEY   the key to sign acts with, where --person-key names none
  OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY, GEMINI_API_KEY
                         sealed by the first `portreeve up --adopt-env-keys`, and never else
  NO_COLOR               anything but nothing: no colour, though a terminal is there
  SSL_CERT_FILE, SSL_CERT_DIR
                         whom TLS trusts, instead of the system's authorities",
    ),
    (
        "output",
        "text, JSON, errors and colour",
        "\
Standard output has data and nothing else; everything else goes to standard error.
  --json           on every command that reads: one JSON document with stable members
  --error-format   human: a heading and a rule; plain: no rules, for screen readers;
                   json: one object on one line: code, exit, what, where, help, page
Colour appears in errors, in what `portreeve check` finds and in `portreeve top`, only on a terminal,
and never where NO_COLOR is set.
On a terminal, long lines of text are broken between words; elsewhere they are whole.
Nothing that a charter or a request wrote can steer the terminal.",
    ),
    (
        "home",
        "what lies where",
        "\
Everything that a gateway must remember lies in one folder, the home:
  charter/        the working copy: yours to edit; `portreeve change propose` brings it into force
  charters/       what is and was in force, by digest
  keys/           keys, readable by you alone; keys/person signs your acts
  logs/           the control log and the decision log
  secrets/        sealed values
  quota/          what budgets have counted; found again from the log where it is lost
  settings.yaml   where to listen
Read on: docs/guide/operating.md",
    ),
];

/// Prints the help of a command or a topic; of everything where nothing is named.
pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    print::page(&text(words)?, 0);
    Ok(ExitCode::SUCCESS)
}

fn text(words: &[String]) -> Result<String, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(format!("{}\n\n{}", rendered(&mut Cli::command()), topics())),
        ["topics"] => Ok(topics()),
        ["errors"] => Ok(errors(ErrorCode::ALL)),
        ["errors", code] => {
            let found = ErrorCode::ALL.iter().find(|known| known.as_str() == *code);
            let known = ErrorCode::ALL.iter().map(|known| known.as_str());
            let unknown = || {
                let ending = suggest::ending(code, known);
                Failure::not_known(format!("there is no error `{code}`{ending}"))
            };
            found.map(|code| errors(&[*code])).ok_or_else(unknown)
        }
        [topic] if TOPICS.iter().any(|(name, ..)| name == topic) => {
            let text = TOPICS.iter().find(|(name, ..)| name == topic);
            Ok(text.map(|(.., text)| (*text).to_owned()).unwrap_or_default())
        }
        words => of_command(words),
    }
}

fn of_command(words: &[&str]) -> Result<String, Failure> {
    let mut command = Cli::command();
    // Fills in what a subcommand inherits.
    command.build();
    below(&mut command, words).map_err(|(word, mut names)| {
        names.extend(TOPICS.iter().map(|(name, ..)| (*name).to_owned()));
        let ending = suggest::ending(&word, names.iter().map(String::as_str));
        let text = format!("there is no command or topic `{}`{ending}", words.join(" "));
        Failure::not_known(text)
    })
}

/// The help of the command that `words` lead to below `command`; or the word that leads nowhere,
/// and those that would lead somewhere.
type Below = Result<String, (String, Vec<String>)>;

fn below(command: &mut clap::Command, words: &[&str]) -> Below {
    let Some((word, rest)) = words.split_first() else { return Ok(rendered(command)) };
    let names = command.get_subcommands().map(|known| known.get_name().to_owned()).collect();
    match command.find_subcommand_mut(word) {
        Some(next) => below(next, rest),
        None => Err(((*word).to_owned(), names)),
    }
}

fn rendered(command: &mut clap::Command) -> String {
    command.render_long_help().to_string().trim_end().to_owned()
}

fn topics() -> String {
    let mut text = "Topics of `portreeve help`:\n".to_owned();
    for (name, about, _) in TOPICS {
        text.push_str(&format!("  {name:<12} {about}\n"));
    }
    text.push_str("  errors       every code of a failure; `help errors CODE` explains one");
    text
}

fn errors(codes: &[ErrorCode]) -> String {
    let one = |code: &ErrorCode| {
        format!(
            "{}  (exit code {})\n  {}\n  {}\n  read {}",
            code.as_str(),
            code.exit(),
            code.title(),
            code.help(),
            code.page()
        )
    };
    codes.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        text(&words).map_err(|failure| failure.to_string())
    }

    #[test]
    fn every_topic_is_listed_and_has_something_to_say() {
        let listed = help(&["topics"]).expect("topics");
        for (name, ..) in TOPICS {
            assert!(listed.contains(name), "{name}");
            assert!(help(&[name]).expect("a text").lines().count() > 2, "{name}");
        }
        assert!(help(&[]).expect("everything").contains("Topics of `portreeve help`"));
    }

    #[test]
    fn commands_and_errors_have_their_own_help() {
        assert!(help(&["agent", "token"]).expect("help").contains("--person-key"));
        let one = help(&["errors", "not_begun"]).expect("help");
        assert!(one.starts_with("not_begun  (exit code 4)"), "{one}");
        let all = help(&["errors"]).expect("help");
        for code in ErrorCode::ALL {
            assert!(all.contains(code.as_str()), "{code:?}");
        }
    }

    #[test]
    fn what_there_is_none_of_is_guessed() {
        for (words, guess) in [
            (&["statsu"][..], Some("status")),
            (&["agent", "tokn"], Some("token")),
            (&["errors", "not_begn"], Some("not_begun")),
            (&["exit-code"], Some("exit-codes")),
            (&["xyzzyx"], None),
        ] {
            let text = help(words).expect_err("there is none");
            let said = guess.map(|guess| format!("Did you mean `{guess}`?"));
            let is_guessed = text.contains("Did you mean");
            assert_eq!(is_guessed, said.is_some(), "{text}");
            assert!(said.is_none_or(|said| text.contains(&said)), "{text}");
        }
    }
}
