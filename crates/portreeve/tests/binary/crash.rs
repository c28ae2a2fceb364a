//! Power cuts: the process is killed while calls run. Whatever a client was promised is in the
//! log afterwards, no number is given out twice, and what was lost is said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ledger::read::Reader;
use ledger::{Entry, EntryKind};
use testkit::Connection;
use tlog::{LogVerifier, Receipt};

use crate::common::{Home, Server, chat};

const ROUNDS: usize = 10;
const CLIENTS: usize = 6;
/// Answers after which a round is cut.
const ANSWERED: usize = 24;

#[test]
fn a_kill_loses_no_promise_and_gives_no_number_twice() {
    let home = Home::new();
    home.up().stop();
    let verifier = verifier(&home);
    let mut promised: BTreeMap<u64, Receipt> = BTreeMap::new();
    let mut reported = BTreeSet::new();
    for round in 0..ROUNDS {
        let server = home.up();
        reported.extend(lost(&server));
        let token = home.token("demo-agent");
        for receipt in burst(server, &token) {
            receipt.verify(&verifier).unwrap();
            if let Some(earlier) = promised.insert(receipt.index, receipt.clone()) {
                assert_eq!(earlier.leaf, receipt.leaf, "round {round}: one number, two entries");
            }
        }
    }
    let server = home.up();
    reported.extend(lost(&server));
    server.stop();
    assert!(promised.len() >= ROUNDS * ANSWERED, "only {} answers", promised.len());

    home.run(&["ledger", "verify"]).ok();
    let entries = home.entries("decisions");
    for (index, entry) in (0..).zip(&entries) {
        assert_eq!(entry.index, index, "the numbers are dense");
    }
    for (index, receipt) in &promised {
        let entry = &entries[usize::try_from(*index).unwrap()];
        assert_eq!(leaf(entry), receipt.leaf, "entry {index} is what was promised");
        assert_eq!(entry.kind, EntryKind::Decision);
    }
    check_pairs(&entries, &reported);
}

/// Every decision whose outcome was due has exactly one; those that the cut took are recorded
/// as interrupted, and were told on standard error.
fn check_pairs(entries: &[Entry], reported: &BTreeSet<String>) {
    let mut outcomes: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Outcome) {
        outcomes.entry(entry.id.unwrap().to_string()).or_default().push(entry);
    }
    let mut interrupted = BTreeSet::new();
    for decision in entries.iter().filter(|entry| entry.outcome_due()) {
        let id = decision.id.unwrap().to_string();
        let of_it = outcomes.get(&id).map(Vec::as_slice).unwrap_or_default();
        let [outcome] = of_it else { panic!("{} outcomes of decision {id}", of_it.len()) };
        // What is written by the start after the cut ends the decisions that the cut took.
        if outcome.epoch != decision.epoch {
            assert_eq!(outcome.json["ended"], "interrupted", "{}", outcome.json);
            interrupted.insert(id);
        }
    }
    assert_eq!(&interrupted, reported, "what was lost is what was told");
}

/// The decisions that a start says it found without an outcome.
fn lost(server: &Server) -> BTreeSet<String> {
    let said = server.said();
    let lines = said.lines().filter(|line| line.contains("its outcome was lost"));
    lines.map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect()
}

fn verifier(home: &Home) -> LogVerifier {
    Reader::open_own(&home.path("logs/decisions")).unwrap().verifier().clone()
}

fn leaf(entry: &Entry) -> tlog::Hash {
    tlog::leaf_hash(ledger::canonical(&entry.json).unwrap().as_bytes())
}

/// Calls from several clients, the process killed in their midst; the receipts they got.
fn burst(server: Server, token: &str) -> Vec<Receipt> {
    let address = server.address;
    let (answered, server) = (AtomicUsize::new(0), Mutex::new(Some(server)));
    let received = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (answered, server, received) = (&answered, &server, &received);
            scope.spawn(move || {
                let bearer = format!("Bearer {token}");
                let body = chat("portreeve-demo", client % 2 == 0).to_string();
                let Ok(stream) = std::net::TcpStream::connect(address) else { return };
                drop(stream);
                while let Some(receipt) = call(address, &bearer, body.as_bytes()) {
                    received.lock().unwrap().push(receipt);
                    if answered.fetch_add(1, Ordering::SeqCst) + 1 == ANSWERED {
                        server.lock().unwrap().take().unwrap().kill();
                    }
                }
            });
        }
    });
    received.into_inner().unwrap()
}

/// One call; the receipt as soon as the answer's head is there. None once nobody answers.
fn call(to: std::net::SocketAddr, bearer: &str, body: &[u8]) -> Option<Receipt> {
    let mut connection = Connection::try_tcp(to).ok()?;
    let length = body.len().to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway.test\r\nauthorization: {bearer}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    connection.try_send_raw(head.as_bytes()).ok()?;
    connection.try_send_raw(body).ok()?;
    let head = connection.head().ok()?;
    assert_eq!(head.status, 200, "{head:?}");
    let receipt = head.header("portreeve-receipt").expect("a forwarded answer has a receipt");
    Some(Receipt::decode(receipt).unwrap())
}
