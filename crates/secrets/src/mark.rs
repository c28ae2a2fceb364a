//! The mark of a secret: the latest version that was ever given out, in a file of its own.
//!
//! Records name a value by its secret and version. Were a version given out again once its file is
//! gone, one name would stand for two values; the folder of sealed files alone cannot tell.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use model::{SecretName, SecretVersion};

use crate::SecretError;
use crate::index::version_in;

/// The folder of marks, one file for each secret. No secret can have its name, and removing a
/// secret's own folder leaves it alone.
pub(crate) const DIR: &str = ".latest";

/// Largest mark, in bytes: `v`, ten digits and a line's end, with room to spare.
const BYTES_MAX: u64 = 16;

/// Where the mark of `name` stands in the store's folder `dir`.
pub(crate) fn path(dir: &Path, name: &SecretName) -> PathBuf {
    dir.join(DIR).join(name.as_str())
}

/// What a mark holds.
pub(crate) fn text(version: SecretVersion) -> String {
    format!("{version}\n")
}

/// The version that the mark at `path` names; none where there is no mark.
///
/// # Errors
/// It cannot be read, or names no version: then nobody knows which are free.
pub(crate) fn read(path: &Path) -> Result<Option<SecretVersion>, SecretError> {
    let unreadable = |source| SecretError::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(unreadable)?,
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = str::from_utf8(&bytes).ok().map(|text| text.strip_suffix('\n').unwrap_or(text));
    let version = text.and_then(version_in);
    version.map(Some).ok_or_else(|| SecretError::Mark { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_names_one_version_and_anything_else_is_no_mark() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("mark");
        assert_eq!(read(&path).expect("none"), None);
        for (bytes, version) in [("v1\n", 1), ("v12", 12), ("v4294967295\n", u32::MAX)] {
            std::fs::write(&path, bytes).expect("written");
            assert_eq!(read(&path).expect("a mark"), Some(SecretVersion(version)));
        }
        assert_eq!(text(SecretVersion(12)), "v12\n");
        for bytes in [
            "",
            "\n",
            "v",
            "v0\n",
            "v01\n",
            "v+1\n",
            "1\n",
            "v1 \n",
            "v1\n\n",
            "v1\r\n",
            " v1\n",
            "v4294967296\n",
            "v1\nv2\n",
            "v-1\n",
            "v\u{661}\n",
        ] {
            std::fs::write(&path, bytes).expect("written");
            assert!(matches!(read(&path), Err(SecretError::Mark { .. })), "{bytes:?}");
        }
        std::fs::write(&path, [b'v', 0xff]).expect("written");
        assert!(matches!(read(&path), Err(SecretError::Mark { .. })));
        std::fs::write(&path, format!("v1{}", "\n".repeat(1 << 16))).expect("written");
        assert!(matches!(read(&path), Err(SecretError::Mark { .. })));
        assert!(matches!(read(dir.path()), Err(SecretError::Read { .. })));
    }
}
