//! Holds the page that says what is read and refused to the tables that decide it.

use super::refused::REFUSED;

const PAGE: &str = include_str!("../../../../docs/reference/wire.md");

#[test]
fn the_page_names_every_field_that_is_refused() {
    for refused in REFUSED {
        let row = format!("| `{}` | ", refused.name);
        assert!(PAGE.contains(&row), "no row for {}", refused.name);
    }
}
