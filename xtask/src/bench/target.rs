//! What answers in a run: the upstream itself, or something between it and the client.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::lab::{KEY, status_of};
use super::programs::Programs;
use crate::gateway::Gateway;
use crate::server::Server;
use crate::stopwatch::Stopwatch;

/// Whose calls are measured; `xtask/bench/charter` declares it.
pub(super) const AGENT: &str = "bench-agent";
/// How long a target may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// How often it is asked.
const READY_EVERY: Duration = Duration::from_millis(1);

/// A target of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Nothing in between.
    Direct,
    /// A bare proxy of the same parts.
    Floor,
    /// nginx, where it is installed.
    Nginx,
    /// The product, with everything on.
    Portreeve,
}

/// A target that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) target: Target,
    pub(super) address: SocketAddr,
    /// The process whose cost counts.
    pub(super) pid: Option<u32>,
    process: Process,
}

/// What has to be kept for as long as it runs.
#[derive(Debug)]
enum Process {
    /// The stage keeps the upstream.
    None,
    Server(Server),
    Gateway(Gateway),
}

impl Target {
    /// In the order of the tables.
    pub(super) const ALL: [Self; 4] = [Self::Direct, Self::Floor, Self::Nginx, Self::Portreeve];

    /// As it stands in the raw figures and the tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Floor => "floor",
            Self::Nginx => "nginx",
            Self::Portreeve => "portreeve",
        }
    }

    /// Starts it before `upstream`; how long it took until it was ready comes with it.
    pub(super) fn start(
        self,
        programs: &Programs,
        folder: &Path,
        upstream: SocketAddr,
    ) -> Result<(Running, Duration)> {
        let listen = free_address()?;
        let log = folder.join(format!("{}.log", self.name()));
        let watch = Stopwatch::start();
        let process = match self {
            Self::Direct => Process::None,
            Self::Floor => {
                let mut command = Command::new(&programs.lab);
                command.args(["floor", &listen.to_string(), &upstream.to_string()]);
                Process::Server(Server::start("the floor", &mut command, log)?)
            }
            Self::Nginx => {
                let program = programs.nginx.as_deref().context("nginx is not installed")?;
                let mut command = nginx(program, folder, (listen, upstream))?;
                Process::Server(Server::start("nginx", &mut command, log)?)
            }
            Self::Portreeve => {
                let binary = programs.portreeve.clone();
                Process::Gateway(Gateway::start(binary, folder, &listen.to_string())?)
            }
        };
        let address = if matches!(process, Process::None) { upstream } else { listen };
        await_ready(address, watch)?;
        let took = watch.elapsed();
        let pid = match &process {
            Process::None => None,
            Process::Server(server) => Some(server.pid()),
            Process::Gateway(gateway) => Some(gateway.server().pid()),
        };
        Ok((Running { target: self, address, pid, process }, took))
    }
}

impl Running {
    /// What a client presents: a fresh token where the target asks who calls.
    pub(super) fn authorization(&self) -> Result<Option<String>> {
        Ok(match &self.process {
            // Its answer is the measure of all others, so that it gets what it demands.
            Process::None => Some(format!("Bearer {KEY}")),
            // They swap what the client presents.
            Process::Server(_) => {
                Some("Bearer a-token-of-the-client-that-must-not-pass".to_owned())
            }
            Process::Gateway(gateway) => Some(format!("Bearer {}", gateway.token(AGENT)?)),
        })
    }

    /// Ends it; a gateway must do so by itself when asked.
    pub(super) fn stop(self) -> Result<()> {
        match self.process {
            Process::None => Ok(()),
            Process::Server(server) => {
                drop(server);
                Ok(())
            }
            Process::Gateway(gateway) => gateway.stop(),
        }
    }
}

/// An address that nobody listens on now. Who takes it before its target does makes the run fail.
fn free_address() -> Result<SocketAddr> {
    let free = std::net::TcpListener::bind("127.0.0.1:0").context("no free port")?;
    free.local_addr().context("no address")
}

fn await_ready(address: SocketAddr, watch: Stopwatch) -> Result<()> {
    while status_of(address, "/readyz") != Some(200) {
        ensure!(!watch.left_of(READY_LIMIT).is_zero(), "{address} is not ready in time");
        std::thread::park_timeout(READY_EVERY);
    }
    Ok(())
}

/// nginx as a bare proxy: connections are kept on both sides, nothing is logged, no answer is held
/// back, and the credential is swapped.
fn nginx(
    program: &Path,
    folder: &Path,
    (listen, upstream): (SocketAddr, SocketAddr),
) -> Result<Command> {
    let place = folder.join("nginx");
    std::fs::create_dir_all(&place).context("cannot make a folder for nginx")?;
    let text = include_str!("../../bench/nginx.conf")
        .replace("{{LISTEN}}", &listen.to_string())
        .replace("{{UPSTREAM}}", &upstream.to_string())
        .replace("{{KEY}}", KEY);
    let file = place.join("nginx.conf");
    std::fs::write(&file, text).context("cannot write nginx's configuration")?;
    // nginx prints no address itself. `exec`, so that the process that counts is nginx.
    let mut command = Command::new("sh");
    command.args(["-c", "echo on http://$1; shift; exec \"$@\"", "sh"]);
    command.arg(listen.to_string()).arg(program).arg("-e").arg("stderr").arg("-p").arg(&place);
    command.arg("-c").arg(&file);
    Ok(command)
}
