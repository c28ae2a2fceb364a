//! Holds the page that says what is read and refused to the lists that decide it.

use super::refused::REFUSED;
use super::{chat, messages};

const PAGE: &str = include_str!("../../../../docs/reference/wire.md");

#[test]
fn the_page_names_every_field_that_is_read_or_refused() {
    let refused = REFUSED.iter().map(|refused| refused.name);
    let read = chat::READ.iter().chain(messages::READ).copied();
    for name in refused.chain(read) {
        assert!(PAGE.contains(&format!("`{name}`")), "docs/reference/wire.md does not say {name}");
    }
}

#[test]
fn the_page_gives_the_code_of_every_refused_field() {
    for refused in REFUSED {
        let row = format!("| `{}` | ", refused.name);
        let row = PAGE.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("no row for {}", refused.name));
        assert!(row.contains(refused.code.as_str()), "{row}");
    }
}
