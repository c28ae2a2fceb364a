//! Five hundred callers at once against a budget for fifty calls: fifty reach the provider, on
//! every endpoint, whole and streamed.

use std::sync::mpsc;
use std::time::Duration;

use model::{Measure, Per, RefusalCode};
use testkit::{Connection, Gate, Script};

use crate::ask::Ask;
use crate::budgets::{self, gateway_wide, held, key, put, stands, under};
use crate::check;
use crate::endpoints::every_ask;
use crate::world::{PATIENCE, World};

/// Callers at once.
const CALLERS: usize = 500;
/// Calls that the budget is for.
const FITS: usize = 50;
/// Enough for a thread that sends one request.
const STACK_BYTES: usize = 128 * 1024;

/// How many of five hundred callers at once were allowed and refused, where the provider answers
/// nobody before everybody who is refused knows it. Every refusal is `code`.
fn crowd(world: &World, ask: &Ask<'_>, code: RefusalCode) -> (usize, usize) {
    let gate = Gate::new();
    world.provider.always(Script::AnswerByGate(gate.clone()));
    let (say, hear) = mpsc::sync_channel(CALLERS);
    let mut went = (0, 0);
    // Connected before anybody sends: how fast connections are taken is not what is tested.
    let connections: Vec<_> = (0..CALLERS).map(|_| Connection::tcp(world.address)).collect();
    std::thread::scope(|scope| {
        for mut connection in connections {
            let (say, ask) = (say.clone(), ask.clone());
            let caller = std::thread::Builder::new().stack_size(STACK_BYTES);
            let send = move || {
                ask.send_on(&mut connection);
                let reply = connection.reply().unwrap();
                let why = (reply.status != 200).then(|| reply.text());
                say.send((reply.status, why)).unwrap();
            };
            caller.spawn_scoped(scope, send).unwrap();
        }
        for heard in 0..CALLERS {
            if heard == CALLERS - FITS {
                gate.wait_arrived(FITS);
                gate.open();
            }
            match hear.recv_timeout(PATIENCE + Duration::from_secs(30)).unwrap() {
                (200, _) => went.0 += 1,
                (429, Some(text)) if text.contains(code.as_str()) => went.1 += 1,
                other => panic!("{other:?}"),
            }
        }
    });
    went
}

/// One test for each endpoint and way to answer, by its place among them all.
macro_rules! crowds {
    ($($name:ident $place:literal;)*) => {
        mod requests_for_fifty_calls {
            $(#[test]
            fn $name() {
                super::check_requests($place, stringify!($name));
            })*
        }

        mod tokens_for_fifty_calls {
            $(#[test]
            fn $name() {
                super::check_tokens($place, stringify!($name));
            })*
        }

        const PLACES: usize = [$($place),*].len();
    };
}

crowds! {
    chat_completions 0;
    responses 1;
    embeddings 2;
    messages 3;
    count_message_tokens 4;
    generate_content 5;
    count_content_tokens 6;
    chat_completions_streamed 7;
    responses_streamed 8;
    messages_streamed 9;
    generate_content_streamed 10;
}

#[test]
fn every_endpoint_has_its_crowd() {
    assert_eq!(every_ask(&World::start()).len(), PLACES);
}

fn check_requests(place: usize, expected: &str) {
    let world = under(&[gateway_wide(&[("requests", "day", "50")])]);
    let (name, ask) = every_ask(&world).remove(place);
    assert_eq!(name.replace(' ', "_"), expected);
    let went = crowd(&world, &ask, RefusalCode::BudgetExhausted);
    assert_eq!(went, (FITS, CALLERS - FITS));
    assert_eq!(world.provider.seen().len(), FITS);
    let key = key("all", Measure::Requests, Per::Day);
    assert_eq!(stands(&world, &key), (50, 0));
    assert_eq!(budgets::check_counters_against_log(&world), 1);
}

fn check_tokens(place: usize, expected: &str) {
    let world = under(&[gateway_wide(&[("tokens", "day", "1000000000")])]);
    let (name, ask) = every_ask(&world).remove(place);
    assert_eq!(name.replace(' ', "_"), expected);
    let probe = ask.send();
    if name.starts_with("count_") {
        assert_eq!(budgets::holds(&world, &probe), [], "counting uses none");
        assert_eq!(budgets::charged(&check::outcome(&world, &probe)).tokens, 0);
        return;
    }
    let bound = held(&world, &probe, Measure::Tokens);
    let key = key("all", Measure::Tokens, Per::Day);
    let (used, _) = stands(&world, &key);
    // One token less than fifty-one calls need.
    let at_most = used + 51 * bound - 1;
    world.amend(|files| {
        put(files, &[gateway_wide(&[("tokens", "day", &at_most.to_string())])]);
    });
    let went = crowd(&world, &ask, RefusalCode::BudgetExhausted);
    assert_eq!(went, (FITS, CALLERS - FITS));
    assert_eq!(world.provider.seen().len(), FITS + 1);
    assert_eq!(stands(&world, &key), (51 * used, 0), "all use alike");
    budgets::check_counters_against_log(&world);
}

#[test]
fn callers_that_leave_within_their_answer_make_no_room() {
    for place in 7..11 {
        let world = under(&[gateway_wide(&[("tokens", "day", "1000000000")])]);
        let (name, ask) = every_ask(&world).remove(place);
        let bound = held(&world, &ask.send(), Measure::Tokens);
        let key = key("all", Measure::Tokens, Per::Day);
        let (used, _) = stands(&world, &key);
        let at_most = used + 50 * bound;
        world.amend(|files| {
            put(files, &[gateway_wide(&[("tokens", "day", &at_most.to_string())])]);
        });
        world.provider.always(Script::HangMidStream);
        let mut allowed = 0;
        for round in 0..5 {
            let open: Vec<Connection> = (0..100).map(|_| ask.open()).collect();
            let mut within = Vec::new();
            for mut connection in open {
                let head = connection.head().unwrap();
                if head.status == 200 {
                    assert!(connection.chunk().unwrap().is_some());
                    allowed += 1;
                    within.push(connection);
                } else {
                    assert_eq!(head.status, 429, "{name}");
                }
            }
            drop(within);
            world.settle();
            assert_eq!(world.provider.seen().len(), 51, "{name}, round {round}");
        }
        assert_eq!(allowed, FITS, "{name}");
        world.provider.wait_cut(FITS);
        // Nobody knows what those who left had used: all that they held.
        assert_eq!(stands(&world, &key), (at_most, 0), "{name}");
        budgets::check_counters_against_log(&world);
    }
}

#[test]
fn callers_that_leave_before_their_answer_make_no_room_either() {
    for place in 0..7 {
        let world = under(&[gateway_wide(&[("requests", "day", "50")])]);
        let (name, ask) = every_ask(&world).remove(place);
        world.provider.always(Script::HangBeforeHeaders);
        let first: Vec<Connection> = (0..FITS).map(|_| ask.open()).collect();
        world.provider.wait_seen(FITS);
        drop(first);
        world.provider.wait_cut(FITS);
        world.settle();
        let reply = ask.send();
        check::refusal_answer(ask.dialect(), &reply, RefusalCode::BudgetExhausted);
        assert_eq!(world.provider.seen().len(), FITS, "{name}");
        let key = key("all", Measure::Requests, Per::Day);
        assert_eq!(stands(&world, &key), (50, 0), "{name}");
        budgets::check_counters_against_log(&world);
    }
}
