//! W3C Trace Context (Level 2): which trace a request belongs to, as its client says. What does
//! not keep to the form is as if it were not there, which is what the specification asks for.

/// Longest `tracestate` that is kept, in characters.
const STATE_MAX: usize = 512;
/// Most members of a `tracestate`.
const STATE_MEMBERS_MAX: usize = 32;
/// The flag by which whoever asked says that they record the trace.
const SAMPLED: u8 = 1;

/// Where in a trace a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    pub(crate) trace: [u8; 16],
    pub(crate) parent: [u8; 8],
    pub(crate) is_sampled: bool,
    pub(crate) state: String,
}

impl TraceContext {
    /// The context in the values of the headers `traceparent` and `tracestate`, where there is
    /// one.
    pub fn read<'h>(
        mut parent: impl Iterator<Item = &'h [u8]>,
        state: impl Iterator<Item = &'h [u8]>,
    ) -> Option<Self> {
        let (first, None) = (parent.next()?, parent.next()) else { return None };
        let (trace, parent, flags) = parse(std::str::from_utf8(first).ok()?)?;
        let state = read_state(state).unwrap_or_default();
        Some(Self { trace, parent, is_sampled: flags & SAMPLED != 0, state })
    }
}

/// `00-TRACE-PARENT-FLAGS`; a later version may say more after that.
fn parse(text: &str) -> Option<([u8; 16], [u8; 8], u8)> {
    let mut parts = text.splitn(5, '-');
    let [version] = digits::<1>(parts.next()?)?;
    let (trace, parent) = (digits::<16>(parts.next()?)?, digits::<8>(parts.next()?)?);
    let [flags] = digits::<1>(parts.next()?)?;
    let more = parts.next();
    let is_known = match version {
        0 => more.is_none(),
        255 => false,
        _ => true,
    };
    (is_known && trace != [0; 16] && parent != [0; 8]).then_some((trace, parent, flags))
}

/// `2 * N` hexadecimal digits, small letters only.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// The members of all the headers, joined; nothing where one of them is malformed, or there is
/// too much.
fn read_state<'h>(headers: impl Iterator<Item = &'h [u8]>) -> Option<String> {
    let mut state = String::new();
    let mut count = 0;
    for header in headers {
        let text = std::str::from_utf8(header).ok()?;
        for member in text.split(',').map(|member| member.trim_matches([' ', '\t'])) {
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            let is_key = |byte: u8| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
            };
            let is_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=';
            count += 1;
            let well = !key.is_empty() && key.bytes().all(is_key) && value.bytes().all(is_value);
            if !well || value.is_empty() || count > STATE_MEMBERS_MAX {
                return None;
            }
            if !state.is_empty() {
                state.push(',');
            }
            state.push_str(member);
        }
    }
    (state.len() <= STATE_MAX).then_some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(parents: &[&str], states: &[&str]) -> Option<TraceContext> {
        let bytes = |text: &&'static str| text.as_bytes();
        // Leaked texts are the tests' own constants.
        let parents: Vec<&[u8]> = parents.iter().map(|text| text.as_bytes()).collect();
        let states: Vec<&[u8]> = states.iter().map(|text| text.as_bytes()).collect();
        let _ = bytes;
        TraceContext::read(parents.into_iter(), states.into_iter())
    }

    #[test]
    fn a_context_is_read() {
        let context = read(&[GOOD], &["a=1, b@c=x y", "d=2"]).expect("it is good");
        assert_eq!(context.trace[..2], [0x4b, 0xf9]);
        assert_eq!(context.parent[7], 0xb7);
        assert!(context.is_sampled);
        assert_eq!(context.state, "a=1,b@c=x y,d=2");
        let unsampled = GOOD.replace("-01", "-02");
        assert!(!read(&[&unsampled], &[]).expect("it is good").is_sampled);
        let later = GOOD.replacen("00", "cc", 1) + "-more";
        assert!(read(&[&later], &[]).is_some(), "a later version may say more");
    }

    #[test]
    fn what_is_malformed_is_as_if_it_were_not_there() {
        let bad = [
            String::new(),
            GOOD.to_uppercase(),
            GOOD.replacen("00", "ff", 1),
            format!("{GOOD}-more"),
            format!("{GOOD}0"),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GOOD.replace('-', "_"),
            GOOD.replacen("4b", "4", 1),
            GOOD.replacen("4b", "4g", 1),
            format!(" {GOOD}"),
            "00".to_owned(),
        ];
        for text in bad {
            assert_eq!(read(&[&text], &[]), None, "{text}");
        }
        assert_eq!(read(&[GOOD, GOOD], &[]), None, "twice");
        assert_eq!(read(&[], &["a=1"]), None);
    }

    #[test]
    fn a_malformed_state_is_dropped_alone() {
        let long = format!("a={}", "x".repeat(600));
        let many = (0..33).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
        for state in ["a", "=1", "A=1", "a=", "a=\u{e4}", "a=1=2", long.as_str(), many.as_str()] {
            assert_eq!(read(&[GOOD], &[state]).expect("it is good").state, "", "{state}");
        }
    }
}
