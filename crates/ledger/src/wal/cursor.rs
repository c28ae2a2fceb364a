//! Reads frames in order, across segments, while the writer may be adding to them. Never writes.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::frame::{FRAME_HEAD_BYTES, Frame, HEADER_BYTES, Head, Header};
use super::{WalError, segments};

/// Where a reader stands in the WAL.
#[derive(Debug)]
pub(crate) struct Cursor {
    dir: PathBuf,
    origin: String,
    next: u64,
    open: Option<OpenSegment>,
}

#[derive(Debug)]
struct OpenSegment {
    path: PathBuf,
    file: BufReader<File>,
    offset: u64,
    nonce: [u8; 16],
    next: u64,
}

/// What stands at a position of a segment.
#[derive(Debug)]
pub(super) enum Found {
    /// A sound frame and the offset behind it.
    Frame(Frame, u64),
    /// Nothing.
    End,
    /// Bytes that are no sound frame.
    Unsound,
}

impl Cursor {
    /// A cursor before the entry `next` of the WAL in `dir`.
    pub(crate) fn new(dir: &Path, origin: &str, next: u64) -> Self {
        Self { dir: dir.to_owned(), origin: origin.to_owned(), next, open: None }
    }

    /// Stands before the entry `next` from now on, and forgets what was read ahead: frames that
    /// were not durable yet may be others by now.
    pub(crate) fn seek(&mut self, next: u64) {
        if next != self.next {
            self.open = None;
            self.next = next;
        } else if let Some(open) = &mut self.open
            && open.file.seek(SeekFrom::Start(open.offset)).is_err()
        {
            self.open = None;
        }
    }

    /// The next frame, or none where no sound frame with the next index stands (yet): the end,
    /// a frame under way, or a segment that was published and removed.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, WalError> {
        // One round in the open segment, one in the segment that follows it.
        for _ in 0..2 {
            if self.open.is_none() && !self.open_segment()? {
                return Ok(None);
            }
            if let Some(frame) = self.next_here()? {
                return Ok(Some(frame));
            }
            let exhausted = self.open.take_if(|open| open.next == self.next);
            if !self.segment_begins_at_next()? {
                // Nothing follows yet: stay where the next frame will appear.
                self.open = exhausted;
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Reads on in the open segment up to the wanted frame.
    fn next_here(&mut self) -> Result<Option<Frame>, WalError> {
        let Some(open) = &mut self.open else { return Ok(None) };
        loop {
            match read_at(&mut open.file, open.offset, &open.nonce)
                .map_err(WalError::io("cannot read", &open.path))?
            {
                Found::Frame(frame, behind) if frame.index == open.next => {
                    open.offset = behind;
                    open.next += 1;
                    if frame.index == self.next {
                        self.next += 1;
                        return Ok(Some(frame));
                    }
                }
                Found::Frame(..) | Found::End | Found::Unsound => return Ok(None),
            }
        }
    }

    fn segment_begins_at_next(&self) -> Result<bool, WalError> {
        Ok(segments(&self.dir)?.iter().any(|(first, _)| *first == self.next))
    }

    /// Opens the last segment that begins at or before the next entry.
    fn open_segment(&mut self) -> Result<bool, WalError> {
        let listed = segments(&self.dir)?;
        let Some((_, path)) = listed.into_iter().rev().find(|(first, _)| *first <= self.next)
        else {
            return Ok(false);
        };
        self.open = open(&path, &self.origin)?;
        Ok(self.open.is_some())
    }
}

/// Opens a segment; none if it vanished or its header is not complete.
fn open(path: &Path, origin: &str) -> Result<Option<OpenSegment>, WalError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(WalError::io("cannot open", path)(error)),
    };
    let mut file = BufReader::with_capacity(1 << 16, file);
    let Some(header) = read_header(&mut file, origin).map_err(WalError::io("cannot read", path))?
    else {
        return Ok(None);
    };
    Ok(Some(OpenSegment {
        path: path.to_owned(),
        file,
        offset: HEADER_BYTES as u64,
        nonce: header.nonce,
        next: header.first,
    }))
}

/// Reads a segment's header; none if it is short or unsound.
pub(super) fn read_header(
    file: &mut BufReader<File>,
    origin: &str,
) -> std::io::Result<Option<Header>> {
    let mut bytes = [0_u8; HEADER_BYTES];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Header::decode(origin, &bytes)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads what stands at `offset`, where `file` stands too unless the last read fell short.
pub(super) fn read_at(
    file: &mut BufReader<File>,
    offset: u64,
    nonce: &[u8; 16],
) -> std::io::Result<Found> {
    let mut raw = [0_u8; FRAME_HEAD_BYTES];
    let read = match fill(file, &mut raw) {
        Ok(FRAME_HEAD_BYTES) => read_body(file, offset, nonce, &raw)?,
        Ok(0) => Found::End,
        Ok(_) => Found::Unsound,
        Err(error) => return Err(error),
    };
    if !matches!(read, Found::Frame(..)) {
        file.seek(SeekFrom::Start(offset))?;
    }
    Ok(read)
}

fn read_body(
    file: &mut BufReader<File>,
    offset: u64,
    nonce: &[u8; 16],
    raw: &[u8; FRAME_HEAD_BYTES],
) -> std::io::Result<Found> {
    let Some(head) = Head::decode(raw) else { return Ok(Found::Unsound) };
    let mut body = vec![0_u8; head.body_bytes()];
    if fill(file, &mut body)? != body.len() {
        return Ok(Found::Unsound);
    }
    let behind = offset + head.frame_bytes();
    Ok(head.complete(nonce, raw, body).map_or(Found::Unsound, |frame| Found::Frame(frame, behind)))
}

/// Reads until `buffer` is full or the file ends; how many bytes came.
fn fill(file: &mut BufReader<File>, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
