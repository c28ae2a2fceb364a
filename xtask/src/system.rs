//! What the tests need of the system itself: small programs that Debian packages. Where one is
//! missing it is installed, and the run says so.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::command::{Show, run};
use crate::count::Count;
use crate::place::environment;

/// A program, its Debian package, and which tests call it.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("ssh-keygen", "openssh-client", "acts and keys, held against OpenSSH"),
    ("curl", "curl", "the pages' own commands"),
    ("prlimit", "util-linux", "a disk that is full"),
    ("promtool", "prometheus", "the metrics, the dashboard and the alert rules"),
    ("python3", "python3", "the vendors' SDKs"),
    ("cc", "gcc", "the C sources of the cryptographic library"),
    ("c++", "g++", "libFuzzer, and only that"),
    ("go", "golang-go", "an independent check of the log"),
];

/// Go's own checksum-database code: a source file of it, its Debian package, and what it is for.
const SOURCES: &[(&str, &str, &str)] = &[(
    "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go",
    "golang-golang-x-mod-dev",
    "the same check: it is Go's, not ours",
)];

/// How long installing may take.
const INSTALL_LIMIT: Duration = Duration::from_secs(600);

/// Installs the programs that are missing.
pub(crate) fn install_missing() -> Result<Count> {
    let path = environment("PATH").context("there is no PATH")?;
    let is_there =
        |program: &str| std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    let programs = PROGRAMS.iter().filter(|(program, ..)| !is_there(program));
    let sources = SOURCES.iter().filter(|(path, ..)| !Path::new(path).is_file());
    let missing: Vec<_> = programs.chain(sources).collect();
    if missing.is_empty() {
        return Ok(Count::PASSED);
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends"]);
    for (program, package, why) in missing {
        println!("installing {package} from Debian: `{program}` is missing, for {why}");
        install.arg(package);
    }
    // The lists may be old or absent; a failure shows in the installation.
    let _ = run(Command::new("apt-get").arg("update"), INSTALL_LIMIT, Show::Nothing);
    let finished = run(&mut install, INSTALL_LIMIT, Show::Lines)
        .context("install these programs with your system's package manager")?;
    ensure!(finished.success, "apt-get could not install them; install them by hand");
    Ok(Count::PASSED)
}
