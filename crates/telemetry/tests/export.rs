//! Exports to collectors of every kind: whatever one does, nobody who is watched waits for it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers are test code too: what they meet unexpectedly fails the test"
)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model::{Attempt, Clock, DecisionId, Dialect, Ended, ModelName, Operation, Timestamp, Usage};
use net::{Client, Endpoint, Roots};
use telemetry::{
    CallEnd, Export, Finished, Resource, Settings, Standing, Steps, Traces, Tracing, TryTime, Watch,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// A time that stands still.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_795_510_800_000)
    }
}

/// What a collector does with each connection.
#[derive(Debug, Clone, Copy)]
enum Collector {
    Takes,
    /// It answers with this status.
    Answers(u16),
    /// It accepts and says nothing.
    Hangs,
    /// It hangs up.
    Drops,
    /// Its answer has no end.
    Endless,
}

fn watched() -> (Watch, Traces) {
    let tracing = Some(Tracing { sample_percent: 100, told: BTreeSet::new() });
    let (watch, traces) = Watch::new(Settings { tracing, ..Settings::default() }).unwrap();
    (watch, traces.unwrap())
}

fn export(address: SocketAddr, metrics_every: Option<Duration>) -> Export {
    let settings = net::Settings { roots: Roots::Nobody, ..net::Settings::default() };
    Export {
        endpoint: Endpoint::parse(&format!("http://{address}")).unwrap(),
        authorization: Some("Bearer a-collector's".parse().unwrap()),
        metrics_every,
        resource: Resource { gateway: "gate@acme.test".to_owned(), version: "0.0.0" },
        client: Client::new(settings).unwrap(),
        clock: Arc::new(Still),
        standing: Arc::new(Standing::default),
        say: |_, _| {},
    }
}

/// Tells the watch of `count` requests, each with a call.
fn requests(watch: &Watch, count: u64) {
    let model: ModelName = "fast".parse().unwrap();
    let attempts = [Attempt {
        provider: "openai".parse().unwrap(),
        upstream_model: "gpt".to_owned(),
        lease: None,
        status: Some(200),
        failure: None,
        cause: Some("a cause for operators".to_owned()),
        upstream_request_id: Some("req_1".to_owned()),
    }];
    let times = [TryTime { began: Duration::from_millis(2), ended: None }];
    for n in 0..count {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&n.to_be_bytes());
        let id = DecisionId::new(7, random);
        watch.finished(&Finished {
            id,
            minted: id,
            trace: None,
            received: Still.now(),
            dialect: Dialect::OpenAi,
            operation: Some(Operation::ChatCompletions),
            model: Some(&model),
            agent: None,
            code: None,
            status: Some(200),
            steps: Steps { total: Duration::from_millis(9), ..Steps::default() },
            input_bytes: 10,
            call: Some(CallEnd {
                ended: Ended::Complete,
                streamed: false,
                attempts: &attempts,
                times: &times,
                usage: Some(Usage { input_tokens: 3, output_tokens: 4 }),
                is_unreported: false,
                cost_nano_usd: None,
                output_bytes: 20,
            }),
        });
    }
}

/// A collector on loopback, and the bodies it took.
async fn collector(kind: Collector) -> (SocketAddr, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (took, taken) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, kind, took.clone()));
        }
    });
    (address, taken)
}

async fn connection(mut stream: TcpStream, kind: Collector, took: mpsc::Sender<(String, Vec<u8>)>) {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
        });
        let whole: usize = end + 4 + length.unwrap_or(0);
        if bytes.len() < whole {
            continue;
        }
        let body = bytes[end + 4..whole].to_vec();
        bytes.drain(..whole);
        let answer = match kind {
            Collector::Takes => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Collector::Answers(status) => {
                format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n")
            }
            Collector::Endless => "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".to_owned(),
            Collector::Hangs => {
                took.send((head, body)).await.unwrap();
                return std::future::pending().await;
            }
            Collector::Drops => {
                took.send((head, body)).await.unwrap();
                return;
            }
        };
        took.send((head, body)).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        if matches!(kind, Collector::Endless) {
            while stream.write_all(&[b'x'; 16 * 1024]).await.is_ok() {}
            return;
        }
    }
}

fn count(watch: &Watch, line: &str) -> u64 {
    let text = watch.exposition(Standing::default()).unwrap();
    let found = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    found.map_or(0, |number| number.parse().unwrap())
}

fn spans(watch: &Watch, result: &str) -> u64 {
    count(watch, &format!("portreeve_telemetry_spans_total{{result=\"{result}\"}}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_gets_every_span_and_the_metrics() {
    let (watch, traces) = watched();
    let (address, mut taken) = collector(Collector::Takes).await;
    let (stop, stopping) = watch::channel(false);
    let export = export(address, Some(Duration::from_millis(1)));
    let running = tokio::spawn(export.run(watch.clone(), traces, stopping));
    requests(&watch, 3);
    let mut paths = BTreeSet::new();
    while paths.len() < 2 {
        let (head, body) = taken.recv().await.expect("an export");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
        assert!(head.contains("authorization: Bearer a-collector's"), "{head}");
        let has = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
        let path = head.split(' ').nth(1).unwrap().to_owned();
        if path == "/v1/traces" {
            for text in ["portreeve.decision.id", "gate@acme.test", "chat fast", "chat gpt"] {
                assert!(has(text), "no {text}");
            }
            assert!(!has("a cause for operators") && !has("a-collector"), "{path}");
        } else {
            assert!(has("portreeve.requests"), "{path}");
        }
        paths.insert(path);
    }
    assert_eq!(paths.into_iter().collect::<Vec<_>>(), ["/v1/metrics", "/v1/traces"]);
    stop.send(true).unwrap();
    running.await.unwrap();
    // Each request has a span of its own and one for its try.
    assert_eq!((spans(&watch, "exported"), spans(&watch, "dropped")), (6, 0));
}

/// Asserts that a collector of this kind takes no span, that requests go on all the same, and that
/// the exporter ends when it is told to.
async fn check_useless(kind: Collector) {
    let (watch, traces) = watched();
    let (address, mut taken) = collector(kind).await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(export(address, None).run(watch.clone(), traces, stopping));
    requests(&watch, 1);
    taken.recv().await.expect("a try");
    // More than wait for their export: the rest is dropped, and nobody waits.
    requests(&watch, 5_000);
    // What is refused for good makes room at once; everything else is tried again, and waits.
    let is_final = matches!(kind, Collector::Answers(400));
    assert!(is_final || spans(&watch, "overflowed") > 0, "{kind:?}");
    let requests = "portreeve_requests_total{code=\"permitted\",dialect=\"open_ai\",model=\"fast\",operation=\"chat_completions\"}";
    assert_eq!(count(&watch, requests), 5_001, "{kind:?}: every request is counted");
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(spans(&watch, "exported"), 0, "{kind:?}");
    assert!(spans(&watch, "dropped") > 0, "{kind:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_refuses_hangs_or_hangs_up_harms_nobody() {
    for kind in [
        Collector::Answers(503),
        Collector::Answers(400),
        Collector::Answers(302),
        Collector::Hangs,
        Collector::Drops,
    ] {
        check_useless(kind).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_end_is_left_and_what_was_sent_is_sent() {
    let (watch, traces) = watched();
    let (address, mut taken) = collector(Collector::Endless).await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(export(address, None).run(watch.clone(), traces, stopping));
    requests(&watch, 1);
    taken.recv().await.expect("a try");
    while spans(&watch, "exported") == 0 {
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(spans(&watch, "exported"), 2);
}

#[test]
fn requests_that_are_not_sampled_make_no_span() {
    let tracing = Some(Tracing { sample_percent: 0, told: BTreeSet::new() });
    let (watch, traces) = Watch::new(Settings { tracing, ..Settings::default() }).unwrap();
    requests(&watch, 5_000);
    assert_eq!(spans(&watch, "overflowed"), 0, "nothing was queued");
    drop(traces);
}
