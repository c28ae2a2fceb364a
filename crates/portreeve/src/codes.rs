//! Every way a command can fail: its stable code, its exit code, what it means, what helps and
//! where to read on. `docs/reference/errors.md` is held against this catalogue by a test.

macro_rules! catalogue {
    ($($variant:ident $code:literal $exit:literal $title:literal $help:literal $page:literal;)*) => {
        /// Why a command failed. Codes are stable: scripts and runbooks may match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ErrorCode {
            $($variant,)*
        }

        impl ErrorCode {
            /// Every code, by exit code.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What the process ends with.
            pub(crate) const fn exit(self) -> u8 {
                match self { $(Self::$variant => $exit),* }
            }

            /// What it means, in one sentence.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What helps, where the failure itself does not say.
            pub(crate) const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help),* }
            }

            /// The page to read.
            pub(crate) const fn page(self) -> &'static str {
                match self { $(Self::$variant => $page),* }
            }
        }
    };
}

catalogue! {
    NotKnown "not_known" 1 "What was named is not there." "the same command without the name, or `list`, shows what is there" "docs/reference/errors.md";
    ActDenied "act_denied" 1 "The gateway did not take the act, and nothing was changed." "mend what it says and run the command again" "docs/reference/errors.md";
    CharterInvalid "charter_invalid" 1 "The charter has problems, and nothing was changed." "mend what is listed; `portreeve check` lists all of it" "docs/guide/charter.md";
    CommandLine "command_line" 2 "The command line is wrong." "`portreeve help COMMAND` lists what it takes" "docs/reference/errors.md";
    NameInvalid "name_invalid" 2 "A name, an id or a value on the command line is not written as it must be." "`portreeve help COMMAND` says what is meant" "docs/reference/errors.md";
    SettingInvalid "setting_invalid" 3 "A setting, an address or a key that this machine was given cannot be used." "mend it and start again; nothing was changed" "docs/guide/operating.md";
    NothingServes "nothing_serves" 4 "The command needs a gateway that serves, and none does." "start it with `portreeve up`, or name its home with --home" "docs/guide/operating.md";
    NotBegun "not_begun" 4 "No gateway was begun in this home." "`portreeve up` begins one, or name another with --home" "docs/guide/first-hour.md";
    HomeUnusable "home_unusable" 4 "The home cannot be used: another process serves from it, or others can read it." "`portreeve status` says whether one serves" "docs/guide/operating.md";
    LogUnreadable "log_unreadable" 4 "A log cannot be read, or contradicts what was signed." "`portreeve ledger verify` says what is wrong with it" "docs/guide/ledger.md";
    Unavailable "unavailable" 4 "The disk, a log, a key or the gateway fails just now." "`portreeve status` says how it stands" "docs/guide/operating.md";
    ActUnauthorised "act_unauthorised" 5 "The act is not signed by somebody who may ask for it." "sign with a key that people.yaml of the charter in force names" "docs/guide/charter.md";
    NoKey "no_key" 5 "There is no key to sign with, or it belongs to nobody." "name yours with --person-key FILE or PORTREEVE_PERSON_KEY" "docs/guide/charter.md";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn codes_are_distinct_and_exit_codes_are_those_of_failures() {
        let codes: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!((1..=5).contains(&code.exit()), "{code:?}");
            assert!(code.title().ends_with('.') && !code.help().is_empty(), "{code:?}");
        }
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| code.exit()));
    }

    #[test]
    fn the_page_lists_every_code_as_the_catalogue_has_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let page =
            std::fs::read_to_string(root.join("docs/reference/errors.md")).expect("the page");
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        let row = |code: &ErrorCode| {
            format!(
                "| `{}` | {} | {} | {} |",
                code.as_str(),
                code.exit(),
                code.title(),
                code.help()
            )
        };
        let expected: Vec<String> = ErrorCode::ALL.iter().map(row).collect();
        assert_eq!(rows, expected);
        for code in ErrorCode::ALL {
            assert!(root.join(code.page()).is_file(), "{code:?}");
        }
    }
}
