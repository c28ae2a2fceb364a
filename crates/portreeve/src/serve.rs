//! `portreeve up`: wires the crates together, serves, drains, stops.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use gateway::{Gate, Listener, ListenerSpec, Live, Surface};
use govern::admin::Reports;
use govern::{CharterStore, Governor};
use hyper::Request;
use hyper::body::Incoming;
use ledger::{ControlLog, DecisionLog};
use model::Timestamp;
use telemetry::Watch;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::anchors::{self, Extent};
use crate::begun::Begun;
use crate::cli::Up;
use crate::codes::ErrorCode;
use crate::demo::Demo;
use crate::exit::Failure;
use crate::genesis;
use crate::home::Home;
use crate::metrics::Instruments;
use crate::observing::Exporting;
use crate::open::{open_control, open_decisions, open_secrets, token_service, verifier};
use crate::remembered;
use crate::reports::reports;
use crate::said::{self, Event};
use crate::settings::{self, Settings};
use crate::signals::Signals;
use crate::tally::{Keeper, Now, Tally};
use crate::upkeep::{Aside, Upkeep, anchor};
use crate::{banner, clock, keys, print};

/// How long after the drain time the logs may take to be closed, before listeners cut what runs
/// by themselves.
const CUT_WITHIN: Duration = Duration::from_mins(1);

/// Makes a home on the first run, then serves until a signal.
pub(crate) async fn up(home: &Home, options: Up) -> Result<ExitCode> {
    let _lock =
        home.lock().map_err(|cause| Failure::of(ErrorCode::HomeUnusable, with_cause(&cause)))?;
    let settings = settings::read(home, options.listen.as_deref())?;
    let format = options.log_format.unwrap_or(settings.log);
    said::begin(format).context("the thread that writes lines cannot be started")?;
    let served = serve(home, options, &settings).await;
    // However it ended, what was said is written before what is still to be told.
    said::finish();
    served
}

/// Serves under these settings, on a first run after making a home.
async fn serve(home: &Home, options: Up, settings: &Settings) -> Result<ExitCode> {
    let first = Begun::read(home)?.is_none();
    if first {
        anchors::refuse_lost_control(home)?;
    } else {
        refuse_first_run_options(home, &options)?;
    }
    let mut listeners = bind(home, settings).await?;
    // What is printed first is where agents connect.
    listeners.sort_by_key(|listener| listener.surface() != Surface::Agents);
    let plan = if first { Some(genesis::plan(home, &options)?) } else { None };
    if let Some(plan) = plan {
        genesis::begin(home, plan).await?;
    }
    let begun = Begun::demand(home)?;
    if !first {
        refuse_contradictions(home, &begun)?;
    }
    anchors::mark(home)?;
    let running = Running::start(home, &begun, (settings, options.clock_is_right)).await?;
    let addresses: Vec<String> = listeners.iter().map(Listener::address).collect();
    let signals = Signals::watch()?;
    said::serving(&addresses);
    print::line(&banner::text(home, &begun, &addresses, first)?);
    running.serve((listeners, addresses), settings, signals).await?;
    Ok(ExitCode::SUCCESS)
}

/// Logs that contradict each other are not written on: what follows would cover it up.
fn refuse_contradictions(home: &Home, begun: &Begun) -> Result<()> {
    let findings = anchors::findings(home, begun, Extent::Newest)?;
    if findings.is_empty() {
        return Ok(());
    }
    let text = format!(
        "{}\nrestore the log from its newest backup, or keep this home as evidence and begin \
         another gateway in another --home",
        findings.join("\n")
    );
    Err(Failure::of(ErrorCode::LogUnreadable, text).into())
}

/// What only a first run reads is refused on a later one, rather than ignored.
fn refuse_first_run_options(home: &Home, options: &Up) -> Result<()> {
    let given = [
        (options.charter.is_some(), "--charter", "apply it: portreeve change propose DIR --apply"),
        (options.person_key.is_some(), "--person-key", "change people.yaml and apply that"),
        (
            options.adopt_env_keys,
            "--adopt-env-keys",
            "declare the provider, then: portreeve secret put NAME",
        ),
    ];
    match given.into_iter().find(|(given, ..)| *given) {
        None => Ok(()),
        Some((_, flag, instead)) => {
            let root = home.root().display();
            let text = format!(
                "{flag} is for the first run, and a gateway was begun in {root} already; {instead}"
            );
            Err(Failure::usage(text).into())
        }
    }
}

/// The outbound client. A system without trust roots still serves providers on this machine;
/// any other provider is refused, because nobody could vouch for it.
fn client() -> Result<net::Client> {
    match net::Client::new(net::Settings::default()) {
        Err(cause @ net::SetupError::NoRoots(_)) => {
            let text = format!("providers over https cannot be reached: {cause}");
            said::tell(Event::NoTrustRoots, &text);
            let settings = net::Settings { roots: net::Roots::Nobody, ..net::Settings::default() };
            Ok(net::Client::new(settings)?)
        }
        made => Ok(made?),
    }
}

/// Binds every listener before anything is made or served: a bad address stops the start.
async fn bind(home: &Home, settings: &Settings) -> Result<Vec<Listener>> {
    // A first run writes that file only later, so it is not yet there to be changed.
    let change = if home.settings().is_file() {
        "change the address in settings.yaml, or use --listen ADDRESS:PORT"
    } else {
        "use another address: --listen ADDRESS:PORT"
    };
    let mut bound = Vec::new();
    for spec in &settings.listeners {
        let spec: ListenerSpec = spec.clone();
        let listener = Listener::bind(spec)
            .await
            .map_err(|cause| Failure::settings(format!("{}\n{change}", with_cause(&cause))))?;
        bound.push(listener);
    }
    Ok(bound)
}

/// Everything that runs.
struct Running {
    gate: Arc<Gate>,
    governor: Arc<Governor>,
    decisions: DecisionLog,
    control: ControlLog,
    decisions_dir: PathBuf,
    keeper: Keeper,
    instruments: Arc<Instruments>,
    exporting: Exporting,
    demo: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start(
        home: &Home,
        begun: &Begun,
        (settings, clock_is_right): (&Settings, bool),
    ) -> Result<Self> {
        let genesis = &begun.state.genesis;
        let keys = keys::read(home)?;
        let snapshot = begun.snapshot()?;
        let clock = clock::system();
        let secrets = Arc::new(open_secrets(home, keys.sealing.clone(), &genesis.gateway)?);
        let demo = Demo::bind(clock::random()?)
            .await
            .context("the demo model cannot listen on loopback")?;
        let demo_url = demo.base_url();
        let live = Live::new(snapshot.clone(), &demo_url)?;
        let issuer = token_service(keys.token, genesis)?;
        let verifier = verifier(&issuer)?;
        let control = open_control(home, keys.control)?;
        let decisions = open_decisions(home, keys.decisions, &keys.facts)?;
        let tally = counted(home, &decisions, (clock.now(), clock_is_right))?;
        let client = client()?;
        let (watch, traces) = Watch::new(settings.observing.watch.clone())?;
        let gate = Arc::new(Gate::new(gateway::Parts {
            live,
            verifier,
            ledger: decisions.clone(),
            secrets: Arc::clone(&secrets),
            counters: tally.counters(),
            client: client.clone(),
            clock: Arc::clone(&clock),
            mint: clock::mint_decisions(),
            watch: watch.clone(),
        }));
        let instruments = Arc::new(Instruments {
            watch,
            gate: Arc::clone(&gate),
            decisions: decisions.clone(),
            control: control.clone(),
            secrets: Arc::clone(&secrets),
        });
        let gateway = begun.gateway()?;
        let exporting =
            Exporting::begin(&settings.observing, client, &gateway, &instruments, traces)?;
        let governor = Arc::new(Governor::new(govern::Parts {
            control: control.clone(),
            state: begun.state.clone(),
            bundle: Arc::clone(snapshot.bundle()),
            charters: CharterStore::open(home.charters())?,
            secrets,
            issuer,
            gateway,
            clock,
            random: clock::random_or_none,
            hooks: hooks(&gate, demo_url),
            refold: refold(home.clone()),
        }));
        let decisions_dir = home.decision_log();
        remembered::remember(&gate, &decisions_dir, decisions.status().size);
        gate.note_charter().await;
        // From the first moment it serves there is a signed checkpoint, so that one that is gone
        // is a finding. A disk that cannot write it now says so in the log's status.
        let _ = decisions.publish().await;
        let demo = tokio::spawn(demo.serve());
        let keeper = Keeper::new(tally, decisions.clone());
        Ok(Self {
            gate,
            governor,
            decisions,
            control,
            decisions_dir,
            keeper,
            instruments,
            exporting,
            demo,
        })
    }

    /// Serves until a signal, drains, closes the logs.
    async fn serve(
        self,
        (listeners, addresses): (Vec<Listener>, Vec<String>),
        settings: &Settings,
        mut signals: Signals,
    ) -> Result<()> {
        let reports = Arc::new(reports(
            Arc::clone(&self.gate),
            self.decisions.clone(),
            self.control.clone(),
            addresses,
            Arc::clone(&self.instruments),
        ));
        let (stop, stopping) = watch::channel(false);
        let mut serving = self.listen(listeners, &reports, settings.drain + CUT_WITHIN, &stopping);
        let aside = Arc::new(Aside::default());
        let upkeep = Upkeep {
            gate: Arc::clone(&self.gate),
            governor: Arc::clone(&self.governor),
            control: self.control.clone(),
            decisions: self.decisions.clone(),
            decisions_dir: self.decisions_dir.clone(),
            aside: Arc::clone(&aside),
            keeper: self.keeper.clone(),
        };
        let upkeep = tokio::spawn(upkeep.run());
        signals.next().await;
        self.gate.drain();
        // Nobody listens only if every listener has ended already.
        let _ = stop.send(true);
        aside.tell(&self.gate);
        let text = "stopping: running answers may end; a second signal stops at once";
        said::tell(Event::Stopping, text);
        tokio::select! {
            () = async { while serving.join_next().await.is_some() {} } => {}
            () = signals.next() => {}
            () = tokio::time::sleep(settings.drain) => {}
        }
        upkeep.abort();
        self.gate.finish().await;
        // Before what still runs is cut: the log records it as interrupted, which is what it is.
        // Cut first, it would look like clients that left.
        self.decisions.close().await.context("the decision log was not closed in good order")?;
        self.keeper.save().await;
        anchor(&self.decisions_dir, &self.control).await;
        self.control.close().await.context("the control log was not closed in good order")?;
        serving.shutdown().await;
        self.exporting.finish().await;
        self.demo.abort();
        said::tell(Event::Stopped, "stopped");
        Ok(())
    }

    /// Serves on each listener what its surface has, until `stopping` turns true.
    fn listen(
        &self,
        listeners: Vec<Listener>,
        reports: &Arc<Reports>,
        drain: Duration,
        stopping: &watch::Receiver<bool>,
    ) -> JoinSet<()> {
        let mut serving = JoinSet::new();
        for listener in listeners {
            let stopping = stopping.clone();
            match listener.surface() {
                Surface::Agents => {
                    let gate = Arc::clone(&self.gate);
                    let handle = move |facts, request| Arc::clone(&gate).handle(facts, request);
                    serving.spawn(listener.serve(handle, stopping, drain));
                }
                Surface::Admin => {
                    let governor = Arc::clone(&self.governor);
                    let reports = Arc::clone(reports);
                    let handle = move |_facts, request| {
                        govern::admin::answer(Arc::clone(&governor), Arc::clone(&reports), request)
                    };
                    serving.spawn(listener.serve(handle, stopping, drain));
                }
                Surface::Metrics => {
                    let instruments = Arc::clone(&self.instruments);
                    let handle = move |_facts, request: Request<Incoming>| {
                        std::future::ready(instruments.serve(&request))
                    };
                    serving.spawn(listener.serve(handle, stopping, drain));
                }
            }
        }
        serving
    }
}

/// What budgets have counted, found again.
fn counted(
    home: &Home,
    decisions: &DecisionLog,
    (at, is_right): (Timestamp, bool),
) -> Result<Tally> {
    let now = Now { at, is_right };
    Tally::of_log(home, decisions.status().size, now).map_err(|cause| {
        let text = format!(
            "what budgets have counted cannot be read from the decision log ({cause:#}); run \
             `portreeve ledger verify`"
        );
        Failure::unavailable(text).into()
    })
}

/// Reads the control log again, for the governor.
fn refold(home: Home) -> govern::Refold {
    Box::new(move || {
        let begun = Begun::read(&home).map_err(|cause| format!("{cause:#}"))?;
        Ok(begun.ok_or_else(|| "it has no genesis entry".to_owned())?.state)
    })
}

fn hooks(gate: &Arc<Gate>, demo_url: String) -> govern::Hooks {
    let gate = Arc::clone(gate);
    govern::Hooks {
        rehearse: Box::new({
            let demo_url = demo_url.clone();
            move |bundle| Live::rehearse(bundle, &demo_url).map_err(|cause| cause.to_string())
        }),
        activate: Box::new(move |snapshot| {
            let (gate, live) = (Arc::clone(&gate), Live::new(snapshot, &demo_url));
            Box::pin(async move {
                gate.put_in_force(live.map_err(|cause| cause.to_string())?).await;
                Ok(())
            })
        }),
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
