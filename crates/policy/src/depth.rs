//! How deep conditions go. Every reader of a policy recurses into it, Cedar's validator with some
//! 30 KiB of stack a level in a debug build, so depth is bounded before anything is parsed.
//!
//! The measure is lexical and never too small: brackets, operators of a chain (`a && b && c` is
//! two levels), attribute steps and `if`s. It does not know what an expression means.

use crate::locate;

/// What a pair of brackets adds: a parser goes through all its grammar's levels for each.
const BRACKETS: usize = 2;

/// Where the first outermost bracket opens whose content is more than `limit` deep.
pub(crate) fn beyond(text: &str, limit: usize) -> Option<usize> {
    let mut open: Vec<Level> = Vec::new();
    let mut previous = ' ';
    for (offset, character) in locate::code(text) {
        match character {
            '(' | '[' | '{' => open.push(Level::at(offset)),
            ')' | ']' | '}' => {
                let closed = open.pop();
                let found = closed.and_then(|level| level.close(open.last_mut(), limit));
                if found.is_some() {
                    return found;
                }
            }
            _ => {
                if let Some(level) = open.last_mut() {
                    level.read(text, offset, previous);
                }
            }
        }
        previous = character;
    }
    // What is never closed is counted as if it were closed at the end.
    while let Some(level) = open.pop() {
        let found = level.close(open.last_mut(), limit);
        if found.is_some() {
            return found;
        }
    }
    None
}

/// What stands between a pair of brackets.
struct Level {
    start: usize,
    /// Operators of the element that is being read.
    chain: usize,
    /// The deepest operand of that element so far.
    deepest: usize,
    /// The operand that is being read.
    operand: usize,
    /// The deepest earlier element of a list.
    widest: usize,
}

impl Level {
    const fn at(start: usize) -> Self {
        Self { start, chain: 0, deepest: 0, operand: 0, widest: 0 }
    }

    fn depth(&self) -> usize {
        self.widest.max(self.chain + self.deepest.max(self.operand))
    }

    /// Takes the character at `offset`, which is no bracket.
    fn read(&mut self, text: &str, offset: usize, previous: char) {
        let rest = text.get(offset..).unwrap_or_default();
        if rest.starts_with(',') {
            *self = Self { widest: self.depth(), ..Self::at(self.start) };
        } else if rest.starts_with('.') {
            self.operand += 1;
        } else if begins_operator(rest, previous) || begins_if(rest, previous) {
            self.deepest = self.deepest.max(self.operand);
            self.operand = 0;
            self.chain += 1;
        }
    }

    /// Adds this level to the one around it; where there is none, its start if it is too deep.
    fn close(self, around: Option<&mut Self>, limit: usize) -> Option<usize> {
        let depth = self.depth() + BRACKETS;
        match around {
            Some(around) => {
                around.operand += depth;
                None
            }
            None => (depth > limit).then_some(self.start),
        }
    }
}

/// Whether an operator begins here: `&&` counts once, `!` and `-` may repeat.
fn begins_operator(rest: &str, previous: char) -> bool {
    const SIGNS: [char; 9] = ['&', '|', '=', '<', '>', '+', '*', '!', '-'];
    rest.starts_with(['!', '-']) || (rest.starts_with(SIGNS) && !SIGNS.contains(&previous))
}

/// Whether the word `if` begins here.
fn begins_if(rest: &str, previous: char) -> bool {
    let of_word = |character: char| character.is_alphanumeric() || character == '_';
    rest.strip_prefix("if").is_some_and(|after| !of_word(previous) && !after.starts_with(of_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` is `depth` deep: within that limit, beyond the next smaller one.
    fn check(text: &str, depth: usize) {
        assert_eq!(beyond(text, depth), None, "{text}");
        assert!(beyond(text, depth - 1).is_some(), "{text}");
    }

    #[test]
    fn brackets_chains_steps_and_ifs_add_up() {
        check("{}", 2);
        check("{ a }", 2);
        check("{ a && b }", 3);
        check("{a&&b&&c||d+e*f}", 7);
        check("{ a.b.c && d }", 5);
        check("{ a.b == 1 && !c.d.e }", 7);
        check("{ ((a)) }", 6);
        check("{ [a, b && c, d, e] }", 5);
        check("{ if a then b else if c then d else e }", 4);
        check("{ iffy && gif }", 3);
        check("(a) (b && c) {d}", 3);
        check("{ \"((( &&\" } // ((((((\n", 2);
        check("((((", 8);
    }

    #[test]
    fn what_is_too_deep_is_found_where_it_opens() {
        assert_eq!(beyond("(a, b) { c } { d && (e) }", 3), Some(13));
        assert_eq!(beyond(")))) {a}", 2), None);
        assert_eq!(beyond(&"(".repeat(200_000), 32), Some(0));
    }
}
