//! The end-to-end tests: the real binary, the vendors' own SDKs, and providers nobody here wrote.
//!
//! First the drivers meet the bare upstreams, which shows that they demand nothing a real one does
//! not give. Then they meet the gateway in front of its demo provider, and last the gateway in
//! front of those upstreams. Everything listens on loopback and ends with the run.

mod drivers;
mod plan;
mod upstreams;

use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::Verdict;
use crate::count::Count;
use crate::gateway::{ANY_PORT, Gateway, settle};
use crate::node::Node;
use crate::place::Place;
use crate::python::Python;
use crate::tally::Tally;
use crate::test::{Packages, build_binaries};
use drivers::{Target, drive, lay_out_scripts};
use plan::{
    Agent, BEFORE_THE_DEMO, BEFORE_THE_FAILING, DEMO_CAN, DEMO_MODELS, EXPORTED, MEETINGS,
    OBSERVING, UNDER_BUDGETS,
};
use upstreams::{KEY, KEY_VALUE, Upstream, Upstreams};

/// The settings of a first run, a listener for metrics, and a collector at `{{COLLECTOR}}`.
const SETTINGS: &str = "\
listeners:
  - {address: \"127.0.0.1:0\", transport: tcp, surface: agents}
  - {address: \"127.0.0.1:0\", transport: tcp, surface: metrics}
  - {address: admin.sock, transport: unix, surface: admin}
telemetry:
  otlp: {endpoint: \"{{COLLECTOR}}\", metrics_seconds: 2}
";

/// Where a run happens and what it uses.
#[derive(Debug, Clone, Copy)]
struct Stage<'a> {
    place: &'a Place,
    python: &'a Python,
    node: &'a Node,
    folder: &'a Path,
}

/// Installs what is needed, builds, and runs the end-to-end tests alone.
pub(crate) fn run_alone() -> Result<Verdict> {
    let place = Place::find()?;
    let mut tally = Tally::default();
    let mut packages = None;
    tally.step("packages", || {
        packages = Some(Packages::install(&place)?);
        Ok(Count::PASSED)
    });
    let built = tally.step("build", || build_binaries(&place));
    match packages {
        Some(packages) if built == Verdict::Passed => run(&place, &packages, &mut tally),
        _ => tally.not_run("end to end", "a package or the binary is missing"),
    }
    Ok(tally.finish())
}

/// Runs the end-to-end tests as steps of `tally`.
pub(crate) fn run(place: &Place, packages: &Packages, tally: &mut Tally) {
    let folder = match TempDir::new() {
        Ok(folder) => folder,
        Err(error) => {
            return tally.not_run("end to end", &format!("no temporary folder: {error}"));
        }
    };
    let Packages { python, node } = packages;
    let stage = Stage { place, python, node, folder: folder.path() };
    let mut upstreams = None;
    let bare = tally.step("end to end: the drivers against bare upstreams", || {
        lay_out_scripts(&stage)?;
        before_bare(&stage, upstreams.insert(Upstreams::start(&stage)?))
    });
    let mut gateway = None;
    let demo = tally.step("end to end: the gateway before its demo provider", || {
        let collector = upstreams.as_ref().context("the collector did not start")?;
        let collector = collector.url(Upstream::Collector);
        settle(folder.path(), &SETTINGS.replace("{{COLLECTOR}}", &collector))?;
        let started = Gateway::start(place.binary("portreeve"), folder.path(), ANY_PORT)?;
        before_the_demo(&stage, gateway.insert(started))
    });
    const FOREIGN: &str = "end to end: the gateway before upstreams nobody here wrote";
    const FAULTS: &str = "end to end: upstreams that fail, and what the log says of it";
    const BUDGETS: &str = "end to end: budgets and contexts that refuse, and what is charged";
    const OBSERVED: &str = "end to end: what metrics, the dashboard and alerts show of all that";
    let [mut foreign, mut faults, mut budgets, mut observed] = [Verdict::Failed; 4];
    match (&upstreams, &gateway) {
        (Some(upstreams), Some(gateway)) => {
            foreign = tally.step(FOREIGN, || before_foreign(&stage, gateway, upstreams));
            budgets = tally.step(BUDGETS, || under_budgets(&stage, gateway));
            faults = tally.step(FAULTS, || before_failing(&stage, gateway, upstreams));
            observed = tally.step(OBSERVED, || observing(&stage, gateway, upstreams));
        }
        _ => tally.not_run(FOREIGN, "the gateway or an upstream did not start"),
    }
    let mut stopped = Verdict::Failed;
    if let Some(gateway) = gateway {
        let stops = "end to end: the gateway stops, and its ledger verifies";
        stopped = tally.step(stops, || gateway.stop_and_verify());
    }
    if [bare, demo, foreign, budgets, faults, observed, stopped].contains(&Verdict::Failed) {
        println!("the home and the logs are kept in {}", folder.keep().display());
    }
}

fn before_bare(stage: &Stage<'_>, upstreams: &Upstreams) -> Result<Count> {
    let mut count = Count::default();
    for meeting in MEETINGS {
        let target = Target {
            base_url: upstreams.url(meeting.upstream),
            token: KEY_VALUE.to_owned(),
            granted_token: None,
            keeping_token: None,
            through_gateway: false,
            models: meeting.bare,
            can: meeting.can,
            cli: Vec::new(),
            upstream: None,
        };
        count = count + drive(stage, meeting.script, &target)?;
    }
    Ok(count)
}

fn before_the_demo(stage: &Stage<'_>, gateway: &Gateway) -> Result<Count> {
    let mut count = Count::default();
    for script in BEFORE_THE_DEMO {
        let target = Target { models: DEMO_MODELS, can: DEMO_CAN, ..through(gateway)? };
        count = count + drive(stage, script, &target)?;
    }
    Ok(count)
}

/// Declares the upstreams by a change, seals their key, and drives the gateway before them.
fn before_foreign(stage: &Stage<'_>, gateway: &Gateway, upstreams: &Upstreams) -> Result<Count> {
    gateway.apply(&stage.place.root.join("e2e/charter"), &upstreams.placeholders())?;
    println!("ok   a change that declares the upstreams was applied");
    gateway.seal(KEY, KEY_VALUE)?;
    println!("ok   the providers' key was sealed");
    let mut count = Count { passed: 2, failed: 0 };
    for meeting in MEETINGS {
        let mut target = Target { models: meeting.governed, can: meeting.can, ..through(gateway)? };
        if meeting.upstream == Upstream::Mock {
            target.granted_token = Some(gateway.token(Agent::Granted.name())?);
            target.keeping_token = Some(gateway.token(Agent::Keeping.name())?);
        }
        count = count + drive(stage, meeting.script, &target)?;
    }
    Ok(count)
}

/// Drives the gateway as agents that budgets and contexts bind: a driver fetches their tokens.
fn under_budgets(stage: &Stage<'_>, gateway: &Gateway) -> Result<Count> {
    let mut count = Count::default();
    for script in UNDER_BUDGETS {
        let target = Target { cli: gateway.cli(), ..through(gateway)? };
        count = count + drive(stage, script, &target)?;
    }
    Ok(count)
}

/// Drives the gateway before upstreams that fail, then reads what log, routes and upstream say.
fn before_failing(stage: &Stage<'_>, gateway: &Gateway, upstreams: &Upstreams) -> Result<Count> {
    let mut count = Count::default();
    for script in BEFORE_THE_FAILING {
        let target = Target {
            cli: gateway.cli(),
            granted_token: Some(gateway.token(Agent::Granted.name())?),
            upstream: Some((upstreams.url(Upstream::Mock), KEY_VALUE)),
            ..through(gateway)?
        };
        count = count + drive(stage, script, &target)?;
    }
    Ok(count)
}

/// Reads the metrics of all that was done, as Prometheus and the dashboard do.
fn observing(stage: &Stage<'_>, gateway: &Gateway, upstreams: &Upstreams) -> Result<Count> {
    let mut count = Count::default();
    for script in OBSERVING {
        let target = Target { cli: gateway.cli(), ..through(gateway)? };
        count = count + drive(stage, script, &target)?;
    }
    for script in EXPORTED {
        let upstream = Some((upstreams.url(Upstream::Collector), KEY_VALUE));
        count = count + drive(stage, script, &Target { upstream, ..through(gateway)? })?;
    }
    Ok(count)
}

/// The gateway as a target, with a fresh token: one lives for minutes only.
fn through(gateway: &Gateway) -> Result<Target<'static>> {
    Ok(Target {
        base_url: gateway.url(),
        token: gateway.token(Agent::Demo.name())?,
        granted_token: None,
        keeping_token: None,
        through_gateway: true,
        models: &[],
        can: &[],
        cli: Vec::new(),
        upstream: None,
    })
}
