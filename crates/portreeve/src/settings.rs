//! Process settings: where to listen and how long to drain. They belong to the operator and can
//! widen nothing that the charter forbids.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use charter::yaml::{self, Known, Node, Reader};
use gateway::{ListenerSpec, Surface, TlsFiles, Transport};

use crate::exit::Failure;
use crate::home::{Home, read_file};
use crate::observing::{self, Observing};
use crate::said::{self, Format};

/// How long running answers may go on after a signal unless told otherwise, in seconds.
const DRAIN_DEFAULT_S: u64 = 30;
/// Longest drain time that can be set, in seconds.
const DRAIN_MAX_S: u64 = 3_600;
/// What problems call the file.
const FILE: &str = "settings.yaml";

/// The settings file a first run writes.
pub(crate) const TEMPLATE: &str = "\
# Process settings of this gateway. They belong to whoever operates it; nothing here can widen
# what the charter allows. Read once at start: restart to change them.

listeners:
  # Where agents connect. An address that other machines can reach needs TLS:
  #   - {address: \"0.0.0.0:8484\", transport: tls, surface: agents,
  #      certificate: /etc/portreeve/cert.pem, key: /etc/portreeve/key.pem}
  - {address: \"127.0.0.1:8484\", transport: tcp, surface: agents}
  # Where people administer it: a socket in the home, or TLS. Never plain TCP.
  - {address: admin.sock, transport: unix, surface: admin}
  # Where a Prometheus server reads metrics (docs/guide/observe.md): loopback, or TLS.
  #   - {address: \"127.0.0.1:9464\", transport: tcp, surface: metrics}

# How long running answers may go on after Ctrl-C or SIGTERM, in seconds.
drain_seconds: 30
";

/// What the operator set.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) listeners: Vec<ListenerSpec>,
    pub(crate) drain: Duration,
    pub(crate) observing: Observing,
    /// How standard error looks.
    pub(crate) log: Format,
}

/// Kinds of transport, as written.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Tcp,
    Tls,
    Unix,
}

/// Reads `settings.yaml` of the home, or the template's own where there is none yet. `listen`
/// replaces the agents' listener.
pub(crate) fn read(home: &Home, listen: Option<&str>) -> Result<Settings> {
    let written =
        read_file(&home.settings()).map_err(|cause| Failure::settings(cause.to_string()))?;
    let bytes = written.as_ref().map_or(TEMPLATE.as_bytes(), |bytes| bytes.as_slice());
    let mut settings = parse(home, bytes)?;
    if let Some(listen) = listen {
        let address = listen.parse().map_err(|_| {
            Failure::usage(format!(
                "--listen {listen}: use an address and port such as 127.0.0.1:8484"
            ))
        })?;
        settings.listeners.retain(|spec| spec.surface != Surface::Agents);
        let spec = ListenerSpec { transport: Transport::Tcp(address), surface: Surface::Agents };
        settings.listeners.push(spec);
    }
    Ok(settings)
}

/// The settings in `bytes`, or every problem in them.
fn parse(home: &Home, bytes: &[u8]) -> Result<Settings> {
    let (root, mut problems) = yaml::parse(FILE, bytes);
    let mut reader = Reader::new(FILE);
    let settings = root.as_ref().and_then(|root| settings(home, &mut reader, root));
    problems.extend(reader.into_problems());
    match settings {
        Some(settings) if problems.is_empty() => Ok(settings),
        _ => {
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let dir = home.root().display();
            Err(Failure::settings(format!("in {dir}: {}", texts.join("\n\n"))).into())
        }
    }
}

fn settings(home: &Home, reader: &mut Reader, root: &Node) -> Option<Settings> {
    let known = [
        Known::required("listeners", "where agents and people connect"),
        Known::optional("drain_seconds", "how long running answers may go on after a signal"),
        Known::optional("telemetry", "what is told of requests beside the logs"),
        Known::optional("log", "how standard error looks"),
    ];
    let fields = reader.fields(root, &known)?;
    let drain =
        fields.or("drain_seconds", DRAIN_DEFAULT_S, |node| reader.integer(node, 0..=DRAIN_MAX_S));
    let nodes = fields.required("listeners", |node| reader.filled_list(node))?;
    let read: Vec<Option<ListenerSpec>> =
        nodes.iter().map(|node| listener(home, reader, node)).collect();
    let listeners: Vec<ListenerSpec> = read.into_iter().collect::<Option<_>>()?;
    for surface in [Surface::Agents, Surface::Admin] {
        if !listeners.iter().any(|spec| spec.surface == surface) {
            let what = format!("no listener has the surface `{}`", surface.as_str());
            reader.object(
                root.at,
                "missing-listener",
                what,
                "add one; the first run's file shows how",
            );
        }
    }
    let observing = fields.optional("telemetry", |node| observing::read(reader, node))?;
    let format = fields.optional("log", |node| lines(reader, node))?;
    let (mut observing, mut log) = (observing.unwrap_or_default(), Format::default());
    if let Some((format, decisions)) = format {
        log = format;
        observing.watch.tell = decisions.then_some(said::decision as telemetry::Tell);
    }
    Some(Settings { listeners, drain: Duration::from_secs(drain?), observing, log })
}

/// How lines look, and whether each request has one.
fn lines(reader: &mut Reader, node: &Node) -> Option<(Format, bool)> {
    let known = [
        Known::optional("format", "human or json"),
        Known::optional("decisions", "whether each request that ended has a line"),
    ];
    let fields = reader.fields(node, &known)?;
    let formats = [("human", Format::Human), ("json", Format::Json)];
    let format = fields.or("format", Format::Human, |node| reader.one_of(node, &formats))?;
    let decisions = fields.or("decisions", false, |node| reader.flag(node))?;
    Some((format, decisions))
}

fn listener(home: &Home, reader: &mut Reader, node: &Node) -> Option<ListenerSpec> {
    let known = [
        Known::required("address", "an address and port, or the socket's file"),
        Known::required("transport", "tcp, tls or unix"),
        Known::required("surface", "agents, admin or metrics"),
        Known::optional("certificate", "for tls: the certificate chain, a PEM file"),
        Known::optional("key", "for tls: its private key, a PEM file"),
    ];
    let fields = reader.fields(node, &known)?;
    let kinds = [("tcp", Kind::Tcp), ("tls", Kind::Tls), ("unix", Kind::Unix)];
    let surfaces =
        [("agents", Surface::Agents), ("admin", Surface::Admin), ("metrics", Surface::Metrics)];
    let kind = fields.required("transport", |node| reader.one_of(node, &kinds));
    let surface = fields.required("surface", |node| reader.one_of(node, &surfaces));
    let address = fields.required("address", |node| Some((node, reader.text(node)?.to_owned())));
    let mut file = |name| fields.optional(name, |node| reader.text(node).map(PathBuf::from));
    let (certificate, key) = (file("certificate")?, file("key")?);
    let (at, address) = address?;
    let transport = match kind? {
        Kind::Unix => Transport::Unix(home.root().join(address)),
        Kind::Tcp => Transport::Tcp(socket(reader, at, &address)?),
        Kind::Tls => {
            let address = socket(reader, at, &address)?;
            let (Some(certificate), Some(key)) = (certificate, key) else {
                let what = "a tls listener needs `certificate` and `key`".to_owned();
                reader.object(node.at, "missing-field", what, "name both PEM files");
                return None;
            };
            Transport::Tls(address, TlsFiles { certificate, key })
        }
    };
    Some(ListenerSpec { transport, surface: surface? })
}

fn socket(reader: &mut Reader, node: &Node, text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let what = format!("`{text}` is not an address and port");
    reader.object(node.at, "bad-value", what, "write it as in 127.0.0.1:8484 or [::1]:8484");
    None
}
