//! A home, the program in it, and a process that serves: what the tests of the binary share.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

use ledger::Entry;
use ledger::read::Reader;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{FakeProvider, Reply};

/// How long a test waits for something that must happen before it is called a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The last words of what `portreeve up` prints.
const SERVES: &str = "Stop with Ctrl-C";

/// A folder with a home in it, which the program has not seen yet.
pub(crate) struct Home {
    folder: TempDir,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A process that serves. It is killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it printed until it served.
    pub(crate) banner: String,
    err: Arc<Printed>,
}

/// What a process printed so far.
#[derive(Default)]
struct Printed {
    /// The text, and whether it has ended.
    text: Mutex<(String, bool)>,
    more: Condvar,
}

impl Home {
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { folder: folder.unwrap() }
    }

    /// The same on the disk that the build is on, for what has to do with disks.
    pub(crate) fn on_disk() -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    /// Leaves the folder where it is when this is dropped, for whoever looks into a failure.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder().to_owned()
    }

    /// The folder around the home: commands run in it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A path in the home.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// The program with these arguments and nothing else in its environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portreeve"));
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("PORTREEVE_HOME", self.root());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run(self.command(arguments), b"")
    }

    /// Runs the program to its end with this on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Run {
        run(self.command(arguments), input)
    }

    /// Begins to serve, on a port the system picks.
    pub(crate) fn up(&self) -> Server {
        self.up_with(&[])
    }

    pub(crate) fn up_with(&self, more: &[&str]) -> Server {
        let arguments = [&["up", "--listen", "127.0.0.1:0"], more].concat();
        Server::start(self.command(&arguments))
    }

    /// `portreeve up` where it must not come to serve.
    pub(crate) fn no_up(&self, more: &[&str]) -> Run {
        self.run(&[&["up", "--listen", "127.0.0.1:0"], more].concat())
    }

    /// A token of the agent.
    pub(crate) fn token(&self, agent: &str) -> String {
        self.run(&["agent", "token", agent]).ok().trim().to_owned()
    }

    /// Writes a file of the working copy of the charter.
    pub(crate) fn write(&self, path: &str, text: &str) {
        write(&self.path("charter").join(path), text.as_bytes());
    }

    /// Replaces one passage in a file of the working copy.
    #[track_caller]
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let place = self.path("charter").join(path);
        let text = fs::read_to_string(&place).unwrap();
        assert!(text.contains(from), "{path} does not hold `{from}`");
        fs::write(place, text.replace(from, to)).unwrap();
    }

    /// Applies the working copy; gives the change's id.
    pub(crate) fn apply(&self) -> String {
        let copy = self.path("charter").display().to_string();
        let run = self.run(&["change", "propose", &copy, "--apply", "--json"]);
        text_of(&run.json(), "change")
    }

    /// Declares the fake provider as `local`, with a model `local-model` that the demo agent may
    /// use, applies that and seals the provider's key.
    pub(crate) fn use_provider(&self, provider: &FakeProvider) {
        let base = format!("{}/v1", provider.base_url());
        self.write(
            "providers/local.yaml",
            &format!("name: local\nkind: openai\nbase_url: {base}\nsecret: local-key\n"),
        );
        self.write(
            "secrets/local-key.yaml",
            "name: local-key\npurpose: Opens the local provider.\nmax_age_days: 90\nactive: 1\n",
        );
        self.write(
            "models/local.yaml",
            "name: local-model\npurpose: Served on this machine.\ntargets:\n  - provider: local\n    upstream_model: my-model\n",
        );
        self.write("policies/model/30-local.cedar", MODEL_POLICY);
        self.write("policies/secret/30-local.cedar", SECRET_POLICY);
        self.apply();
        let key = testkit::PROVIDER_KEY.as_bytes();
        self.run_with(&["secret", "put", "local-key"], key).ok();
    }

    /// Every entry of a log of the home: `control` or `decisions`.
    pub(crate) fn entries(&self, log: &str) -> Vec<Entry> {
        let reader = Reader::open_own(&self.path("logs").join(log)).unwrap();
        reader.entries(0).unwrap().map(Result::unwrap).collect()
    }

    /// Every file below the home with its bytes, sockets and the lock apart.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        walk(&self.root(), &mut |path| {
            if path.is_file() {
                files.push((path.to_owned(), fs::read(path).unwrap()));
            }
        });
        files.sort();
        files
    }
}

const MODEL_POLICY: &str = r#"@id("demo-agent-uses-local")
@owner("seat:policy-lead")
@rationale("The demo agent tries the local model.")
permit (
  principal == Agent::"demo-agent",
  action == Action::"InvokeModel",
  resource == Model::"local-model"
);
"#;

const SECRET_POLICY: &str = r#"@id("demo-agent-local-key")
@owner("seat:platform-lead")
@rationale("Calls to the local provider need its key.")
permit (
  principal == Agent::"demo-agent",
  action == Action::"UseSecret",
  resource == Secret::"local-key"
);
"#;

impl Run {
    /// What it printed, where it did what it was asked.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        &self.out
    }

    /// What it said on standard error, where it ended with `code`.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        &self.err
    }

    /// What it printed as JSON, where it did what it was asked.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.ok();
        serde_json::from_str(&self.out).unwrap_or_else(|cause| panic!("{cause}: {}", self.out))
    }

    /// All it printed.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

impl Server {
    /// Starts the command and waits until it serves.
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = Printed::of(child.stdout.take().unwrap());
        let err = Printed::of(child.stderr.take().unwrap());
        let Some(banner) = out.wait(SERVES) else {
            child.kill().unwrap();
            panic!("it does not serve:\n{}{}", out.so_far(), err.so_far());
        };
        let base = banner.split("http://").nth(1).expect("an address in what it prints");
        let address = base.split_whitespace().next().unwrap().parse().unwrap();
        Self { child, address, banner, err }
    }

    /// Starts the command and kills it, at the latest after `within`, or as soon as it serves; what
    /// it said on standard error.
    pub(crate) fn cut_start(mut command: Command, within: Duration) -> String {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = Printed::of(child.stdout.take().unwrap());
        let err = Printed::of(child.stderr.take().unwrap());
        // Whether it came to serve does not matter.
        let _ = out.wait_for(SERVES, within);
        child.kill().unwrap();
        child.wait().unwrap();
        err.wait_end();
        err.so_far()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.err.so_far()
    }

    /// Waits until it says this on standard error.
    #[track_caller]
    pub(crate) fn wait_says(&self, text: &str) {
        assert!(self.err.wait(text).is_some(), "it never says `{text}`:\n{}", self.said());
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(signal).arg(id).status().unwrap().success());
    }

    /// Waits until it has ended; gives how, and all it said on standard error.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        self.err.wait_end();
        let status = self.child.wait().unwrap();
        (status, self.err.so_far())
    }

    /// Asks it to end, and sees that it does in good order.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.signal("-TERM");
        let (status, err) = self.wait();
        assert!(status.success(), "{status}: {err}");
        assert!(!err.contains("panicked"), "{err}");
        err
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// One call of the demo model.
    pub(crate) fn call(&self, token: &str) -> Reply {
        self.call_model(token, "portreeve-demo")
    }

    pub(crate) fn call_model(&self, token: &str, model: &str) -> Reply {
        let bearer = format!("Bearer {token}");
        let body = chat(model, false).to_string();
        let headers = [("authorization", bearer.as_str())];
        testkit::post(self.address, "/v1/chat/completions", &headers, body.as_bytes())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Printed {
    /// Collects what comes from `source` on a thread of its own.
    fn of(source: impl Read + Send + 'static) -> Arc<Self> {
        let printed = Arc::new(Self::default());
        let shared = Arc::clone(&printed);
        std::thread::spawn(move || {
            let mut lines = BufReader::new(source);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                shared.change(|text| text.0.push_str(&String::from_utf8_lossy(&line)));
                line.clear();
            }
            shared.change(|text| text.1 = true);
        });
        printed
    }

    fn change(&self, change: impl FnOnce(&mut (String, bool))) {
        change(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner));
        self.more.notify_all();
    }

    fn so_far(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// The text once it holds `wanted`; none where it ends, or a minute passes, without.
    fn wait(&self, wanted: &str) -> Option<String> {
        self.wait_for(wanted, PATIENCE)
    }

    /// The same, for another time.
    fn wait_for(&self, wanted: &str, within: Duration) -> Option<String> {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = |text: &mut (String, bool)| !text.0.contains(wanted) && !text.1;
        let (text, _) = self.more.wait_timeout_while(text, within, goes_on).unwrap();
        text.0.contains(wanted).then(|| text.0.clone())
    }

    fn wait_end(&self) {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, late) = self.more.wait_timeout_while(text, PATIENCE, |text| !text.1).unwrap();
        assert!(!late.timed_out(), "it does not end:\n{}", text.0);
    }
}

/// Runs a command to its end. One that goes on for a minute is ended and has failed.
pub(crate) fn run(mut command: Command, input: &[u8]) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read what it is given has its reasons.
    let _ = child.stdin.take().unwrap().write_all(input);
    let (done, ended) = mpsc::sync_channel(2);
    let collect = |mut source: Box<dyn Read + Send>| {
        let done = done.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            source.read_to_end(&mut bytes).unwrap();
            // Whoever waited may have given up.
            let _ = done.send(());
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let out = collect(Box::new(child.stdout.take().unwrap()));
    let err = collect(Box::new(child.stderr.take().unwrap()));
    let in_time = (0..2).all(|_| ended.recv_timeout(PATIENCE).is_ok());
    if !in_time {
        child.kill().unwrap();
    }
    let code = child.wait().unwrap().code();
    let run = Run { code, out: out.join().unwrap(), err: err.join().unwrap() };
    assert!(in_time, "{command:?} goes on: {}", run.all());
    run
}

/// The body of a chat request.
pub(crate) fn chat(model: &str, stream: bool) -> Value {
    json!({ "model": model, "stream": stream, "messages": [{ "role": "user", "content": "hello" }] })
}

/// The decision's id that an answer names.
#[track_caller]
pub(crate) fn decision(reply: &Reply) -> String {
    reply.header("portreeve-decision").expect("an answer names its decision").to_owned()
}

/// A text member of a JSON object.
#[track_caller]
pub(crate) fn text_of(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no `{member}` in {value}")).to_owned()
}

/// Writes a file of mode 0600, its folders 0700.
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Calls `visit` with every path below `dir`.
pub(crate) fn walk(dir: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        visit(&path);
        if path.is_dir() {
            walk(&path, visit);
        }
    }
}

/// Makes an SSH key pair with OpenSSH's own program; gives the private file's path.
pub(crate) fn ssh_key(folder: &Path, name: &str, kind: &[&str], passphrase: &str) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new("ssh-keygen");
    command.arg("-q").arg("-t").args(kind).args(["-C", name, "-N", passphrase, "-f"]).arg(&path);
    let made = run(command, b"");
    made.ok();
    path
}
