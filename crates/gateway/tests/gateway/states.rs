//! What the open paths say, and how a gate stops.

use gateway::Bounds;
use model::Dialect::OpenAi;
use model::RefusalCode;
use testkit::{Connection, Gate, Reply, Script, get};

use crate::ask::DIALECTS;
use crate::check;
use crate::world::{Setup, World};

/// Asserts what an open path answers, and that it says nothing of decisions.
#[track_caller]
fn check_open(reply: &Reply, status: u16, text: &str) {
    assert_eq!((reply.status, reply.text().as_str()), (status, text));
    assert_eq!(reply.header("portreeve-decision"), None);
    assert_eq!(reply.header("server"), None);
}

#[test]
fn health_readiness_and_the_root_are_open_and_unrecorded() {
    let world = World::start();
    let before = world.entries().len();
    check_open(&get(world.address, "/healthz", &[]), 200, "ok\n");
    check_open(&get(world.address, "/readyz", &[]), 200, "ready\n");
    check_open(&get(world.address, "/", &[]), 200, "ok\n");
    for path in ["/", "/healthz", "/readyz"] {
        let mut connection = Connection::tcp(world.address);
        connection.request("HEAD", path, &[], b"");
        let head = connection.head().unwrap();
        assert_eq!((head.status, head.header("portreeve-decision")), (200, None));
        // Nothing follows the head: the next answer begins right after it.
        connection.request("GET", "/healthz", &[], b"");
        check_open(&connection.reply().unwrap(), 200, "ok\n");
    }
    assert_eq!(world.entries().len(), before);
}

#[test]
fn a_draining_gate_lets_streams_end_and_takes_nothing_new() {
    let world = World::start();
    let gate = Gate::new();
    world.provider.next(Script::SlowByGate(gate.clone()));
    let mut under_way = world.ask(OpenAi).stream().open();
    gate.wait_arrived(1);
    world.gate.drain();
    check_open(&get(world.address, "/healthz", &[]), 200, "ok\n");
    check_open(&get(world.address, "/readyz", &[]), 503, "draining\n");
    for dialect in DIALECTS {
        let reply = world.ask(dialect).send();
        check::refusal_answer(dialect, &reply, RefusalCode::Draining);
        // Who proves nothing learns nothing of the gate's state.
        let reply = world.ask(dialect).no_token().send();
        check::refusal_answer(dialect, &reply, RefusalCode::CredentialMissing);
    }
    gate.open();
    let reply = under_way.reply().unwrap();
    assert!(reply.text().ends_with("data: [DONE]\n\n"));
    check::forwarded(&world, &reply);
    assert_eq!(world.provider.seen().len(), 1);
}

#[test]
fn a_place_that_was_given_back_serves_the_next() {
    let bounds = Bounds { requests_max: 1, ..Bounds::default() };
    let world = World::with(Setup { bounds, ..Setup::default() });
    for _ in 0..3 {
        check::forwarded(&world, &world.ask(OpenAi).send());
        check::forwarded(&world, &world.ask(OpenAi).stream().send());
    }
    let gate = Gate::new();
    world.provider.next(Script::SlowByGate(gate.clone()));
    let mut held = world.ask(OpenAi).stream().open();
    gate.wait_arrived(1);
    for dialect in DIALECTS {
        let reply = world.ask(dialect).send();
        check::refusal_answer(dialect, &reply, RefusalCode::Overloaded);
    }
    check_open(&get(world.address, "/healthz", &[]), 200, "ok\n");
    gate.open();
    assert_eq!(held.reply().unwrap().status, 200);
    world.settle();
    check::forwarded(&world, &world.ask(OpenAi).send());
}

#[test]
fn a_gate_that_stopped_left_a_log_that_verifies() {
    let world = World::start();
    for dialect in DIALECTS {
        check::forwarded(&world, &world.ask(dialect).send());
        check::forwarded(&world, &world.ask(dialect).stream().send());
        let _ = world.ask(dialect).no_token().send();
        let _ = world.ask(dialect).model("hidden").send();
    }
    let ended = world.end();
    assert_eq!(ended.report.decisions, 9);
    assert_eq!(ended.report.tail, 0);
    assert_eq!((ended.report.epochs, ended.report.unclean_epochs), (1, 0));
    assert_eq!(ended.report.unpaired, Vec::<u64>::new());
}
