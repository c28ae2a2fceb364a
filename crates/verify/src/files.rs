//! Reading files, bounded: no file here is read beyond the largest that a log can have.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use tlog::bundle::BUNDLE_BYTES_MAX;

use crate::Failure;

/// The content of `path`; `None` where there is no such file.
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // What the file says it holds, so that the bytes are not copied while they come.
    let holds = file.metadata()?.len().min(BUNDLE_BYTES_MAX as u64);
    let mut bytes = Vec::with_capacity(usize::try_from(holds).unwrap_or_default() + 1);
    // One byte more than the bound, so that a file beyond it is seen to be too large.
    file.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > BUNDLE_BYTES_MAX {
        let what = format!("it has more than {BUNDLE_BYTES_MAX} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, what));
    }
    Ok(Some(bytes))
}

/// The content of `path`, which has to be there.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable =
        |why: &str| Failure::Unreadable(format!("{} cannot be read: {why}", path.display()));
    match read_if_there(path) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(unreadable("there is no such file")),
        Err(error) => Err(unreadable(&error.to_string())),
    }
}

/// The content of `path` as text.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?)
        .map_err(|_| Failure::Unreadable(format!("{} is not text", path.display())))
}
