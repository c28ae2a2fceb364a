//! The load: callers of every kind and people who act, until nobody answers any more.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use serde_json::Value;
use testkit::{Connection, PROVIDER_KEY};
use tlog::Receipt;

use crate::common::{Home, Server, chat, text_of};

use super::cut::Moment;
use super::dice::Dice;

const CLIENTS: usize = 6;
/// Calls that a change of the budget allows more.
const CALLS_MORE: u64 = 60;
/// What is told to whoever waits for the moment, and not yet heard, at most; more is not told.
const TOLD_MAX: usize = 1024;

/// What the outside was promised in one round.
#[derive(Default)]
pub(super) struct Promised {
    /// Of each forwarded call.
    pub(super) receipts: Vec<Receipt>,
    /// The ids of decisions that an answer named.
    pub(super) decisions: Vec<String>,
    /// The ids of changes that were applied.
    pub(super) changes: Vec<String>,
    /// Versions of the provider's key that were sealed.
    pub(super) sealed: Vec<u64>,
    /// Answers by status.
    pub(super) statuses: Vec<u16>,
}

/// One kind of call.
#[derive(Clone, Copy)]
enum Call {
    /// Of this model, whole or as a stream that is read to its end.
    Read { model: &'static str, stream: bool },
    /// A stream that the caller leaves once it began.
    Left,
    /// Without a credential.
    Unproved,
}

const CALLS: &[Call] = &[
    Call::Read { model: "portreeve-demo", stream: false },
    Call::Read { model: "portreeve-demo", stream: true },
    Call::Read { model: "local-model", stream: false },
    Call::Read { model: "local-model", stream: true },
    Call::Read { model: "no-such-model", stream: false },
    Call::Left,
    Call::Unproved,
];

/// Declares a budget that lets so many steps' calls through, and applies it.
pub(super) fn allow(home: &Home, steps: u64) -> String {
    declare(home, steps);
    home.apply()
}

fn declare(home: &Home, steps: u64) {
    let calls = CALLS_MORE * (1 + steps);
    home.write(
        "quotas/demo-month.yaml",
        &format!(
            "name: demo-month\npurpose: What the demo agent may use.\nfor: {{agent: demo-agent}}\n\
             limits:\n  - {{what: requests, per: month, at_most: {calls}}}\n  \
             - {{what: tokens, per: month, at_most: 100000000}}\n"
        ),
    );
}

/// Runs the load on `server` until it is cut at `moment`.
pub(super) fn until_cut(home: &Home, server: Server, moment: Moment, dice: &mut Dice) -> Promised {
    let token = home.token("demo-agent");
    let address = server.address;
    let promised = Mutex::new(Promised::default());
    let (tell_answer, answers) = sync_channel(TOLD_MAX);
    let (tell_act, acts) = sync_channel(TOLD_MAX);
    let bearer = format!("Bearer {token}");
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let (tell, mut dice) = (tell_answer.clone(), dice.split());
            let (promised, bearer) = (&promised, bearer.as_str());
            scope.spawn(move || {
                while let Some(answer) = call(address, bearer, CALLS[dice.below::<usize>(7)]) {
                    answer.keep(&mut promised.lock().unwrap());
                    // Whoever waits heard enough, or has cut it already.
                    let _ = tell.try_send(());
                }
            });
        }
        let promised = &promised;
        let first = dice.below::<u64>(2);
        scope.spawn(move || people(home, first, &tell_act, promised));
        moment.cut(home, server, &answers, &acts);
    });
    promised.into_inner().unwrap()
}

/// What the head of an answer promises.
struct Answer {
    status: u16,
    receipt: Option<Receipt>,
    decision: Option<String>,
}

impl Answer {
    fn keep(self, promised: &mut Promised) {
        let known = [200, 401, 404, 429, 503];
        assert!(known.contains(&self.status), "{}", self.status);
        promised.statuses.push(self.status);
        assert_eq!(self.receipt.is_some(), self.status == 200, "who is served has a receipt");
        promised.receipts.extend(self.receipt);
        // An answer of 503 says that nothing could be recorded any more.
        promised.decisions.extend(self.decision.filter(|_| self.status != 503));
    }
}

/// One call; what its head promises. None once nobody answers.
fn call(to: SocketAddr, bearer: &str, call: Call) -> Option<Answer> {
    let (model, stream) = match call {
        Call::Read { model, stream } => (model, stream),
        Call::Left => ("portreeve-demo", true),
        Call::Unproved => ("portreeve-demo", false),
    };
    let body = chat(model, stream).to_string();
    let credential = match call {
        Call::Unproved => String::new(),
        Call::Read { .. } | Call::Left => format!("authorization: {bearer}\r\n"),
    };
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway.test\r\n{credential}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = Connection::try_tcp(to).ok()?;
    connection.try_send_raw(head.as_bytes()).ok()?;
    let head = connection.head().ok()?;
    let receipt = head.header("portreeve-receipt").map(|text| Receipt::decode(text).unwrap());
    let decision = head.header("portreeve-decision").map(ToOwned::to_owned);
    let answer = Answer { status: head.status, receipt, decision };
    if stream && head.status == 200 && matches!(call, Call::Read { .. }) {
        // The cut may come in its midst: what the head promised holds all the same.
        while let Ok(Some(_)) = connection.chunk() {}
    }
    Some(answer)
}

/// People who change the budget and seal the provider's key, until they are not heard any more.
fn people(home: &Home, first: u64, tell: &SyncSender<()>, promised: &Mutex<Promised>) {
    for turn in first.. {
        // Whoever waits heard enough, or has cut it already.
        let _ = tell.try_send(());
        let run = if turn.is_multiple_of(2) {
            let steps = changes_so_far(home);
            declare(home, steps);
            let copy = home.path("charter").display().to_string();
            home.run(&["change", "propose", &copy, "--apply", "--json"])
        } else {
            home.run_with(&["secret", "put", "local-key"], PROVIDER_KEY.as_bytes())
        };
        assert!(!run.err.contains("panicked"), "{run:?}");
        match (run.code, turn.is_multiple_of(2)) {
            (Some(0), true) => {
                let answer: Value = serde_json::from_str(&run.out).unwrap();
                promised.lock().unwrap().changes.push(text_of(&answer, "change"));
            }
            (Some(0), false) => {
                let digits = |other: char| !other.is_ascii_digit();
                let version = run.out.split_whitespace().nth(2).unwrap().trim_matches(digits);
                promised.lock().unwrap().sealed.push(version.parse().unwrap());
            }
            // A change that was taken and never answered is in force already.
            (Some(1), true) if run.err.contains("in force already") => {}
            (Some(4), _) => return,
            _ => panic!("{run:?}"),
        }
    }
}

/// How often a budget was declared before, by the number it stands at; each goes one step further.
fn changes_so_far(home: &Home) -> u64 {
    let text = std::fs::read_to_string(home.path("charter/quotas/demo-month.yaml")).unwrap();
    let calls = text.split("at_most: ").nth(1).unwrap().split('}').next().unwrap();
    calls.parse::<u64>().unwrap() / CALLS_MORE
}
