//! Writes what a fuzzer begins with: for each target, or those that are named, a folder `seeds` and a file `words`.
//! It prints the targets' names, one a line. It fuzzes nothing.
#![expect(clippy::print_stdout, reason = "its output is the list of targets")]

use std::fmt::Write as _;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, Target, kept};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map(PathBuf::from);
    let folder = folder.ok_or_else(|| Error::other("give a folder, and perhaps targets"))?;
    let names: Vec<String> = arguments.collect();
    if let Some(unknown) = names.iter().find(|name| fuzz::target(name).is_none()) {
        let all: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        return Err(Error::other(format!("no target `{unknown}`; there are {}", all.join(", "))));
    }
    let wanted =
        |target: &&Target| names.is_empty() || names.iter().any(|name| name == target.name);
    for target in TARGETS.iter().filter(wanted) {
        write(target, &folder.join(target.name))?;
        println!("{}", target.name);
    }
    Ok(())
}

fn write(target: &Target, folder: &Path) -> Result<()> {
    let seeds = folder.join("seeds");
    if seeds.exists() {
        std::fs::remove_dir_all(&seeds)?;
    }
    std::fs::create_dir_all(&seeds)?;
    for (number, seed) in (target.seeds)().iter().enumerate() {
        std::fs::write(seeds.join(format!("seed-{number}")), seed)?;
    }
    for (name, input) in kept(target.name)? {
        std::fs::write(seeds.join(format!("kept-{name}")), input)?;
    }
    std::fs::write(folder.join("words"), dictionary(target.words))
}

/// libFuzzer's form of a dictionary: one quoted word a line, odd bytes in hexadecimal.
fn dictionary(words: &[&str]) -> String {
    let mut text = String::new();
    for word in words {
        text.push('"');
        for byte in word.bytes() {
            match byte {
                b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
                b' '..=b'~' => text.push(char::from(byte)),
                // Writing to a String cannot fail.
                byte => _ = write!(text, "\\x{byte:02X}"),
            }
        }
        text.push_str("\"\n");
    }
    text
}
