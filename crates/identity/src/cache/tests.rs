//! The cache's bound and its order of eviction.

use std::sync::Arc;

use model::{Digest, Proof, Subject, Timestamp};

use super::{Cache, SHARDS};

fn subject(digest: [u8; 32], expires: i64) -> Arc<Subject> {
    Arc::new(Subject {
        agent: "demo".parse().unwrap(),
        proof: Proof::EmbeddedToken,
        trust_domain: "acme.test".into(),
        credential: Digest::from_bytes(digest),
        issued: Timestamp::from_millis(0),
        expires: Timestamp::from_millis(expires),
        epoch: 1,
        context: None,
    })
}

/// A digest of shard `shard`, numbered.
fn digest(shard: u8, number: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = shard;
    bytes[31] = number;
    bytes
}

#[test]
fn what_was_put_in_is_found_and_nothing_else() {
    let cache = Cache::new(64);
    let one = subject(digest(3, 1), 10);
    cache.insert(Arc::clone(&one));
    assert_eq!(cache.get(&one.credential), Some(Arc::clone(&one)));
    assert_eq!(cache.get(&Digest::from_bytes(digest(3, 2))), None);
    assert_eq!(cache.get(&Digest::from_bytes(digest(4, 1))), None);
}

#[test]
fn the_entry_that_expires_first_makes_room() {
    let cache = Cache::new(SHARDS * 2);
    for (number, expires) in [(1, 20), (2, 10), (3, 30)] {
        cache.insert(subject(digest(5, number), expires));
    }
    let found = |number| cache.get(&Digest::from_bytes(digest(5, number))).is_some();
    assert_eq!([found(1), found(2), found(3)], [true, false, true]);
    cache.insert(subject(digest(5, 4), 5));
    assert_eq!([found(1), found(3), found(4)], [true, true, false]);
}

#[test]
fn the_number_of_entries_is_bounded_and_repeats_take_no_room() {
    let cache = Cache::new(SHARDS * 2);
    for shard in 0..=u8::MAX {
        for number in 0..8 {
            cache.insert(subject(digest(shard, number), i64::from(number)));
            cache.insert(subject(digest(shard, number), i64::from(number)));
        }
    }
    assert_eq!(cache.len(), SHARDS * 2);
    let smallest = Cache::new(0);
    smallest.insert(subject(digest(0, 1), 1));
    assert_eq!(smallest.len(), 1);
}
