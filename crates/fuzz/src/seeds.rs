//! Where inputs come from: the vectors of `spec/`, and those that once broke something.

use std::path::{Path, PathBuf};

use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors")
}

/// The inputs of a target that broke something once, or that a fuzzer found worth keeping: file
/// names and bytes, in order.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn kept(target: &str) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let folder = vectors().join("fuzz").join(target);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut kept = Vec::new();
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        kept.push((item.file_name().to_string_lossy().into_owned(), std::fs::read(item.path())?));
    }
    kept.sort();
    Ok(kept)
}

/// The bytes of a file of vectors.
///
/// # Panics
/// It is not there: then the seeds say more than the tree holds.
pub(crate) fn file(path: &str) -> Vec<u8> {
    let path = vectors().join(path);
    match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => panic!("cannot read {}: {error}", path.display()),
    }
}

/// A file of vectors as JSON.
pub(crate) fn json(path: &str) -> Value {
    match serde_json::from_slice(&file(path)) {
        Ok(json) => json,
        Err(error) => panic!("{path} is not JSON: {error}"),
    }
}

/// Every text called `name` anywhere in `value`, in order; every text where the name is empty.
pub(crate) fn texts(value: &Value, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    gather(value, name, &mut found);
    found
}

fn gather(value: &Value, name: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if let Some(text) = value.as_str().filter(|_| key == name) {
                    found.push(text.to_owned());
                } else {
                    gather(value, name, found);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| gather(value, name, found)),
        Value::String(text) if name.is_empty() => found.push(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `head`, then `body`.
pub(crate) fn seed(head: &[u8], body: impl AsRef<[u8]>) -> Vec<u8> {
    [head, body.as_ref()].concat()
}
