//! How many cells of a terminal a character takes: two for the wide ones of East Asia and for
//! pictures, none for marks that are set upon another, else one.
//!
//! Blocks rather than single characters, after Unicode's East Asian Width (W and F) and general
//! category (Mn): enough to set marks under a text. Nothing but drawing may depend on it.

/// Blocks whose characters take two cells.
const WIDE: [(u32, u32); 24] = [
    (0x1100, 0x115f),
    (0x231a, 0x231b),
    (0x23e9, 0x23ec),
    (0x2614, 0x2615),
    (0x2648, 0x2653),
    (0x26a1, 0x26a1),
    (0x2705, 0x2705),
    (0x270a, 0x270b),
    (0x274c, 0x274e),
    (0x2753, 0x2757),
    (0x2795, 0x2797),
    (0x2b1b, 0x2b1c),
    (0x2b50, 0x2b55),
    (0x2e80, 0x303e),
    (0x3041, 0x4dbf),
    (0x4e00, 0xa4cf),
    (0xa960, 0xa97c),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff00, 0xff60),
    (0xffe0, 0xffe6),
    (0x1f300, 0x1faff),
    (0x20000, 0x3fffd),
];

/// Blocks of marks that are set upon the character before them.
const MARKS: [(u32, u32); 12] = [
    (0x0300, 0x036f),
    (0x0483, 0x0489),
    (0x0591, 0x05bd),
    (0x0610, 0x061a),
    (0x064b, 0x065f),
    (0x0e34, 0x0e3a),
    (0x0e47, 0x0e4e),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x20d0, 0x20ff),
    (0x3099, 0x309a),
    (0xfe20, 0xfe2f),
];

/// The cells that `character` takes. It is one that is seen: no control character.
pub(crate) fn cells(character: char) -> usize {
    let code = u32::from(character);
    let within =
        |blocks: &[(u32, u32)]| blocks.iter().any(|(low, high)| (*low..=*high).contains(&code));
    if within(&MARKS) {
        0
    } else if within(&WIDE) {
        2
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_takes_the_cells_it_is_drawn_in() {
        for (text, width) in [
            ("name", 4),
            ("é", 1),
            ("e\u{301}", 1),
            ("名前", 4),
            ("😀", 2),
            ("한글", 4),
            ("ﾊﾝ", 2),
            ("→│", 2),
        ] {
            assert_eq!(text.chars().map(cells).sum::<usize>(), width, "{text}");
        }
    }
}
