//! Runs `spec/vectors/protocol/streams.json` through the meter, cut up in every way.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what a test is given must be what it says"
)]

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use model::{Operation, StoredKind, Usage};
use proptest::prelude::*;
use protocol::{EVENT_BYTES_MAX, Meter, OUTLINE_BYTES_MAX, stored_name};
use serde_json::Value;

/// What a meter made of a stream.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    shown: Vec<u8>,
    usage: Option<Usage>,
    tokens_at_least: u64,
    ended_properly: bool,
    saw_error: bool,
}

struct Case {
    name: String,
    operation: Operation,
    hides_usage: bool,
    stream: Vec<u8>,
    expected: Seen,
}

fn cases() -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/protocol");
    let index = fs::read(folder.join("streams.json")).expect("the index");
    let index: Value = serde_json::from_slice(&index).expect("the index is JSON");
    let cases = index["cases"].as_array().expect("cases").iter();
    cases
        .map(|case| {
            let file = |name: &str| {
                let name = case[name].as_str()?;
                Some(fs::read(folder.join("streams").join(name)).expect(name))
            };
            let stream = file("file").expect("a stream");
            let flag = |name: &str| case[name].as_bool().expect(name);
            Case {
                name: case["name"].as_str().expect("a name").to_owned(),
                operation: serde_json::from_value(case["operation"].clone()).expect("an operation"),
                hides_usage: flag("hides_usage"),
                expected: Seen {
                    shown: file("shown").unwrap_or_else(|| stream.clone()),
                    usage: serde_json::from_value(case["usage"].clone()).expect("usage"),
                    tokens_at_least: case["tokens_at_least"].as_u64().expect("a count"),
                    ended_properly: flag("ended_properly"),
                    saw_error: flag("saw_error"),
                },
                stream,
            }
        })
        .collect()
}

/// Runs the pieces of a stream through a meter.
fn run<'p>(
    operation: Operation,
    hides_usage: bool,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Seen {
    let mut meter = Meter::new(operation, hides_usage);
    let mut shown = Vec::new();
    for piece in pieces {
        let piece = Bytes::copy_from_slice(piece);
        let now = meter.feed(piece.clone());
        if !hides_usage || operation != Operation::ChatCompletions {
            assert_eq!(now, piece, "where nothing is hidden, bytes pass as they come");
        }
        shown.extend_from_slice(&now);
    }
    shown.extend_from_slice(&meter.rest());
    Seen {
        shown,
        usage: meter.usage(),
        tokens_at_least: meter.tokens_at_least(),
        ended_properly: meter.ended_properly(),
        saw_error: meter.saw_error(),
    }
}

#[test]
fn every_stream_vector_holds_whole_and_cut_anywhere() {
    let cases = cases();
    assert!(cases.len() > 20, "{} cases", cases.len());
    for Case { name, operation, hides_usage, stream, expected } in &cases {
        assert_eq!(&run(*operation, *hides_usage, [&**stream]), expected, "{name}");
        assert_eq!(&run(*operation, *hides_usage, stream.chunks(1)), expected, "{name}, bytewise");
        // Every cut of the short ones; bytewise, all places of the long ones were met.
        for at in (0..=stream.len()).step_by(1 + stream.len() / 500) {
            let (before, after) = stream.split_at(at);
            assert_eq!(
                &run(*operation, *hides_usage, [before, after]),
                expected,
                "{name}, cut at {at}"
            );
        }
    }
}

#[test]
fn what_the_client_did_not_ask_for_is_all_that_is_withheld() {
    for case in cases().iter().filter(|case| case.hides_usage) {
        let open = run(case.operation, false, [&*case.stream]);
        assert_eq!(open.shown, case.stream, "{}", case.name);
        assert_eq!(open.usage, case.expected.usage, "{}: hiding changes no count", case.name);
    }
}

const TEXT: &[u8] = b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\n";
const USAGE: &[u8] =
    b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n";
const DONE: &[u8] = b"data: [DONE]\n\n";
const COUNTED: Option<Usage> = Some(Usage { input_tokens: 3, output_tokens: 4 });

#[test]
fn a_whole_event_is_relayed_in_the_call_that_brings_its_end() {
    let mut meter = Meter::new(Operation::ChatCompletions, true);
    let (begin, end) = TEXT.split_at(20);
    assert_eq!(meter.feed(Bytes::from_static(begin)), "");
    assert!(!meter.is_inside_event(), "nothing of it was relayed");
    assert_eq!(meter.feed(Bytes::from_static(end)), TEXT);
    assert_eq!(meter.feed(Bytes::from_static(b": keep-alive\n")), ": keep-alive\n");
    let chunk = Bytes::from_static(TEXT);
    assert_eq!(meter.feed(chunk.clone()).as_ptr(), chunk.as_ptr(), "and it is not copied");
    let both = [TEXT, USAGE, TEXT, USAGE, DONE].concat();
    assert_eq!(meter.feed(Bytes::from(both)), [TEXT, TEXT, DONE].concat());
    assert_eq!(meter.usage(), COUNTED);
}

#[test]
fn a_meter_knows_when_the_client_waits_for_the_rest_of_an_event() {
    let mut meter = Meter::new(Operation::Messages, false);
    assert!(!meter.is_inside_event());
    for (piece, inside) in [
        (&b"ev"[..], true),
        (b"ent: ping\n", true),
        (b"data: {}\n", true),
        (b"\r", true),
        (b"\n", false),
        (b": half a comm", true),
        (b"ent\n", false),
        (b"\n", false),
    ] {
        meter.feed(Bytes::copy_from_slice(piece));
        assert_eq!(meter.is_inside_event(), inside, "{}", piece.escape_ascii());
    }
}

#[test]
fn the_end_of_the_stream_does_not_end_the_event_for_the_client() {
    for (hides_usage, is_inside) in [(false, true), (true, false)] {
        let mut meter = Meter::new(Operation::ChatCompletions, hides_usage);
        meter.feed(Bytes::from_static(TEXT));
        meter.feed(Bytes::from_static(b"data: {\"choi"));
        assert_eq!(meter.is_inside_event(), is_inside);
        let rest = meter.rest();
        assert_eq!(rest.is_empty(), is_inside, "what was held back is given now, if it is wanted");
        assert_eq!(meter.is_inside_event(), is_inside);
        assert!(!meter.ended_properly());
    }
}

/// An event of `size` bytes, all told.
fn event_of(size: usize, tail: &str) -> Vec<u8> {
    let head = "data: {\"pad\":\"";
    let padding = "x".repeat(size - head.len() - tail.len());
    format!("{head}{padding}{tail}").into_bytes()
}

#[test]
fn an_event_beyond_the_bound_is_read_but_not_held_back() {
    let usage = "\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n";
    let fits = event_of(EVENT_BYTES_MAX, usage);
    let larger = event_of(EVENT_BYTES_MAX + 1, usage);
    for size in [1, 2, 1000, EVENT_BYTES_MAX - 1, EVENT_BYTES_MAX, usize::MAX] {
        let pieces = |stream: &[u8]| {
            let stream = [TEXT, stream, DONE].concat();
            run(Operation::ChatCompletions, true, stream.chunks(size.min(stream.len())))
        };
        let seen = pieces(&fits);
        assert_eq!(seen.shown, [TEXT, DONE].concat(), "hidden at the bound, pieces of {size}");
        assert_eq!((seen.usage, seen.ended_properly), (COUNTED, true));
        let seen = pieces(&larger);
        assert_eq!(seen.shown, [TEXT, &larger, DONE].concat(), "beyond it, pieces of {size}");
        assert_eq!((seen.usage, seen.ended_properly), (COUNTED, true));
    }
}

/// The last event of a response that repeats `output`.
fn completed(output: &str) -> Vec<u8> {
    let response = format!(
        r#"{{"id":"resp_1","output":[{output}],"usage":{{"input_tokens":3,"output_tokens":4}}}}"#
    );
    let event = format!(r#"{{"type":"response.completed","response":{response}}}"#);
    format!("event: response.completed\ndata: {event}\n\n").into_bytes()
}

#[test]
fn a_last_event_that_repeats_a_large_answer_is_read_all_the_same() {
    let image = format!(r#"{{"id":"ig_1","result":"{}"}}"#, "iVBOR\\/w0KGgo".repeat(100_000));
    let deep = format!(
        r#"{{"id":"m_1","content":[{}7]}}"#,
        r#"{"a":{"b":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]}},"#.repeat(20_000)
    );
    for output in [&image, &deep] {
        let stream = completed(output);
        assert!(stream.len() > 16 * EVENT_BYTES_MAX);
        for size in [4096, EVENT_BYTES_MAX, usize::MAX] {
            let pieces = stream.chunks(size.min(stream.len()));
            let seen = run(Operation::Responses, false, pieces);
            assert_eq!((seen.usage, seen.ended_properly), (COUNTED, true), "pieces of {size}");
        }
    }
}

#[test]
fn an_event_whose_outline_is_beyond_the_bound_passes_unread() {
    for (items, usage) in [(1, COUNTED), (OUTLINE_BYTES_MAX / 10, None)] {
        let stream = completed(&vec![r#"{"a":1234}"#; items].join(","));
        let seen = run(Operation::Responses, false, [&*stream, &*completed("")]);
        assert_eq!(seen.usage, COUNTED, "the next event is read again");
        let seen = run(Operation::Responses, false, [&*stream]);
        assert_eq!((seen.usage, seen.ended_properly), (usage, true), "its name is read");
    }
}

#[test]
fn names_are_given_once_as_they_are_announced() {
    let mut meter = Meter::new(Operation::Responses, false);
    let mut feed = |event: &str| {
        meter.feed(Bytes::from(format!("data: {event}\n\n")));
        meter.take_stored()
    };
    let name = stored_name;
    let created = r#"{"type":"response.created","response":{"id":"resp_1"}}"#;
    assert_eq!(feed(created), [name(StoredKind::Response, "resp_1")]);
    assert_eq!(feed(created), []);
    let item =
        r#"{"item":{"id":"ci_1","container_id":"cntr_1"},"type":"response.output_item.added"}"#;
    let of_item = [name(StoredKind::Item, "ci_1"), name(StoredKind::Container, "cntr_1")];
    assert_eq!(feed(item), of_item);
    let file = r#"{"type":"response.output_text.annotation.added","annotation":{
        "type":"container_file_citation","container_id":"cntr_1","file_id":"cfile_1"}}"#;
    assert_eq!(feed(&file.replace('\n', "")), [name(StoredKind::File, "cfile_1")]);
}

#[test]
fn a_response_that_is_not_kept_announces_containers_alone() {
    let mut meter = Meter::new(Operation::Responses, false);
    let stream = "data: {\"response\":{\"store\":false,\"id\":\"resp_1\"}}\n\n\
                  data: {\"item\":{\"id\":\"ci_1\",\"container_id\":\"cntr_1\"}}\n\n";
    meter.feed(Bytes::from_static(stream.as_bytes()));
    assert_eq!(meter.take_stored(), [stored_name(StoredKind::Container, "cntr_1")]);
}

#[test]
fn a_streamed_message_announces_its_container_and_files() {
    let mut meter = Meter::new(Operation::Messages, false);
    let stream = concat!(
        r#"data: {"type":"message_start","message":{"id":"msg_1","container":null}}"#,
        "\n\n",
        r#"data: {"type":"content_block_start","content_block":{"type":"bash_code_execution_tool_result","content":{"content":[{"file_id":"file_1"}]}}}"#,
        "\n\n",
        r#"data: {"type":"content_block_start","content_block":{"type":"tool_use","content":{"content":[{"file_id":"file_2"}]}}}"#,
        "\n\n",
        r#"data: {"type":"message_delta","delta":{"container":{"id":"container_1"}}}"#,
        "\n\n",
    );
    meter.feed(Bytes::from_static(stream.as_bytes()));
    let names = [
        stored_name(StoredKind::File, "file_1"),
        stored_name(StoredKind::Container, "container_1"),
    ];
    assert_eq!(meter.take_stored(), names);
    assert_eq!(meter.take_stored(), []);
}

#[test]
fn an_endless_event_is_neither_kept_nor_held_back() {
    for piece in [&b"data: xxxxxxxxxxxxxxxxxxxxxxxxxx"[..], b"data: x\n", b": x\n", b"a\r\n", b"\r"]
    {
        let piece = Bytes::from(piece.repeat(1000));
        let mut meter = Meter::new(Operation::ChatCompletions, true);
        let mut held = 0;
        for _ in 0..500 {
            held += piece.len();
            held -= meter.feed(piece.clone()).len();
            assert!(held <= EVENT_BYTES_MAX + piece.len(), "{}", piece.slice(..8).escape_ascii());
        }
        assert_eq!(held, 0, "{}", piece.slice(..8).escape_ascii());
        meter.feed(Bytes::from_static(b"\n\n"));
        let rest = [USAGE, DONE].concat();
        assert_eq!(meter.feed(Bytes::from(rest)), DONE, "the next event is read again");
        assert_eq!(meter.usage(), COUNTED);
    }
}

proptest! {
    #[test]
    fn no_way_of_cutting_changes_what_a_meter_sees(
        nth in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let cases = cases();
        let case = nth.get(&cases);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(case.stream.len() + 1)).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([case.stream.len()]);
        let mut from = 0;
        let pieces = ends.map(|end| {
            let piece = &case.stream[from..end];
            from = end;
            piece
        });
        prop_assert_eq!(&run(case.operation, case.hides_usage, pieces), &case.expected);
    }
}
