//! An answer that is not quite the one that was asked for is found out.

use super::*;
use crate::lab::answer::{Whole, chunk, closing, opening};

const WISH: Wish = Wish { number: 7, chunks: 3, pause_ms: 0 };

fn events() -> Vec<Vec<u8>> {
    let chunks = (0..WISH.chunks).map(|position| chunk(WISH.number, position));
    let closing = String::from_utf8(closing(WISH).to_vec()).expect("text");
    let closing = closing.split_inclusive("\n\n").map(|event| event.as_bytes().to_vec());
    std::iter::once(opening()).chain(chunks).map(|event| event.to_vec()).chain(closing).collect()
}

fn outcome(events: &[Vec<u8>]) -> Result<u64> {
    let mut stream = Stream::new(WISH);
    let mut chunks = 0;
    for event in events {
        chunks += stream.take(event)?;
    }
    stream.end()?;
    Ok(chunks)
}

#[test]
fn a_whole_stream_passes_however_it_is_cut() {
    assert_eq!(outcome(&events()).expect("whole"), 3);
    let all = events().concat();
    for size in [1, 2, 7, 100, all.len()] {
        let pieces: Vec<_> = all.chunks(size).map(<[u8]>::to_vec).collect();
        assert_eq!(outcome(&pieces).expect("whole"), 3, "in pieces of {size}");
    }
}

#[test]
fn a_stream_that_lacks_swaps_or_repeats_anything_is_found_out() {
    for missing in 1..events().len() {
        let mut events = events();
        events.remove(missing);
        assert!(outcome(&events).is_err(), "without event {missing}");
    }
    for (one, other) in [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6)] {
        let mut events = events();
        events.swap(one, other);
        assert!(outcome(&events).is_err(), "{one} and {other} swapped");
    }
    for twice in 1..events().len() {
        let mut events = events();
        events.insert(twice, events.get(twice).expect("an event").clone());
        assert!(outcome(&events).is_err(), "event {twice} twice");
    }
}

#[test]
fn a_stream_of_another_request_or_one_byte_off_is_found_out() {
    let mut stream = Stream::new(Wish { number: 8, ..WISH });
    assert!(stream.take(&events().concat()).is_err());
    let damaged = String::from_utf8(events().concat()).expect("text").replace("7:1:s", "7:1:z");
    assert!(outcome(&[damaged.into_bytes()]).is_err());
    let followed = [events().concat(), b"x".to_vec()];
    assert!(outcome(&followed).is_err(), "after its end mark");
}

#[test]
fn an_answer_in_one_piece_is_checked_to_its_last_byte() {
    let answer = String::from_utf8(Whole::new().to(12).to_vec()).expect("text");
    whole(12, answer.as_bytes()).expect("its own");
    assert!(whole(13, answer.as_bytes()).is_err(), "another request's");
    for (from, to) in
        [("another,", "another;"), ("\"completion_tokens\":256", "\"completion_tokens\":255")]
    {
        assert!(whole(12, answer.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
    }
    assert!(whole(12, b"{}").is_err());
    assert!(whole(12, b"").is_err());
}
