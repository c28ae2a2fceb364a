//! A small blocking HTTP/1.1 client for tests, with no library behind it: it reads framing by
//! itself, sends whatever bytes it is given, well-formed or not, and leaves when it likes.
//!
//! It blocks: in an async test, what it talks to must run on another thread
//! (`#[tokio::test(flavor = "multi_thread")]`).

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::gate::PATIENCE;

/// One connection. Dropping it closes it at once, whatever is under way.
pub struct Connection {
    stream: Stream,
    /// Read from the peer and not yet taken.
    pending: Vec<u8>,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// An answer, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body with any chunking taken off.
    pub body: Vec<u8>,
}

/// Sends one GET on a connection of its own.
///
/// # Panics
/// Where there is no complete answer.
#[must_use]
pub fn get(to: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut connection = Connection::tcp(to);
    connection.request("GET", path, headers, b"");
    connection.reply().expect("a complete answer")
}

/// Sends one POST of JSON on a connection of its own.
///
/// # Panics
/// Where there is no complete answer.
#[must_use]
pub fn post(to: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut connection = Connection::tcp(to);
    connection.request("POST", path, headers, body);
    connection.reply().expect("a complete answer")
}

impl Connection {
    /// Connects over TCP.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn tcp(to: SocketAddr) -> Self {
        Self::try_tcp(to).expect("somebody listens")
    }

    /// Connects over TCP, where nobody may listen any more.
    ///
    /// # Errors
    /// If nobody does.
    pub fn try_tcp(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: Stream::Tcp(stream), pending: Vec::new() })
    }

    /// Connects over a Unix socket.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        Self { stream: Stream::Unix(stream), pending: Vec::new() }
    }

    /// Sends a request with `host`, `content-length` and, for a body, `content-type:
    /// application/json`, unless `headers` name them.
    ///
    /// # Panics
    /// If the peer does not take it.
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let named = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        if !named("host") {
            head.push_str("host: gateway.test\r\n");
        }
        if !body.is_empty() && !named("content-type") {
            head.push_str("content-type: application/json\r\n");
        }
        if !body.is_empty() && !named("content-length") && !named("transfer-encoding") {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.send_raw(head.as_bytes());
        self.send_raw(body);
    }

    /// Sends these bytes as they are.
    ///
    /// # Panics
    /// If the peer does not take them.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.try_send_raw(bytes).expect("the peer takes what is sent");
    }

    /// Sends these bytes as they are, where a peer that hangs up is expected.
    ///
    /// # Errors
    /// If the peer does not take them.
    pub fn try_send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(bytes),
            Stream::Unix(stream) => stream.write_all(bytes),
        }
    }

    /// Says that nothing more will be sent; the answer can still be read.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn finish_sending(&mut self) {
        match &self.stream {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
        .expect("an open connection");
    }

    /// Reads a whole answer.
    ///
    /// # Errors
    /// If the peer hangs up, breaks framing, or says nothing for 30 seconds.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut reply = self.head()?;
        let announced = reply.header("content-length").and_then(|length| length.parse().ok());
        if reply.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk()? {
                reply.body.extend(chunk);
            }
        } else if let Some(length) = announced {
            reply.body = self.take(length)?;
        } else if reply.status != 204 && reply.status != 304 && reply.status >= 200 {
            while self.fill()? {}
            reply.body = std::mem::take(&mut self.pending);
        }
        Ok(reply)
    }

    /// Reads an answer's head; its body is then read with [`Self::chunk`] or [`Self::take`].
    ///
    /// # Errors
    /// As for [`Self::reply`].
    pub fn head(&mut self) -> io::Result<Reply> {
        let status_line = self.line()?;
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| broken(&format!("not a status line: {status_line}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(Reply { status, headers, body: Vec::new() });
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken("not a header"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads one chunk of a chunked body; none after the last.
    ///
    /// # Errors
    /// As for [`Self::reply`].
    pub fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = self.line()?;
        let size = usize::from_str_radix(&size, 16).map_err(|_| broken("not a chunk's size"))?;
        let chunk = self.take(size)?;
        if !self.line()?.is_empty() {
            return Err(broken("a chunk does not end where it says"));
        }
        Ok((size > 0).then_some(chunk))
    }

    /// Reads exactly `count` bytes.
    ///
    /// # Errors
    /// As for [`Self::reply`].
    pub fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.pending.len() < count {
            if !self.fill()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.pending.drain(..count).collect())
    }

    /// Whether the peer has closed the connection. It blocks until it does or sends something.
    ///
    /// # Errors
    /// If nothing happens for 30 seconds.
    pub fn is_closed_by_peer(&mut self) -> io::Result<bool> {
        if !self.pending.is_empty() {
            return Ok(false);
        }
        match self.fill() {
            Ok(more) => Ok(!more),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.pending.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.take(end)?;
                self.take(2)?;
                return String::from_utf8(line).map_err(|_| broken("a line is not UTF-8"));
            }
            if !self.fill()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads what has come; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = match &mut self.stream {
            Stream::Tcp(stream) => stream.read(&mut buffer)?,
            Stream::Unix(stream) => stream.read(&mut buffer)?,
        };
        self.pending.extend(buffer.iter().take(count));
        Ok(count > 0)
    }
}

impl Reply {
    /// A header's value, the first where there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, with replacement characters where it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Everything that came, as bytes to search for canaries.
    #[must_use]
    pub fn everything(&self) -> Vec<u8> {
        let heads = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        heads.collect::<String>().into_bytes().into_iter().chain(self.body.clone()).collect()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.stream {
            Stream::Tcp(_) => "tcp",
            Stream::Unix(_) => "unix",
        };
        write!(out, "Connection({kind}, {} bytes pending)", self.pending.len())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
