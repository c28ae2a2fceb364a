//! A gateway that was begun, without its data plane: what the governor's tests share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use approval::{Act, Commitment, Nonce, Object, PersonKey, Salt, SignedAct, Stamp, Verb};
use charter::{Genesis, SourceTree};
use govern::{
    ActRefused, CharterStore, ControlState, Done, Fold, GenesisBody, Governor, Hooks, Parts,
    Payload,
};
use issuer::{ServiceNames, SigningKey, TokenService};
use ledger::read::Reader;
use ledger::{ControlKind, ControlLog, Entry, EntryKind, Faults, LogHome, Settings};
use model::{ChangeId, Clock, Digest, SecretName, SecretVersion, Timestamp};
use secrets::{SealingKey, SecretStore, SecretValue};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::ManualClock;
use tlog::LogKey;
use zeroize::Zeroizing;

/// The person who began the gateway.
pub(crate) const FOUNDER: &str = "founder";
/// Another person of the charter, who holds no seat.
pub(crate) const COLLEAGUE: &str = "ada";
/// The gateway's name.
pub(crate) const GATEWAY: &str = "portreeve";
/// The secret that the charter declares.
pub(crate) const SECRET: &str = "demo-key";

/// How long a log may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Agents beside the demo agent: one of production, one out of service.
const MORE_AGENTS: [(&str, &str, &str); 2] =
    [("night-batch", "prod", "active"), ("resting", "dev", "suspended")];

/// A governor and everything it works on.
pub(crate) struct Begun {
    pub(crate) folder: TempDir,
    pub(crate) clock: ManualClock,
    pub(crate) faults: Faults,
    pub(crate) governor: Arc<Governor>,
    pub(crate) control: ControlLog,
    pub(crate) secrets: Arc<SecretStore>,
    /// The charter that began it.
    pub(crate) first: SourceTree,
    /// Every charter that the gateway was told to serve, and what rehearsal answers.
    pub(crate) gateway: Arc<Mutex<Told>>,
}

/// What the governor told the data plane, and what that answers.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) serve: Vec<Digest>,
    pub(crate) cannot: Option<String>,
}

/// All that an act could change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ground {
    entries: u64,
    status: Value,
    served: Vec<Digest>,
    stored: usize,
    pub(crate) sealed: Vec<SecretVersion>,
}

impl Ground {
    /// The same, whatever lies in the charter store.
    pub(crate) fn but_stored(&self) -> Self {
        Self { stored: 0, ..self.clone() }
    }
}

impl Begun {
    /// Begins a gateway in a new folder.
    pub(crate) async fn new() -> Self {
        Self::with_patience(PATIENCE).await
    }

    /// Begins one whose log answers within `patience`, or says that it did not.
    pub(crate) async fn with_patience(patience: Duration) -> Self {
        let folder = folder();
        let (clock, faults) = (ManualClock::default(), Faults::plan());
        let first = charter("");
        let digest = charter::manifest(&first).digest();
        let control = open(&folder, &clock, &faults, patience);
        let signed = sign_with(&key(FOUNDER), Verb::Genesis, Object::Charter(digest), |_| {});
        let body = GenesisBody {
            act: serde_json::to_value(&signed).unwrap(),
            person: FOUNDER.parse().unwrap(),
            key: key(FOUNDER).public_line().unwrap(),
            gateway: GATEWAY.to_owned(),
            trust_domain: trust_domain(),
            charter: digest,
            change: ChangeId::new(1, [1; 10]),
            decision_log: "a verifier key".to_owned(),
        };
        let body = serde_json::to_value(&body).unwrap();
        control.append(ControlKind::Genesis, body).await.unwrap();
        CharterStore::open(folder.path().join("charters")).unwrap().put(&first).unwrap();
        Self::over(folder, clock, faults, control)
    }

    /// The same gateway after its process ended in good order and was started again.
    pub(crate) async fn restart(self) -> Self {
        let Self { folder, clock, faults, governor, control, .. } = self;
        drop(governor);
        control.close().await.unwrap();
        let control = open(&folder, &clock, &faults, PATIENCE);
        Self::over(folder, clock, faults, control)
    }

    /// A governor over what lies in `folder`.
    fn over(folder: TempDir, clock: ManualClock, faults: Faults, control: ControlLog) -> Self {
        let state = fold(folder.path());
        let again = folder.path().to_owned();
        let charters = CharterStore::open(folder.path().join("charters")).unwrap();
        let in_force = charters.get(&state.current().unwrap().charter).unwrap();
        let first = charters.get(&state.genesis.charter).unwrap();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let sealing = SealingKey::read_or_make(&folder.path().join("sealing.key")).unwrap();
        let secrets =
            SecretStore::open(folder.path().join("secrets"), sealing, GATEWAY, Arc::clone(&shared));
        let secrets = Arc::new(secrets.unwrap());
        let gateway = Arc::new(Mutex::new(Told::default()));
        let governor = Arc::new(Governor::new(Parts {
            control: control.clone(),
            state,
            bundle: Arc::new(bundle::check(&in_force).unwrap()),
            charters,
            secrets: Arc::clone(&secrets),
            issuer: token_service(),
            gateway: GATEWAY.parse().unwrap(),
            clock: shared,
            random: || Some(unlike_before()),
            hooks: hooks(&gateway),
            refold: Box::new(move || Ok(fold(&again))),
        }));
        Self { folder, clock, faults, governor, control, secrets, first, gateway }
    }

    /// An act of the founder, signed now.
    pub(crate) fn act(&self, verb: Verb, object: Object) -> SignedAct {
        self.act_by(FOUNDER, verb, object)
    }

    /// An act of `person`, signed now with a key of theirs.
    pub(crate) fn act_by(&self, person: &str, verb: Verb, object: Object) -> SignedAct {
        self.act_but(verb, object, (person, person), |_| {})
    }

    /// An act that `actor` is said to have signed and `signer` did, whose stamp was changed
    /// before it was signed.
    pub(crate) fn act_but(
        &self,
        verb: Verb,
        object: Object,
        (actor, signer): (&str, &str),
        change: impl FnOnce(&mut Stamp),
    ) -> SignedAct {
        sign_with(&key(signer), verb, object, |stamp| {
            stamp.actor = actor.parse().unwrap();
            stamp.time = self.clock.now();
            change(stamp);
        })
    }

    /// The act and payload that bring `tree` into force in place of what is in force.
    pub(crate) async fn apply(&self, tree: &SourceTree) -> (SignedAct, Payload) {
        let base = self.in_force().await;
        (self.act(Verb::CharterApply, object_of(tree)), payload_of(tree, base))
    }

    /// The act and payload that seal `value`.
    pub(crate) fn put(&self, name: &str, value: &str) -> (SignedAct, Payload) {
        let (object, payload) = sealing(name, value);
        (self.act(Verb::SecretPut, object), payload)
    }

    /// The act that asks for a token of `agent`.
    pub(crate) fn token(&self, agent: &str) -> (SignedAct, Payload) {
        let object = Object::Agent(agent.parse().unwrap());
        (self.act(Verb::AgentToken, object), Payload::None)
    }

    /// The act that asks for a token of `agent` bound to `context`.
    pub(crate) fn token_in(&self, agent: &str, context: &str) -> (SignedAct, Payload) {
        let (agent, context) = (agent.parse().unwrap(), context.parse().unwrap());
        (self.act(Verb::AgentToken, Object::AgentContext { agent, context }), Payload::None)
    }

    pub(crate) async fn take(&self, (act, with): (SignedAct, Payload)) -> Result<Done, ActRefused> {
        self.governor.take(act, with).await
    }

    /// Takes an act that must be refused, and sees that it changed nothing.
    #[track_caller]
    pub(crate) fn refuses(
        &self,
        what: (SignedAct, Payload),
    ) -> impl Future<Output = ActRefused> + '_ {
        let at = std::panic::Location::caller();
        async move {
            let before = self.ground().await;
            let refused = match self.take(what).await {
                Ok(done) => panic!("{at}: it was taken: {done:?}"),
                Err(refused) => refused,
            };
            assert_eq!(self.ground().await, before, "{at}: {refused} changed something");
            refused
        }
    }

    /// The digest in force, as the status tells it.
    pub(crate) async fn in_force(&self) -> Digest {
        let status = self.governor.status().await;
        status["charter"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn ground(&self) -> Ground {
        let charters = std::fs::read_dir(self.folder.path().join("charters")).unwrap();
        Ground {
            entries: self.control.status().size,
            status: self.governor.status().await,
            served: self.gateway.lock().unwrap().serve.clone(),
            stored: charters.count(),
            sealed: self.secrets.versions(&name(SECRET)),
        }
    }

    /// Every entry of the control log.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        entries(self.folder.path())
    }

    /// The entries of one kind.
    pub(crate) fn entries_of(&self, kind: EntryKind) -> Vec<Entry> {
        self.entries().into_iter().filter(|entry| entry.kind == kind).collect()
    }
}

fn hooks(gateway: &Arc<Mutex<Told>>) -> Hooks {
    let (rehearsed, activated) = (Arc::clone(gateway), Arc::clone(gateway));
    Hooks {
        rehearse: Box::new(move |_| rehearsed.lock().unwrap().cannot.clone().map_or(Ok(()), Err)),
        activate: Box::new(move |snapshot| {
            activated.lock().unwrap().serve.push(*snapshot.bundle().digest());
            Box::pin(std::future::ready(Ok(())))
        }),
    }
}

/// A folder in memory where there is some: these tests sync often.
pub(crate) fn folder() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.unwrap()
}

fn log_dir(folder: &Path) -> PathBuf {
    folder.join("control")
}

fn open(
    folder: &TempDir,
    clock: &ManualClock,
    faults: &Faults,
    answer_within: Duration,
) -> ControlLog {
    let settings = Settings {
        checkpoint_every: Duration::from_secs(3600),
        heartbeat_every: None,
        answer_within,
        faults: faults.clone(),
        ..Settings::default()
    };
    let home = LogHome::new(log_dir(folder.path()));
    let key = LogKey::generate(format!("{}/control", trust_domain()).parse().unwrap(), [7; 32]);
    ControlLog::open(home, key, Arc::new(clock.clone()), settings).unwrap().0
}

fn entries(folder: &Path) -> Vec<Entry> {
    let reader = Reader::open_own(&log_dir(folder)).unwrap();
    reader.entries(0).unwrap().map(Result::unwrap).collect()
}

/// What the control log says, as a start reads it.
pub(crate) fn fold(folder: &Path) -> ControlState {
    let mut fold = Fold::default();
    for entry in entries(folder) {
        fold.take(&entry).unwrap();
    }
    fold.finish().unwrap()
}

fn token_service() -> TokenService {
    let names = ServiceNames {
        issuer: format!("spiffe://{}", trust_domain()),
        audience: format!("portreeve:{GATEWAY}@{}", trust_domain()),
        trust_domain: trust_domain().parse().unwrap(),
    };
    TokenService::new(SigningKey::generate().unwrap(), names).unwrap()
}

pub(crate) fn trust_domain() -> String {
    "0123456789ab.portreeve.internal".to_owned()
}

/// The key of a person, always the same.
pub(crate) fn key(person: &str) -> PersonKey {
    let seed = *Digest::of(person.as_bytes()).as_bytes();
    PersonKey::generate(&Zeroizing::new(seed), person).unwrap()
}

/// Bytes that were never given out before.
pub(crate) fn unlike_before() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::SeqCst)).to_be_bytes()
}

fn sign_with(
    key: &PersonKey,
    verb: Verb,
    object: Object,
    change: impl FnOnce(&mut Stamp),
) -> SignedAct {
    let mut stamp = Stamp {
        actor: FOUNDER.parse().unwrap(),
        gateway: GATEWAY.parse().unwrap(),
        nonce: Nonce::new(unlike_before()),
        time: ManualClock::default().now(),
    };
    change(&mut stamp);
    SignedAct::sign(Act::new(verb, object, stamp).unwrap(), key).unwrap()
}

/// A good charter. Other words give another charter.
pub(crate) fn charter(words: &str) -> SourceTree {
    tree_with(&[("README.md", words)])
}

/// A charter in which `files` stand in place of, or beside, the usual ones.
pub(crate) fn tree_with(files: &[(&str, &str)]) -> SourceTree {
    let genesis = Genesis {
        name: GATEWAY.to_owned(),
        trust_domain: trust_domain(),
        person: FOUNDER.parse().unwrap(),
        key_line: key(FOUNDER).public_line().unwrap(),
        today: Timestamp::from_millis(1_795_510_800_000),
    };
    let written = charter::genesis_files(&genesis);
    let mut all: Vec<(String, Vec<u8>)> =
        written.files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
    for (path, bytes) in &mut all {
        if path == "people.yaml" {
            *bytes = with_colleague(bytes).into_bytes();
        }
    }
    for (agent, environment, status) in MORE_AGENTS {
        let text = format!(
            "name: {agent}\npurpose: Is there for tests.\nenvironment: {environment}\n\
             status: {status}\nreview_by: 2027-06-30\nbindings:\n  - kind: embedded\n"
        );
        all.push((format!("agents/{agent}.yaml"), text.into_bytes()));
    }
    for (path, text) in files {
        all.retain(|(other, _)| other != path);
        all.push(((*path).to_owned(), text.as_bytes().to_vec()));
    }
    SourceTree::from_files(all).unwrap()
}

fn with_colleague(people: &[u8]) -> String {
    let line = key(COLLEAGUE).public_line().unwrap();
    let entry = format!(
        "persons:\n  {COLLEAGUE}:\n    name: Ada Example\n    email: ada@acme.example\n    keys:\n      - {line}\n"
    );
    String::from_utf8_lossy(people).replacen("persons:\n", &entry, 1)
}

/// A file of `tree` as text, with one passage replaced by another.
pub(crate) fn replaced(tree: &SourceTree, path: &str, from: &str, to: &str) -> String {
    let text = String::from_utf8_lossy(tree.get(path).unwrap()).into_owned();
    assert!(text.contains(from), "{path} does not hold `{from}`");
    text.replace(from, to)
}

pub(crate) fn digest_of(tree: &SourceTree) -> Digest {
    charter::manifest(tree).digest()
}

pub(crate) fn object_of(tree: &SourceTree) -> Object {
    Object::Charter(digest_of(tree))
}

pub(crate) fn payload_of(tree: &SourceTree, base: Digest) -> Payload {
    Payload::Charter { tree: tree.clone(), base }
}

/// The object and payload of a `secret.put`.
pub(crate) fn sealing(secret: &str, value: &str) -> (Object, Payload) {
    let salt = Salt::new(Zeroizing::new([5; 32]));
    let commitment = Commitment::of(&name(secret), value.as_bytes(), &salt);
    let value = SecretValue::from_bytes(Zeroizing::new(value.as_bytes().to_vec())).unwrap();
    (Object::Secret { name: name(secret), commitment }, Payload::Secret { value, salt })
}

pub(crate) fn name(secret: &str) -> SecretName {
    secret.parse().unwrap()
}

/// The signed act of a control entry.
pub(crate) fn act_of(entry: &Entry) -> Value {
    entry.json["body"]["act"].clone()
}

pub(crate) fn as_json(signed: &SignedAct) -> Value {
    json!(signed)
}
