//! What the machine is, in words: enough to judge the figures, nothing that names it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::options::{Extent, Options};
use crate::command::output_of;
use crate::place::Place;

/// How long a small program may take.
const ASK_LIMIT: Duration = Duration::from_secs(10);

/// What a run is measured on, and how.
pub(super) fn describe(
    place: &Place,
    folder: &Path,
    options: &Options,
) -> Result<BTreeMap<String, String>> {
    let cores = std::thread::available_parallelism().context("the cores cannot be counted")?;
    let (warm, window) = options.extent.times();
    let said = [
        ("cores", cores.to_string()),
        ("processor", processor()),
        ("memory", memory()),
        ("kernel", kernel()),
        ("disk", disk(folder)),
        ("load before", read_line("/proc/loadavg").split(' ').take(1).collect()),
        ("date", asked(Command::new("date").args(["-u", "+%F"]))),
        ("commit", commit(place)),
        ("rustc", asked(Command::new("rustc").arg("--version"))),
        ("rounds", options.rounds().to_string()),
        ("window", format!("{} s after {} s", window.as_secs_f64(), warm.as_secs_f64())),
        ("clients", options.extent.clients().to_string()),
        ("readers", options.extent.readers().to_string()),
        ("rate", options.extent.per_second().to_string()),
        ("streams", options.extent.streams().to_string()),
        ("build", if options.extent == Extent::Smoke { "debug" } else { "release" }.to_owned()),
    ];
    Ok(said.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// What a program says; what it does not say is unknown, and no reason to stop.
fn asked(command: &mut Command) -> String {
    let said = output_of(command, ASK_LIMIT).unwrap_or_default();
    said.lines().next().unwrap_or("unknown").trim().to_owned()
}

fn commit(place: &Place) -> String {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty"]).current_dir(&place.root);
    asked(&mut git)
}

fn read_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").trim().to_owned()
}

/// The kernel's version, without what whoever built it added.
fn kernel() -> String {
    let release = read_line("/proc/sys/kernel/osrelease");
    release.chars().take_while(|letter| letter.is_ascii_digit() || *letter == '.').collect()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = line.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim());
    name.unwrap_or("unknown").to_owned()
}

fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{} GB", kib * 1_024 / 1_000_000_000))
}

/// The file system that `folder` is on, and what kind of device carries it.
fn disk(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let Some((device, kind)) = mount_of(&mounts, folder) else { return "unknown".to_owned() };
    let name = device.rsplit('/').next().unwrap_or_default();
    let carrier = match name.get(..2) {
        Some("vd") => "a virtual disk",
        Some("nv") => "an NVMe device",
        Some("sd") => "a SCSI or SATA device",
        Some("dm") => "a device mapper",
        _ => "a device of another kind",
    };
    format!("{kind} on {carrier}")
}

/// Device and file system of the mount that a path lies in: the deepest that leads to it.
fn mount_of<'a>(mounts: &'a str, path: &Path) -> Option<(&'a str, &'a str)> {
    let entries = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let holding = entries.filter(|(_, point, _)| path.starts_with(point));
    holding.max_by_key(|(_, point, _)| point.len()).map(|(device, _, kind)| (device, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lies_in_its_deepest_mount() {
        let mounts =
            "/dev/vda1 / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /srv/a xfs rw 0 0\n";
        let check =
            |path: &str, expect| assert_eq!(mount_of(mounts, Path::new(path)), Some(expect));
        check("/home/x", ("/dev/vda1", "ext4"));
        check("/tmp/x", ("tmpfs", "tmpfs"));
        check("/srv/a/b", ("/dev/vdb", "xfs"));
        check("/srv/ab", ("/dev/vda1", "ext4"));
        assert_eq!(mount_of("", Path::new("/x")), None);
    }
}
