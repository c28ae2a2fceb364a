//! How much of a line a problem means, where only its beginning is known: one word, one quoted
//! text, one value of YAML. It guesses from the line alone and only draws.

/// How many characters the token at the beginning of `rest` has; at least one. `before` is what
/// stands left of it on the line.
pub(super) fn length(is_yaml: bool, before: &str, rest: &str) -> usize {
    let token = if is_yaml { value(before, rest) } else { word(rest) };
    token.chars().count().max(1)
}

/// A key, a value or a comment of YAML.
fn value<'r>(before: &str, rest: &'r str) -> &'r str {
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(rest, quote),
        Some('#') => rest.trim_end(),
        Some('&' | '*' | '!') => rest.split_whitespace().next().unwrap_or_default(),
        Some('[' | '{') | None => rest.get(..1).unwrap_or_default(),
        Some('-') if rest.starts_with("- ") => "-",
        Some(_) => {
            let is_flow = before.contains(['[', '{']);
            let ends = |(at, character): &(usize, char)| {
                let next = rest.get(at + character.len_utf8()..).unwrap_or_default();
                match character {
                    ':' => next.is_empty() || next.starts_with([' ', '\t']),
                    ',' | ']' | '}' => is_flow,
                    ' ' | '\t' => next.trim_start().starts_with('#'),
                    _ => false,
                }
            };
            let end = rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
            rest.get(..end).unwrap_or(rest).trim_end()
        }
    }
}

/// A word of Cedar: an annotation with its text, a quoted text, a name with its dots.
fn word(rest: &str) -> &str {
    if let Some(quote @ '"') = rest.chars().next() {
        return quoted(rest, quote);
    }
    let name = rest.strip_prefix('@').unwrap_or(rest);
    let of_name = |character: char| character.is_alphanumeric() || "_.:".contains(character);
    let name_end = name.find(|character| !of_name(character)).unwrap_or(name.len());
    let mut end = rest.len() - name.len() + name_end;
    let after = rest.get(end..).unwrap_or_default();
    if let Some(text) = after.strip_prefix("(\"").filter(|_| rest.starts_with('@'))
        && let Some(close) = text.find("\")")
    {
        end += close + 4;
    }
    rest.get(..end).unwrap_or(rest)
}

/// From the quote that `text` begins with to the one that closes it.
fn quoted(text: &str, quote: char) -> &str {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' && quote == '"' {
            is_escaped = true;
        } else if character == quote {
            return text.get(..=at).unwrap_or(text);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_yaml_ends_where_it_ends() {
        for (before, rest, token) in [
            ("", "name: demo", "name"),
            ("name: ", "demo   # the name", "demo"),
            ("name: ", "a b c", "a b c"),
            ("url: ", "https://a.example:80/x", "https://a.example:80/x"),
            ("x: ", "'it is', y", "'it is'"),
            ("x: ", "\"a\\\"b\" # y", "\"a\\\"b\""),
            ("x: {", "a: 1}", "a"),
            ("x: [", "one, two]", "one"),
            ("x: ", "one, two", "one, two"),
            ("x: ", "{a: 1}", "{"),
            ("x: ", "&who one", "&who"),
            ("x: ", "-60}", "-60}"),
            ("", "- one", "-"),
            ("", "# yaml: x ", "# yaml: x"),
            ("x: ", "名前, y", "名前, y"),
        ] {
            assert_eq!(value(before, rest), token, "{rest}");
        }
        for rest in ["", "\"", "'", " ", "é"] {
            assert!(length(true, "", rest) == 1, "{rest}");
        }
    }

    #[test]
    fn a_word_of_cedar_ends_where_it_ends() {
        for (rest, token) in [
            ("@id(\"x\") permit", "@id(\"x\")"),
            ("@id (\"x\")", "@id"),
            ("context.target.region == 1", "context.target.region"),
            ("Action::\"x\"", "Action::"),
            ("\"a b\")", "\"a b\""),
            ("permit (", "permit"),
        ] {
            assert_eq!(word(rest), token);
        }
        assert_eq!(length(false, "", "("), 1);
    }
}
