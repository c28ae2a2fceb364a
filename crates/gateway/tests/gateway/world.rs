//! A whole gate in a temporary folder, serving on loopback, on threads of its own: tests block.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use approval::{Act, Approved, Keyring, Nonce, Object, PersonKey, SignedAct, Stamp, Verb};
use bundle::Snapshot;
use charter::SourceTree;
use gateway::{Bounds, Gate, Listener, ListenerSpec, Live, Surface, Transport};
use identity::{Expected, TokenVerifier, TrustedKey};
use issuer::{AgentClaims, ServiceNames, SigningKey, TokenService};
use ledger::read::Reader;
use ledger::verify::{Report, verify_dir};
use ledger::{DecisionLog, Entry, EntryKind, FactKeys, Faults, LogHome};
use model::{ChangeId, Clock as _, DecisionId, Environment, Timestamp};
use secrets::{SealingKey, SecretStore, SecretValue};
use serde_json::Value;
use telemetry::Watch;
use tempfile::TempDir;
use testkit::{Authority, Canary, FakeProvider, ManualClock};
use tlog::{LogKey, LogVerifier};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::charter_files::{Addresses, Files, files, routed};

/// Longer than anything in a test that passes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The keys of the second and the third provider.
pub(crate) const SECOND_KEY: &str = "sk-second/provider+key=0002";
pub(crate) const THIRD_KEY: &str = "sk-third/provider+key=0003";

/// What a world may differ in.
pub(crate) struct Setup {
    /// How long the log may take.
    pub(crate) answer_within: Duration,
    /// How much the gate carries.
    pub(crate) bounds: Bounds,
    /// Where the provider that answers with fixed bytes is, where the test has one.
    pub(crate) odd: Option<String>,
    /// What is changed in the charter's files before it is approved.
    pub(crate) edit: Box<dyn FnOnce(&mut Files)>,
    /// How long a client may take nothing of its answer.
    pub(crate) taken_within: Duration,
    /// What is told of requests.
    pub(crate) telemetry: telemetry::Settings,
}

/// A gate and everything around it.
pub(crate) struct World {
    pub(crate) provider: FakeProvider,
    pub(crate) second: FakeProvider,
    pub(crate) third: FakeProvider,
    pub(crate) clock: ManualClock,
    pub(crate) gate: Arc<Gate>,
    pub(crate) address: SocketAddr,
    pub(crate) log: DecisionLog,
    pub(crate) faults: Faults,
    pub(crate) watch: Watch,
    pub(crate) traces: std::sync::Mutex<Option<telemetry::Traces>>,
    pub(crate) home: TempDir,
    pub(crate) runtime: Runtime,
    pub(crate) vkey: String,
    issuer: TokenService,
    token_key: String,
    person: PersonKey,
    files: Files,
    minted: AtomicU64,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// A world that ended in good order.
pub(crate) struct Ended {
    /// What the log holds.
    pub(crate) entries: Vec<Entry>,
    /// What its verification found.
    pub(crate) report: Report,
    /// The folder of it all.
    pub(crate) home: TempDir,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            answer_within: PATIENCE,
            bounds: Bounds::default(),
            odd: None,
            edit: Box::new(|_| {}),
            taken_within: PATIENCE,
            telemetry: telemetry::Settings { agent_label: true, ..telemetry::Settings::default() },
        }
    }
}

impl Setup {
    /// The model `routed` is served at `targets`, see [`routed`]; no pause before a further try.
    pub(crate) fn routed(targets: &[(&str, &str)], more: &str) -> Self {
        let text = routed(targets, more);
        Self { bounds: Bounds { backoff: Duration::ZERO, ..Bounds::default() }, ..Self::default() }
            .edited(move |files| {
                files.insert("models/routed.yaml".to_owned(), text);
            })
    }

    /// The same, with a further change of the charter.
    pub(crate) fn edited(self, edit: impl FnOnce(&mut Files) + 'static) -> Self {
        let before = self.edit;
        let both = move |files: &mut Files| {
            before(files);
            edit(files);
        };
        Self { edit: Box::new(both), ..self }
    }
}

impl World {
    pub(crate) fn start() -> Self {
        Self::with(Setup::default())
    }

    /// A world whose provider of fixed bytes listens at `odd`.
    pub(crate) fn with_odd(odd: String) -> Self {
        Self::with(Setup { odd: Some(odd), ..Setup::default() })
    }

    /// A world in which the model `routed` is served at `targets`, see [`routed`].
    pub(crate) fn routed(targets: &[(&str, &str)]) -> Self {
        Self::with(Setup::routed(targets, ""))
    }

    pub(crate) fn with(setup: Setup) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let home = TempDir::new().unwrap();
        let provider = FakeProvider::start();
        provider.expect_key(Canary::ProviderKey.value());
        let (second, third) = (FakeProvider::start(), FakeProvider::start());
        second.expect_key(SECOND_KEY);
        third.expect_key(THIRD_KEY);
        let clock = ManualClock::default();
        let person = PersonKey::generate(&[1; 32].into(), "ann@acme.test").unwrap();
        let addresses = Addresses {
            fake: provider.base_url(),
            second: second.base_url(),
            third: third.base_url(),
            odd: setup.odd.clone().unwrap_or_else(|| provider.base_url()),
            // It speaks plain HTTP there: a TLS handshake cannot succeed.
            unreachable: provider.base_url().replace("http://", "https://"),
        };
        let mut files = files(&person.public_line().unwrap(), clock.now(), &addresses);
        (setup.edit)(&mut files);
        let signing = SigningKey::generate().unwrap();
        let token_key = signing.to_pem().unwrap().to_string();
        let issuer = service(signing, AUDIENCE);
        let faults = Faults::plan();
        let (log, vkey) = open_log(&home, &clock, &faults, setup.answer_within);
        let (watch, traces) = Watch::new(setup.telemetry).unwrap();
        let gate = Gate::new(gateway::Parts {
            live: live(&files, &person, &clock),
            verifier: verifier(&issuer),
            ledger: log.clone(),
            secrets: Arc::new(sealed(&home, &clock)),
            counters: quota::Counters::new(),
            client: client(),
            clock: Arc::new(clock.clone()),
            mint: mint(),
            watch: watch.clone(),
        });
        let gate = Arc::new(gate.bounded(setup.bounds));
        let (address, stop, serving) = serve(&runtime, &gate, setup.taken_within);
        let minted = AtomicU64::new(0);
        Self {
            provider,
            second,
            third,
            clock,
            gate,
            address,
            log,
            faults,
            watch,
            traces: std::sync::Mutex::new(traces),
            home,
            runtime,
            vkey,
            issuer,
            token_key,
            person,
            files,
            minted,
            stop,
            serving,
        }
    }

    /// A token of `agent` in epoch 1, fresh.
    pub(crate) fn token(&self, agent: &str) -> String {
        self.token_at(agent, 1, 0)
    }

    /// A token of `agent` in epoch 1, fresh, bound to `context`.
    pub(crate) fn token_in(&self, agent: &str, context: &str) -> String {
        let context = Some(context.parse().unwrap());
        let claims = AgentClaims { context, ..claims(agent, 1) };
        self.mint_claims(&self.issuer, &claims, self.clock.now())
    }

    /// A token of `agent` in `epoch`, issued `seconds` before now.
    pub(crate) fn token_at(&self, agent: &str, epoch: u64, seconds: i64) -> String {
        self.mint_by(&self.issuer, agent, epoch, seconds)
    }

    /// A token that a stranger's key signed.
    pub(crate) fn forged_token(&self, agent: &str) -> String {
        let stranger = service(SigningKey::generate().unwrap(), AUDIENCE);
        self.mint_by(&stranger, agent, 1, 0)
    }

    /// A token of the same issuer for another gateway.
    pub(crate) fn token_for_another_gateway(&self, agent: &str) -> String {
        let key = SigningKey::from_pem(&self.token_key).unwrap();
        self.mint_by(&service(key, "portreeve:other@acme.test"), agent, 1, 0)
    }

    fn mint_by(&self, by: &TokenService, agent: &str, epoch: u64, seconds: i64) -> String {
        self.mint_claims(by, &claims(agent, epoch), self.clock.now().plus_millis(-seconds * 1000))
    }

    fn mint_claims(&self, by: &TokenService, claims: &AgentClaims, issued: Timestamp) -> String {
        let random = u128::from(self.minted.fetch_add(1, Ordering::Relaxed)).to_be_bytes();
        by.mint(claims, issued, 300, random).unwrap().expose().to_owned()
    }

    /// Puts the charter into force again, with `edit` made to its files.
    pub(crate) fn amend(&self, edit: impl FnOnce(&mut Files)) {
        let mut files = self.files.clone();
        edit(&mut files);
        assert_ne!(files, self.files, "the edit changed something");
        let live = live(&files, &self.person, &self.clock);
        self.runtime.block_on(self.gate.put_in_force(live));
    }

    /// Waits until every decision has its outcome, and everything queued is durable.
    pub(crate) fn settle(&self) {
        let settled = async {
            loop {
                self.log.tick().await.unwrap();
                if self.log.status().in_flight == 0 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, settled).await })
            .expect("every decision comes to an outcome");
    }

    pub(crate) fn log_dir(&self) -> PathBuf {
        log_dir(&self.home)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.log_dir(), &self.vkey).unwrap()
    }

    /// Every entry so far, once every outcome is there.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.settle();
        self.reader().entries(0).unwrap().map(Result::unwrap).collect()
    }

    /// The entries of one decision, once every outcome is there.
    pub(crate) fn entries_of(&self, id: DecisionId) -> Vec<Entry> {
        self.settle();
        self.reader().find(id).unwrap()
    }

    pub(crate) fn verifier(&self) -> LogVerifier {
        LogVerifier::from_vkey(&self.vkey).unwrap()
    }

    /// Stops serving, closes the log and verifies it.
    pub(crate) fn end(self) -> Ended {
        self.runtime.block_on(async {
            self.gate.drain();
            self.stop.send(true).unwrap();
            self.serving.await.unwrap();
            self.gate.finish().await;
            self.log.close().await.unwrap();
        });
        let dir = log_dir(&self.home);
        let report = verify_dir(&dir, &self.vkey).unwrap();
        let reader = Reader::open(&dir, &self.vkey).unwrap();
        let entries = reader.entries(0).unwrap().map(Result::unwrap).collect();
        Ended { entries, report, home: self.home }
    }
}

impl Ended {
    /// What the one closed window counted of requests without identity.
    pub(crate) fn counts(&self) -> Value {
        let mut closed =
            self.entries.iter().filter(|entry| entry.kind == EntryKind::RefusalsClosed);
        let counts = closed.next().expect("the window is closed").json["body"]["counts"].clone();
        assert!(closed.next().is_none(), "one window");
        counts
    }
}

fn claims(agent: &str, epoch: u64) -> AgentClaims {
    let (agent, environment) = (agent.parse().unwrap(), Environment::Dev);
    AgentClaims { agent, epoch, environment, context: None }
}

const AUDIENCE: &str = "portreeve:gate-under-test@acme.test";

fn log_dir(home: &TempDir) -> PathBuf {
    home.path().join("logs/decisions")
}

fn open_log(
    home: &TempDir,
    clock: &ManualClock,
    faults: &Faults,
    answer_within: Duration,
) -> (DecisionLog, String) {
    let key = LogKey::generate("acme.test/decisions".parse().unwrap(), [7; 32]);
    let vkey = key.vkey();
    let facts = FactKeys::open(&home.path().join("keys/facts"), &[9; 32].into()).unwrap();
    let settings =
        ledger::Settings { answer_within, faults: faults.clone(), ..ledger::Settings::default() };
    let dir = LogHome::new(log_dir(home));
    let (log, _) = DecisionLog::open(dir, key, facts, Arc::new(clock.clone()), settings).unwrap();
    (log, vkey)
}

/// The sealed store: every secret but `keyless-key` has a value, and that of `damaged-key` was
/// damaged on disk.
fn sealed(home: &TempDir, clock: &ManualClock) -> SecretStore {
    let key = SealingKey::read_or_make(&home.path().join("keys-sealing")).unwrap();
    let dir = home.path().join("secrets");
    let store = SecretStore::open(&dir, key, "gate-under-test", Arc::new(clock.clone())).unwrap();
    let canary = Canary::ProviderKey.value();
    for (name, value) in [
        ("fake-key", canary),
        ("second-key", SECOND_KEY),
        ("third-key", THIRD_KEY),
        ("locked-key", canary),
        ("damaged-key", canary),
    ] {
        let value = value.as_bytes().to_vec().into();
        store.put(&name.parse().unwrap(), SecretValue::from_bytes(value).unwrap()).unwrap();
    }
    std::fs::write(dir.join("damaged-key/v1.sealed"), b"not a sealed value").unwrap();
    store
}

pub(crate) fn client() -> net::Client {
    let roots = net::Roots::Only(vec![Authority::new().certificate()]);
    net::Client::new(net::Settings { roots, ..net::Settings::default() }).unwrap()
}

/// The charter in `files`, brought into force by the person's signed act.
fn live(files: &Files, person: &PersonKey, clock: &ManualClock) -> Live {
    let tree = SourceTree::from_files(files.clone()).unwrap();
    let bundle = bundle::check(&tree).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let (gateway, name) = ("gate-under-test".parse().unwrap(), "ann".parse().unwrap());
    let line = person.public_line().unwrap();
    let keyring = Keyring::from_lines([("ann".parse().unwrap(), line.as_str())]).unwrap();
    let now = clock.now();
    let stamp = Stamp { actor: name, gateway, nonce: Nonce::new([2; 16]), time: now };
    let act = Act::new(Verb::Genesis, Object::Charter(*bundle.digest()), stamp).unwrap();
    let signed = SignedAct::sign(act, person).unwrap();
    let verified =
        approval::verify(&signed, &keyring, now, &"gate-under-test".parse().unwrap()).unwrap();
    let approved = Approved::genesis(&verified, bundle.digest()).unwrap();
    let change = ChangeId::new(1, [3; 10]);
    let snapshot = Snapshot::new(Arc::new(bundle), &approved, change, 0).unwrap();
    Live::new(snapshot, "http://127.0.0.1:9").unwrap()
}

fn service(key: SigningKey, audience: &str) -> TokenService {
    let names = ServiceNames {
        issuer: "spiffe://acme.test".to_owned(),
        audience: audience.to_owned(),
        trust_domain: "acme.test".parse().unwrap(),
    };
    TokenService::new(key, names).unwrap()
}

fn verifier(issuer: &TokenService) -> TokenVerifier {
    let key = issuer.public_key();
    let trusted = TrustedKey { kid: key.kid().to_owned(), point: *key.point() };
    let ServiceNames { issuer, audience, trust_domain } = issuer.names().clone();
    TokenVerifier::new(vec![trusted], Expected { issuer, audience, trust_domain }).unwrap()
}

/// Ids in the order in which they are minted.
fn mint() -> gateway::MintId {
    let minted = AtomicU64::new(0);
    Arc::new(move |received| {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&minted.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        DecisionId::new(received.millis().unsigned_abs(), random)
    })
}

fn serve(
    runtime: &Runtime,
    gate: &Arc<Gate>,
    taken_within: Duration,
) -> (SocketAddr, watch::Sender<bool>, JoinHandle<()>) {
    let spec = ListenerSpec {
        transport: Transport::Tcp(([127, 0, 0, 1], 0).into()),
        surface: Surface::Agents,
    };
    let listener = runtime.block_on(Listener::bind(spec)).unwrap().taken_within(taken_within);
    let address = listener.address().strip_prefix("http://").unwrap().parse().unwrap();
    let (stop, stopping) = watch::channel(false);
    let gate = Arc::clone(gate);
    let handle = move |facts, request| Arc::clone(&gate).handle(facts, request);
    let serving = runtime.spawn(listener.serve(handle, stopping, PATIENCE));
    (address, stop, serving)
}
