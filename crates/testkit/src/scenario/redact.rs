//! Replaces what changes from run to run by what it is.

use std::path::Path;

/// Hosts whose port number is replaced.
const LOCAL: [&str; 3] = ["127.0.0.1:", "localhost:", "[::1]:"];

/// How a trust domain that a first run chose goes on behind its random part.
const CHOSEN_DOMAIN: &str = ".portreeve.internal";

/// The lines of `printed`, with everything replaced that no two runs share.
pub(crate) fn text(printed: &str, dir: &Path) -> Vec<String> {
    let dir = dir.display().to_string();
    printed.lines().map(|line| redact(&line.replace(&dir, "[dir]"))).collect()
}

/// `printed`, but with the lines of `written` where they differ by `[number]` only.
pub(crate) fn keep_numbers(written: &[String], printed: &[String]) -> Vec<String> {
    let mut written = written.iter().peekable();
    printed
        .iter()
        .map(|line| {
            // A line that was added or removed shifts the others; look ahead for the one that fits.
            let fitting = written.clone().position(|pattern| fits(pattern, line));
            match fitting.and_then(|skip| written.nth(skip)) {
                Some(pattern) => pattern.clone(),
                None => line.clone(),
            }
        })
        .collect()
}

/// Whether `line` is `pattern`, digits standing where it says `[number]`.
fn fits(pattern: &str, line: &str) -> bool {
    let Some((before, after)) = pattern.split_once("[number]") else { return pattern == line };
    let Some(rest) = line.strip_prefix(before) else { return false };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && rest.get(digits..).is_some_and(|rest| fits(after, rest))
}

fn redact(line: &str) -> String {
    let mut redacted = String::new();
    let mut rest = line;
    // A value is replaced only where it begins: not in the middle of a longer word.
    let mut at_start = true;
    while let Some(next) = rest.chars().next() {
        if let Some((length, name)) = at_start.then(|| find(rest)).flatten() {
            redacted.push_str(name);
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        if let Some(host) = LOCAL.iter().find(|host| at_start && rest.starts_with(**host)) {
            let digits = digits(rest.get(host.len()..).unwrap_or_default());
            if digits > 0 {
                redacted.push_str(host);
                redacted.push_str("[port]");
                rest = rest.get(host.len() + digits..).unwrap_or_default();
                continue;
            }
        }
        redacted.push(next);
        at_start = !next.is_alphanumeric();
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    redacted
}

/// What `text` begins with: its length and its name.
fn find(text: &str) -> Option<(usize, &'static str)> {
    let hex = |text: &str| text.bytes().take_while(|byte| is_hex(*byte)).count();
    if shaped(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
        return Some((36, "[uuid]"));
    }
    if let Some(length) = time(text) {
        return Some((length, "[time]"));
    }
    if hex(text) == 64 {
        return Some((64, "[sha256]"));
    }
    // The random part of a trust domain that a first run chose.
    if hex(text) == 12 && text.get(12..).is_some_and(|rest| rest.starts_with(CHOSEN_DOMAIN)) {
        return Some((12, "[random]"));
    }
    token(text).map(|length| (length, "[token]"))
}

/// The length of an RFC 3339 time.
fn time(text: &str) -> Option<usize> {
    if !shaped(text, "dddd-dd-ddTdd:dd:dd") {
        return None;
    }
    let mut length = 19;
    if let Some(fraction) = text.get(length..).and_then(|rest| rest.strip_prefix('.')) {
        length += 1 + digits(fraction);
    }
    let rest = text.get(length..)?;
    if rest.starts_with('Z') {
        Some(length + 1)
    } else if shaped(rest, "+dd:dd") || shaped(rest, "-dd:dd") {
        Some(length + 6)
    } else {
        None
    }
}

/// The length of a compact JWS: three base64url parts, the first a JSON object.
fn token(text: &str) -> Option<usize> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let length = text.bytes().take_while(|byte| is_part(byte) || *byte == b'.').count();
    let parts: Vec<&str> = text.get(..length)?.trim_end_matches('.').split('.').collect();
    let full = parts.len() == 3 && parts.iter().all(|part| part.len() >= 8);
    full.then(|| parts.iter().map(|part| part.len()).sum::<usize>() + 2)
}

/// Whether `text` begins with this shape: `x` a hexadecimal digit, `d` a decimal one.
fn shaped(text: &str, shape: &str) -> bool {
    let mut bytes = text.bytes();
    shape.bytes().all(|expected| {
        bytes.next().is_some_and(|byte| match expected {
            b'x' => is_hex(byte),
            b'd' => byte.is_ascii_digit(),
            literal => byte == literal,
        })
    })
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}
