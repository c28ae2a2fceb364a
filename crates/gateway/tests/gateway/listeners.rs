//! Where a gate may be reached, and who may read what passes there.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use gateway::{ListenError, Listener, ListenerSpec, Surface, TlsFiles, Transport};
use model::Dialect::OpenAi;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;
use testkit::{Authority, Connection};
use tokio::sync::watch;

use crate::world::{PATIENCE, World};

/// Binds a listener without a gate.
fn bind(transport: Transport, surface: Surface) -> Result<Listener, ListenError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Listener::bind(ListenerSpec { transport, surface }))
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn plain_tcp_that_other_machines_reach_is_refused() {
    for text in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:127.0.0.1]:0", "[2001:db8::1]:0"] {
        let refused = bind(Transport::Tcp(address(text)), Surface::Agents).unwrap_err();
        assert!(matches!(refused, ListenError::PlainNetwork(_)), "{text}: {refused}");
        assert!(refused.to_string().contains("tls"), "it says what to do: {refused}");
        let refused = bind(Transport::Tcp(address(text)), Surface::Metrics).unwrap_err();
        assert!(matches!(refused, ListenError::PlainNetwork(_)), "{text}: {refused}");
    }
}

#[test]
fn administration_over_plain_tcp_is_refused_even_on_loopback() {
    for text in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
        let refused = bind(Transport::Tcp(address(text)), Surface::Admin).unwrap_err();
        assert!(matches!(refused, ListenError::PlainAdmin(_)), "{text}: {refused}");
    }
}

#[test]
fn loopback_is_taken_and_says_its_port() {
    let bound = bind(Transport::Tcp(address("127.0.0.1:0")), Surface::Agents).unwrap();
    assert!(bound.address().starts_with("http://127.0.0.1:"), "{}", bound.address());
    assert!(!bound.address().ends_with(":0"));
    let port = bound.address().rsplit_once(':').unwrap().1.parse().unwrap();
    let taken = bind(Transport::Tcp(([127, 0, 0, 1], port).into()), Surface::Agents).unwrap_err();
    assert!(matches!(taken, ListenError::Bind { .. }), "{taken}");
}

/// Serves the world's gate on `transport` until the world ends; gives the address.
fn serve(world: &World, transport: Transport, surface: Surface) -> (String, watch::Sender<bool>) {
    let spec = ListenerSpec { transport, surface };
    let listener = world.runtime.block_on(Listener::bind(spec)).unwrap();
    let address = listener.address();
    let (stop, stopping) = watch::channel(false);
    let gate = Arc::clone(&world.gate);
    let handle = move |facts, request| Arc::clone(&gate).handle(facts, request);
    world.runtime.spawn(listener.serve(handle, stopping, PATIENCE));
    (address, stop)
}

/// Connections that come at once: more than a listener's queue usually holds.
const AT_ONCE: usize = 500;

/// Nobody takes a connection before all of them are made, so that a queue that is too short keeps
/// some out; with everybody connected, everybody is answered.
#[test]
fn five_hundred_that_come_at_once_are_let_in_and_answered() {
    let world = World::start();
    let spec = ListenerSpec {
        transport: Transport::Tcp(address("127.0.0.1:0")),
        surface: Surface::Agents,
    };
    let listener = world.runtime.block_on(Listener::bind(spec)).unwrap();
    let to = address(listener.address().strip_prefix("http://").unwrap());
    let connect = || {
        let mut stream = TcpStream::connect_timeout(&to, PATIENCE).expect("a place in the queue");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let alive = "GET /healthz HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n";
        stream.write_all(alive.as_bytes()).unwrap();
        stream
    };
    let connected: Vec<TcpStream> = (0..AT_ONCE).map(|_| connect()).collect();
    let (_stop, stopping) = watch::channel(false);
    let gate = Arc::clone(&world.gate);
    let handle = move |facts, request| Arc::clone(&gate).handle(facts, request);
    world.runtime.spawn(listener.serve(handle, stopping, PATIENCE));
    for mut stream in connected {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    }
}

#[test]
fn a_unix_socket_is_its_owners_alone_and_replaces_a_stale_one() {
    let world = World::start();
    let path = world.home.path().join("agents.sock");
    // What a process that was killed leaves behind: the file without a listener.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let (address, _stop) = serve(&world, Transport::Unix(path.clone()), Surface::Agents);
    assert_eq!(address, format!("unix:{}", path.display()));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let mut connection = Connection::unix(&path);
    world.ask(OpenAi).send_on(&mut connection);
    crate::check::forwarded(&world, &connection.reply().unwrap());
}

#[test]
fn a_file_that_is_no_socket_is_never_replaced() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("agents.sock");
    std::fs::write(&file, "somebody's").unwrap();
    let link = home.path().join("link.sock");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for path in [&file, &link, &home.path().to_owned()] {
        let refused = bind(Transport::Unix(path.clone()), Surface::Agents).unwrap_err();
        assert!(matches!(refused, ListenError::Bind { .. }), "{refused}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "somebody's");
}

#[test]
fn a_unix_socket_is_removed_when_its_listener_ends() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("agents.sock");
    let bound = bind(Transport::Unix(path.clone()), Surface::Agents).unwrap();
    assert!(path.exists());
    drop(bound);
    assert!(!path.exists());
}

#[test]
fn an_admin_listener_serves_no_route_of_agents() {
    let world = World::start();
    let path = world.home.path().join("admin.sock");
    let (_address, _stop) = serve(&world, Transport::Unix(path.clone()), Surface::Admin);
    let mut connection = Connection::unix(&path);
    world.ask(OpenAi).send_on(&mut connection);
    let reply = connection.reply().unwrap();
    crate::check::refused(&world, OpenAi, &reply, model::RefusalCode::PathUnknown);
    world.provider.assert_untouched();
}

/// Certificate and key as files below `home`.
fn tls_files(home: &TempDir, authority: &Authority) -> TlsFiles {
    let identity = authority.issue(&["gate.test", "127.0.0.1"]);
    let files =
        TlsFiles { certificate: home.path().join("gate.pem"), key: home.path().join("gate.key") };
    std::fs::write(&files.certificate, identity.certificate_pem()).unwrap();
    std::fs::write(&files.key, identity.key_pem()).unwrap();
    files
}

/// A TLS client that trusts `authority` alone.
fn tls_client(authority: &Authority, to: SocketAddr) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("gate.test").unwrap();
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

#[test]
fn a_tls_listener_serves_who_trusts_it_and_nobody_in_the_clear() {
    let world = World::start();
    let authority = Authority::new();
    let transport = Transport::Tls(address("127.0.0.1:0"), tls_files(&world.home, &authority));
    let (url, _stop) = serve(&world, transport, Surface::Agents);
    let to: SocketAddr = url.strip_prefix("https://").unwrap().parse().unwrap();

    let raw = world.ask(OpenAi).header("connection", "close").raw();
    let mut stream = tls_client(&authority, to);
    stream.write_all(raw.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert_eq!(world.provider.seen().len(), 1);

    // A client that trusts another authority does not finish the handshake.
    let mut stranger = tls_client(&Authority::new(), to);
    assert!(stranger.write_all(raw.as_bytes()).is_err());

    let mut plain = Connection::tcp(to);
    let _ = plain.try_send_raw(raw.as_bytes());
    assert!(plain.reply().is_err(), "plain HTTP is not answered");
    assert_eq!(world.provider.seen().len(), 1);
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_listener() {
    let home = TempDir::new().unwrap();
    let authority = Authority::new();
    let good = tls_files(&home, &authority);
    let other = home.path().join("other.key");
    std::fs::write(&other, authority.issue(&["other.test"]).key_pem()).unwrap();
    let empty = home.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for files in [
        TlsFiles { key: other, ..good.clone() },
        TlsFiles { key: empty.clone(), ..good.clone() },
        TlsFiles { certificate: empty, ..good.clone() },
        TlsFiles { certificate: home.path().join("missing.pem"), ..good },
    ] {
        let tls = Transport::Tls(address("127.0.0.1:0"), files);
        let refused = bind(tls, Surface::Agents).unwrap_err();
        assert!(matches!(refused, ListenError::Tls { .. }), "{refused}");
    }
}
