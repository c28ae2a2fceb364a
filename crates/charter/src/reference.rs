//! The reference page of the charter, written from the table of fields and the list of codes, so
//! that it says what the code does.

use crate::code;
use crate::fields::{FIELDS, Field};
use crate::file_kind::FileKind;
use crate::tree::{FILE_BYTES_MAX, FILES_MAX, TREE_BYTES_MAX};
use crate::yaml::{DEPTH_MAX, NODES_MAX};

/// The text of `docs/reference/charter.md`.
#[must_use]
pub fn reference_page() -> String {
    let mut page = format!(
        "{HEAD}\n{BOUNDS_HEAD}- {FILES_MAX} files, {} KiB a file, {} MiB in all.\n\
         - {DEPTH_MAX} levels of lists and mappings, {NODES_MAX} values in a YAML file.\n{FIELDS_HEAD}",
        FILE_BYTES_MAX / 1024,
        TREE_BYTES_MAX / (1024 * 1024),
    );
    for kind in FileKind::ALL {
        let schema = kind.schema_file();
        page.push_str(&format!("\n### `{}`\n\n", kind.pattern()));
        page.push_str(&format!("{} JSON Schema: [{schema}](schema/{schema}).\n\n", kind.about()));
        page.push_str(TABLE_HEAD);
        for field in FIELDS.iter().filter(|field| field.file == kind) {
            page.push_str(&row(field));
        }
    }
    page.push_str(POLICIES);
    page.push_str(CODES_HEAD);
    for (code, meaning) in code::ALL {
        page.push_str(&format!("| `{code}` | {meaning} |\n"));
    }
    page
}

fn row(field: &Field) -> String {
    let Field { field, takes, required, default, what, .. } = field;
    let takes = takes.words();
    let default = if *required { "required" } else { default };
    format!("| `{field}` | {takes} | {default} | {what} |\n")
}

const HEAD: &str = "\
<!-- Generated from the tables in crates/charter by `cargo xtask docs`. Do not edit. -->
# The charter

The charter is a directory of small files that people read in review: who answers for what, which
agents exist, which models they may use, and which secrets are lent for it. `portreeve check DIR`
reports every problem at once, each with its file, line and column, what is wrong, who can fix it
and how. A charter with a problem never comes into force.

```
charter.yaml     what the gateway is called, and the seats that govern it
people.yaml      persons and their keys, teams, seats
agents/          one file an agent
providers/       one file a provider
models/          one file a model
secrets/         one file a secret; never its value
contexts/        one file an approved context
quotas/          one file a budget
policies/        Cedar: guardrails/ model/ tool/ secret/ downstream/
tests/           what the policies must answer
README.md        and any other `.md` file: counted in the digest, read by people alone
```

Any other file is a problem: nothing in a charter is ignored. Names that begin with a dot are an
editor's or a version control's own and are never part of it.

## The digest

A charter is named by the SHA-256 of its manifest: one line a file, `sha256  size  path`, sorted by
path in byte order, each ended by a line feed. Votes and log entries cite that digest, so one byte
more or less anywhere, in a comment too, makes another charter.

Without this product:

```sh
cd DIR && find . -type f ! -path '*/.*' | sed 's|^\\./||' | LC_ALL=C sort | while read -r file; do
  sum=$(sha256sum < \"$file\" | cut -d' ' -f1)
  printf '%s  %d  %s\\n' \"$sum\" \"$(wc -c < \"$file\")\" \"$file\"
done | sha256sum
```

## YAML, strictly

- One document a file, in UTF-8, without a byte order mark.
- No anchors, aliases, tags or merge keys, and no key twice: what a reviewer reads is what holds.
- Unknown fields are problems, never ignored.
- `true`, `1` and the like are not texts; a text that looks so stands in quotes.
- No character that readers do not see, or that reorders what they see, in any file.
  Nor in a value or key after YAML's escapes are read: `\"\\e\"`, `\"\\t\"` and `\"\\u202e\"` are refused.
- A key or text is one line. Only a `purpose` may have several; end a folded text with `>-`.
- Nothing that looks like a secret, in any file. A value that does is reported and not repeated.
";

const BOUNDS_HEAD: &str = "\
## Bounds

";

const FIELDS_HEAD: &str = "\
- A path has at most 200 bytes and 8 segments of letters, digits, `-`, `_` and `.`. No two differ
  only in case.

## Fields

Each kind of file has a JSON Schema (2020-12) that says the same as its table, for [editors](../guide/editors.md): what one file
shows of itself is in it, what takes two files is for `portreeve check`.

In a field's path, `*` is a name of your own and `[]` is each item of a list. *Default* is what
holds where a field is left out.

A **name** is 1 to 128 of `a-z`, `0-9` and `-_.`, and begins with a letter or digit; a **model
name** may hold `/` and `:` too. **Person**, **seat**, **team**, **agent**, **provider**,
**secret** and **context** are names that are declared in the charter. A **text** says something, in at most 4096
characters.
";

const TABLE_HEAD: &str = "\
| field | takes | default | what it is for |
|---|---|---|---|
";

const POLICIES: &str = "
### `policies/SET/FILE.cedar`

The folder decides the set: `guardrails`, `model`, `tool`, `secret` or `downstream`. The files of a
set are taken together; how they are split is for people. A file of comments alone is fine.
[The policy reference](policy.md) says what policies may name.

## Budgets

A call is held on every limit that applies to it, on all of them or on none, before it is forwarded:
the limits of its agent, of the team that runs the agent, of the gateway, and of the context it is
made in. What it may use at most is held, what it used is counted.

Money is counted in billionths of a US dollar, from the price of the dearest target that may take the
call. Where a target states no price, what OpenAI, Anthropic and Google were known to charge on
2026-10-15 for text holds, at their own addresses alone: of prices that depend on the size of the
prompt, and of those announced for later, the dearest. Audio, and writing to a provider's cache, may
cost more: state a price where agents do that.

## Seats

Four different seats govern: the accountable one and three secondary ones. Each is held by exactly
one person. While the gateway is young, one person may hold all four; it then says so in every
decision and serves no agent of environment `prod`. Nobody tagged `model-developer` may hold any
of them.

Whatever names no owner belongs to the accountable seat. A problem names the seat that answers for
the file it is in: the owner that the file names, the policy seat for policies and tests, or else
the accountable one.
";

const CODES_HEAD: &str = "
## Problems

Programs may match on the code; the words beside it may change.

| code | meaning |
|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_page_is_the_one_in_the_repository() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/charter.md");
        let written = std::fs::read_to_string(path).unwrap();
        assert!(written == reference_page(), "`cargo xtask docs` writes the page anew");
    }

    #[test]
    fn every_row_has_four_cells_and_every_optional_field_a_default() {
        for field in FIELDS {
            assert_eq!(row(field).matches('|').count(), 5, "{}", field.field);
            assert_eq!(field.required, field.default.is_empty(), "{}", field.field);
        }
    }
}
