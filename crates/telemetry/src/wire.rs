//! Protocol buffers as they are written: tags, numbers, bytes, and messages within messages. It
//! knows no message of any protocol and reads nothing.

/// A message under construction.
#[derive(Debug, Default, Clone)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// A whole number; zero is left out, as the format has it.
    pub(crate) fn number(mut self, field: u32, value: u64) -> Self {
        if value != 0 {
            self.tag(field, 0);
            self.varint(value);
        }
        self
    }

    /// A flag; false is left out unless it is one of several kinds (`present`).
    pub(crate) fn present_flag(mut self, field: u32, value: bool) -> Self {
        self.tag(field, 0);
        self.varint(u64::from(value));
        self
    }

    /// A whole number that is written even where it is zero: it is one of several kinds.
    pub(crate) fn present_number(mut self, field: u32, value: u64) -> Self {
        self.tag(field, 0);
        self.varint(value);
        self
    }

    /// Eight bytes, the lowest first; zero is left out.
    pub(crate) fn fixed(self, field: u32, value: u64) -> Self {
        if value == 0 { self } else { self.eight(field, value) }
    }

    /// Four bytes, the lowest first.
    pub(crate) fn fixed_short(mut self, field: u32, value: u32) -> Self {
        self.tag(field, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A floating point number, written even where it is zero.
    pub(crate) fn double(self, field: u32, value: f64) -> Self {
        self.eight(field, value.to_bits())
    }

    /// Bytes, or a text; nothing is left out.
    pub(crate) fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.tag(field, 2);
        self.varint(length(value.len()));
        self.0.extend_from_slice(value);
        self
    }

    /// A text.
    pub(crate) fn text(self, field: u32, value: &str) -> Self {
        if value.is_empty() { self } else { self.bytes(field, value.as_bytes()) }
    }

    /// A message within this one.
    pub(crate) fn message(self, field: u32, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// Numbers of eight bytes, packed.
    pub(crate) fn packed(self, field: u32, values: impl Iterator<Item = u64>) -> Self {
        let bytes: Vec<u8> = values.flat_map(u64::to_le_bytes).collect();
        self.bytes(field, &bytes)
    }

    /// The bytes.
    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }

    fn eight(mut self, field: u32, value: u64) -> Self {
        self.tag(field, 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn tag(&mut self, field: u32, kind: u8) {
        self.varint(u64::from(field) << 3 | u64::from(kind));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            // Seven bits at a time, the lowest first; the eighth says that more follow.
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_written_as_the_format_has_it() {
        let check = |message: Message, expect: &[u8]| assert_eq!(message.done(), expect);
        check(Message::default().number(1, 150), &[0x08, 0x96, 0x01]);
        check(Message::default().number(1, 0), &[]);
        check(Message::default().present_number(3, 0), &[0x18, 0]);
        check(Message::default().present_flag(2, true), &[0x10, 1]);
        check(Message::default().text(2, "testing"), b"\x12\x07testing");
        check(Message::default().text(2, ""), b"");
        let inner = Message::default().number(1, 150);
        check(Message::default().message(3, &inner), &[0x1a, 3, 0x08, 0x96, 0x01]);
        check(Message::default().fixed(7, 1), &[0x39, 1, 0, 0, 0, 0, 0, 0, 0]);
        check(Message::default().fixed(7, 0), &[]);
        check(Message::default().double(4, 0.0), &[0x21, 0, 0, 0, 0, 0, 0, 0, 0]);
        check(Message::default().fixed_short(16, 1), &[0x85, 0x01, 1, 0, 0, 0]);
        check(Message::default().packed(6, [1].into_iter()), &[0x32, 8, 1, 0, 0, 0, 0, 0, 0, 0]);
        let most = [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        check(Message::default().number(1, u64::MAX), &most);
    }
}
