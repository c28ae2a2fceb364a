//! A provider that answers every request with the same bytes and closes the connection: for
//! answers that no HTTP library would write.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use crate::world::PATIENCE;

/// A running provider, on a thread of its own.
pub(crate) struct Canned {
    address: SocketAddr,
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Canned {
    /// Starts one that answers with `answer`.
    pub(crate) fn start(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (answered, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (Arc::clone(&answered), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                // A connection that ends early is the gate's to report, not this thread's.
                let _ = serve(stream.unwrap(), &answer, &counted);
            }
        });
        Self { address, answered, stop, thread: Some(thread) }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests it answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread; if it cannot be reached, it has ended already.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads one whole request, counts it and writes the answer; none where the peer leaves first. It is
/// counted first, so that whoever has the answer finds it counted.
fn serve(mut stream: TcpStream, answer: &[u8], counted: &AtomicUsize) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&read) {
        let count = stream.read(&mut buffer).ok()?;
        read.extend_from_slice(buffer.get(..count).filter(|bytes| !bytes.is_empty())?);
    }
    counted.fetch_add(1, Ordering::SeqCst);
    stream.write_all(answer).ok()
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length: ")?.trim().parse::<usize>().ok()
    });
    length.is_some_and(|length| body.len() >= length)
}
