//! Lines of an event stream, piece by piece: which field a line is, and its value as it comes.

use memchr::memchr;

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'p> {
    /// The beginning of a `data` field.
    DataBegins,
    /// Text of a `data` field.
    Data(&'p [u8]),
    /// The beginning of an `event` field.
    NameBegins,
    /// Text of an `event` field.
    Name(&'p [u8]),
    /// The end of a line, which was of that kind.
    End(Line),
}

/// What a line is to an event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The end of an event.
    Blank,
    /// A comment.
    Comment,
    /// Anything else.
    Field,
}

/// The line under way.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The field's name as far as it came.
    name: Vec<u8>,
    /// The field, once its colon came.
    field: Option<Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// With whether a leading space is still to be left out.
    Data(bool),
    Name(bool),
    Comment,
    Other,
}

/// Longest name that is of interest, and one byte to tell it from longer ones.
const NAME_BYTES_MAX: usize = "event".len() + 1;

/// The pieces of `chunk`: each ends with a line feed, but for what follows the last one.
pub(super) fn pieces(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = chunk;
    std::iter::from_fn(move || {
        let end = memchr(b'\n', rest).map_or(rest.len(), |at| at.saturating_add(1));
        let (piece, behind) = rest.split_at_checked(end)?;
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

impl Lines {
    /// Takes a piece that ends with a line feed or breaks off, and calls `each` with what it is.
    pub(super) fn take(&mut self, piece: &[u8], mut each: impl FnMut(Piece<'_>)) {
        let end = piece.strip_suffix(b"\n");
        let mut rest = end.unwrap_or(piece);
        if self.field.is_none() {
            rest = self.take_name(rest, &mut each);
        }
        self.take_value(rest, &mut each);
        if end.is_some() {
            self.end(each);
        }
    }

    /// The end of the line, be it that of the stream.
    pub(super) fn end(&mut self, mut each: impl FnMut(Piece<'_>)) {
        let name = self.name.strip_suffix(b"\r").unwrap_or(&self.name);
        let line = match self.field {
            None if name.is_empty() => Line::Blank,
            None => {
                // A name alone is a field without a value.
                begin(Field::named(name), &mut each);
                Line::Field
            }
            Some(Field::Comment) => Line::Comment,
            Some(Field::Data(_) | Field::Name(_) | Field::Other) => Line::Field,
        };
        *self = Self::default();
        each(Piece::End(line));
    }

    /// Whether no line is under way.
    pub(super) const fn is_new(&self) -> bool {
        self.name.is_empty() && self.field.is_none()
    }

    fn take_name<'p>(&mut self, piece: &'p [u8], each: &mut impl FnMut(Piece<'_>)) -> &'p [u8] {
        for (at, byte) in piece.iter().copied().enumerate() {
            if byte == b':' {
                let field = Field::named(&self.name);
                self.field = Some(field);
                begin(field, each);
                return piece.get(at.saturating_add(1)..).unwrap_or_default();
            }
            if self.name.len() < NAME_BYTES_MAX {
                self.name.push(byte);
            }
        }
        &[]
    }

    fn take_value(&mut self, piece: &[u8], each: &mut impl FnMut(Piece<'_>)) {
        if piece.is_empty() {
            return;
        }
        let value = |leading: bool| match piece.split_first() {
            Some((b' ', rest)) if leading => rest,
            _ => piece,
        };
        match self.field {
            Some(Field::Data(leading)) => {
                self.field = Some(Field::Data(false));
                each(Piece::Data(value(leading)));
            }
            Some(Field::Name(leading)) => {
                self.field = Some(Field::Name(false));
                each(Piece::Name(value(leading)));
            }
            Some(Field::Comment | Field::Other) | None => {}
        }
    }
}

impl Field {
    fn named(name: &[u8]) -> Self {
        match name {
            b"" => Self::Comment,
            b"data" => Self::Data(true),
            b"event" => Self::Name(true),
            _ => Self::Other,
        }
    }
}

fn begin(field: Field, each: &mut impl FnMut(Piece<'_>)) {
    match field {
        Field::Data(_) => each(Piece::DataBegins),
        Field::Name(_) => each(Piece::NameBegins),
        Field::Comment | Field::Other => {}
    }
}
