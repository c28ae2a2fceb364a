//! The fenced blocks of a page: which are commands, and what they are to print.
//!
//! It reads text and runs nothing.

/// One `sh` block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of its first command, from 1.
    pub(crate) line: usize,
    /// The commands.
    pub(crate) commands: String,
    /// How it is run.
    pub(crate) kind: Kind,
    /// What it is to print, where a `text` block follows.
    pub(crate) expected: Option<String>,
}

/// How a block is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To its end, with this exit code.
    Foreground {
        /// The exit code it must have.
        exit: i32,
    },
    /// As a server, until the end of the page.
    Background,
    /// Not at all, for this reason.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// A fence that breaks the convention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The fence's line, from 1.
    pub(crate) line: usize,
    /// What is wrong and what mends it.
    pub(crate) what: String,
}

/// Names of shells that readers would take for commands, and that would not be run.
const NOT_RUN: [&str; 5] = ["bash", "shell", "console", "zsh", "shell-session"];
const FENCE: &str = "```";

/// The `sh` blocks of a page, in order.
pub(crate) fn parse(page: &str) -> Result<Vec<Block>, Problem> {
    let mut blocks: Vec<Block> = Vec::new();
    // Whether nothing but blank lines lies between here and the last `sh` block.
    let mut follows = false;
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(info) = line.strip_prefix(FENCE) else {
            follows = follows && line.trim().is_empty();
            continue;
        };
        let problem = |what: String| Problem { line: index + 1, what };
        let mut body = String::new();
        let closed = lines.by_ref().any(|(_, line)| {
            let closes = line.trim_end() == FENCE;
            if !closes {
                body.push_str(line);
                body.push('\n');
            }
            closes
        });
        if !closed {
            return Err(problem("this fence is never closed".to_owned()));
        }
        let (language, attributes) = info.trim().split_once(' ').unwrap_or((info.trim(), ""));
        match (language, blocks.last_mut().filter(|_| follows)) {
            ("sh", _) => {
                let kind = kind(attributes).map_err(problem)?;
                if kind == Kind::Background && body.replace("\\\n", " ").trim().contains('\n') {
                    return Err(problem("a `background` block is one command".to_owned()));
                }
                blocks.push(Block { line: index + 2, commands: body, kind, expected: None });
            }
            ("text", Some(block)) => block.expected = Some(body),
            (other, _) if NOT_RUN.contains(&other) => {
                return Err(problem(format!("`{other}` is not run: use `sh`")));
            }
            _ => {}
        }
        follows = language == "sh";
    }
    Ok(blocks)
}

/// The lines of a page with their numbers, fenced blocks left out.
pub(crate) fn prose_lines(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    page.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with(FENCE);
        inside ^= fence;
        (!inside && !fence).then_some((index + 1, line))
    })
}

fn kind(attributes: &str) -> Result<Kind, String> {
    if attributes.is_empty() {
        return Ok(Kind::Foreground { exit: 0 });
    }
    if attributes == "background" {
        return Ok(Kind::Background);
    }
    if let Some(exit) = attributes.strip_prefix("exit=").and_then(|text| text.parse().ok()) {
        return Ok(Kind::Foreground { exit });
    }
    let reason = attributes.strip_prefix("skip=\"").and_then(|text| text.strip_suffix('"'));
    match reason {
        Some(reason) if !reason.trim().is_empty() => {
            Ok(Kind::Skipped { reason: reason.to_owned() })
        }
        _ => Err(format!(
            "`{attributes}`: use `background`, `exit=CODE`, `skip=\"reason\"`, or nothing"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str) -> Result<Vec<Block>, Problem> {
        parse(&page.replace("~~~", "```"))
    }

    #[test]
    fn commands_and_what_they_print_belong_together() {
        let blocks = check("# A\n\n~~~sh\nportreeve status\n~~~\n\n~~~text\nserving\n~~~\n");
        let expected = Some("serving\n".to_owned());
        let commands = "portreeve status\n".to_owned();
        let kind = Kind::Foreground { exit: 0 };
        assert_eq!(blocks, Ok(vec![Block { line: 4, commands, kind, expected }]));
    }

    #[test]
    fn a_text_block_elsewhere_is_just_text() {
        for page in [
            "~~~text\nfirst\n~~~\n~~~sh\na\n~~~\n",
            "~~~sh\na\n~~~\nThen:\n~~~text\nb\n~~~\n",
            "~~~sh\na\n~~~\n~~~yaml\nk: v\n~~~\n~~~text\nb\n~~~\n",
        ] {
            let blocks = check(page).expect("the page is well formed");
            assert!(blocks.iter().all(|block| block.expected.is_none()), "{page}");
            assert_eq!(blocks.len(), 1, "{page}");
        }
    }

    #[test]
    fn attributes_say_how_a_block_is_run() {
        let kind = |info: &str| {
            let page = format!("~~~sh {info}\na\n~~~\n");
            check(&page).map(|blocks| blocks.into_iter().map(|block| block.kind).next())
        };
        assert_eq!(kind("background"), Ok(Some(Kind::Background)));
        assert_eq!(kind("exit=1"), Ok(Some(Kind::Foreground { exit: 1 })));
        let reason = "builds for minutes".to_owned();
        let skipped = kind("skip=\"builds for minutes\"");
        assert_eq!(skipped, Ok(Some(Kind::Skipped { reason })));
        for wrong in
            ["skip", "skip=\"\"", "skip=\" \"", "exit=", "exit=one", "Background", "ignore"]
        {
            assert!(kind(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_block_nobody_runs_and_a_fence_nobody_closes_are_problems() {
        for (page, line) in [
            ("~~~bash\na\n~~~\n", 1),
            ("text\n\n~~~console\n$ a\n~~~\n", 3),
            ("~~~sh\na\n", 1),
            ("~~~sh\na\n~~~\n~~~sh\n", 4),
            ("~~~sh background\na\nb\n~~~\n", 1),
        ] {
            assert_eq!(check(page).map_err(|problem| problem.line), Err(line), "{page}");
        }
    }

    #[test]
    fn prose_is_what_no_fence_holds() {
        let page = "a\n```sh\nb\n```\nc\n";
        assert_eq!(prose_lines(page).collect::<Vec<_>>(), [(1, "a"), (5, "c")]);
    }
}
