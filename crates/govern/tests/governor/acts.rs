//! Each verb does what it says, and leaves its signed act in the control log.

use approval::Verb;
use govern::{CharterStore, Effect};
use ledger::EntryKind;
use model::SecretVersion;
use testkit::{Canary, assert_clean_dir};

use crate::common::{
    Begun, FOUNDER, SECRET, act_of, as_json, charter, digest_of, fold, name, object_of, payload_of,
};

#[tokio::test]
async fn a_charter_comes_into_force_and_is_recorded() {
    let begun = Begun::new().await;
    let (base, tree) = (begun.in_force().await, charter("the second"));
    let (act, with) = begun.apply(&tree).await;
    let recorded = as_json(&act);
    let done = begun.take((act, with)).await.unwrap();

    let Effect::Applied { change, charter, .. } = done.effect else { panic!("{done:?}") };
    assert_eq!(charter, digest_of(&tree));
    assert_eq!(begun.in_force().await, charter);
    assert_eq!(begun.gateway.lock().unwrap().serve, [charter]);
    let store = CharterStore::at(begun.folder.path().join("charters"));
    assert_eq!(store.get(&charter).unwrap(), tree);

    let applied = begun.entries_of(EntryKind::CharterApplied);
    let [entry] = applied.as_slice() else { panic!("{applied:?}") };
    assert_eq!(entry.index, done.index);
    assert_eq!(act_of(entry), recorded);
    let body = &entry.json["body"];
    assert_eq!(body["actor"], FOUNDER);
    assert_eq!(body["change"], change.to_string());
    assert_eq!(body["charter"], charter.to_string());
    assert_eq!(body["base"], base.to_string());
    assert_eq!(body["reviewed"], false);
}

#[tokio::test]
async fn what_was_folded_says_what_was_taken() {
    let begun = Begun::new().await;
    let mut expected = vec![begun.in_force().await];
    for words in ["one", "two", "three"] {
        let tree = charter(words);
        begun.take(begun.apply(&tree).await).await.unwrap();
        expected.push(digest_of(&tree));
    }
    let state = fold(begun.folder.path());
    let charters: Vec<_> = state.changes().iter().map(|applied| applied.charter).collect();
    assert_eq!(charters, expected);
    let bases: Vec<_> = state.changes().iter().map(|applied| applied.base).collect();
    let before = expected.iter().map(|digest| Some(*digest));
    assert_eq!(bases, std::iter::once(None).chain(before).take(4).collect::<Vec<_>>());

    let status = begun.governor.status().await;
    let begun = begun.restart().await;
    let after = begun.governor.status().await;
    assert_eq!(after["charter"], status["charter"]);
    assert_eq!(after["change"], status["change"]);
}

#[tokio::test]
async fn a_charter_that_was_in_force_before_can_come_back() {
    let begun = Begun::new().await;
    begun.take(begun.apply(&charter("the second")).await).await.unwrap();
    begun.take(begun.apply(&begun.first.clone()).await).await.unwrap();
    assert_eq!(begun.in_force().await, digest_of(&begun.first));
}

#[tokio::test]
async fn a_secret_is_sealed_and_its_value_stands_nowhere() {
    let begun = Begun::new().await;
    let (act, with) = begun.put(SECRET, Canary::ProviderKey.value());
    let recorded = as_json(&act);
    let done = begun.take((act, with)).await.unwrap();
    let Effect::Sealed { name: sealed, version, active } = done.effect else { panic!("{done:?}") };
    let (first, second) = (SecretVersion(1), SecretVersion(2));
    assert_eq!((sealed, version, active), (name(SECRET), first, first));

    let done = begun.take(begun.put(SECRET, "another value")).await.unwrap();
    let Effect::Sealed { version, active, .. } = done.effect else { panic!("{done:?}") };
    assert_eq!((version, active), (second, first), "the charter names version 1");
    assert_eq!(begun.secrets.versions(&name(SECRET)), [first, second]);

    let acts = begun.entries_of(EntryKind::Act);
    assert_eq!(acts.len(), 2);
    assert_eq!(act_of(&acts[0]), recorded);
    assert_eq!(acts[0].json["body"]["effect"]["version"], 1);
    assert_eq!(acts[1].json["body"]["effect"]["version"], 2);
    assert_eq!(acts[1].json["body"]["effect"]["owner"], "seat:platform-lead");
    assert_clean_dir(begun.folder.path(), &[Canary::ProviderKey]);
}

#[tokio::test]
async fn a_token_is_handed_out_and_recorded_by_its_digest() {
    let begun = Begun::new().await;
    let (act, with) = begun.token("demo-agent");
    let recorded = as_json(&act);
    let done = begun.take((act, with)).await.unwrap();
    let Effect::Token(token) = &done.effect else { panic!("{done:?}") };

    let acts = begun.entries_of(EntryKind::Act);
    let [entry] = acts.as_slice() else { panic!("{acts:?}") };
    assert_eq!(act_of(entry), recorded);
    let body = &entry.json["body"];
    assert_eq!(
        (&body["verb"], &body["object"]),
        (&"agent.token".into(), &"agent:demo-agent".into())
    );
    assert_eq!(body["effect"]["token"], token.digest().to_string());
    assert_eq!(body["effect"]["expires"], token.expires().to_string());
    let log = serde_json::to_string(&entry.json).unwrap();
    let signature = token.expose().rsplit('.').next().unwrap();
    assert!(!log.contains(signature), "the log holds the token");
}

/// Every verb that changes something leaves one control entry, and one only. A new verb has to
/// be added here: the match names them all.
#[tokio::test]
async fn every_verb_leaves_exactly_one_entry() {
    for verb in Verb::ALL {
        let begun = Begun::new().await;
        let before = begun.control.status().size;
        let tree = charter("another");
        let (what, kind) = match verb {
            // The one genesis was recorded when this gateway began.
            Verb::Genesis => continue,
            Verb::CharterApply => (begun.apply(&tree).await, EntryKind::CharterApplied),
            Verb::SecretPut => (begun.put(SECRET, "a value"), EntryKind::Act),
            Verb::AgentToken => (begun.token("demo-agent"), EntryKind::Act),
        };
        let signed = as_json(&what.0);
        let done = begun.take(what).await.unwrap();
        assert_eq!(begun.control.status().size, before + 1, "{verb}");
        let entries = begun.entries();
        let entry = entries.last().unwrap();
        assert_eq!((entry.kind, entry.index), (kind, done.index), "{verb}");
        assert_eq!(act_of(entry), signed, "{verb}");
    }
}

/// Two people propose at the same moment against the same base: exactly one wins, whoever
/// comes first, and the other learns what is in force now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_racing_proposals_exactly_one_wins() {
    for round in 0..8 {
        let begun = Begun::new().await;
        let base = begun.in_force().await;
        let proposals = ["the founder's", "the colleague's"].map(|words| {
            let tree = charter(&format!("{words} in round {round}"));
            (begun.act(Verb::CharterApply, object_of(&tree)), payload_of(&tree, base))
        });
        let before = begun.control.status().size;
        let [one, other] = proposals.map(|(act, with)| {
            let governor = begun.governor.clone();
            tokio::spawn(async move { governor.take(act, with).await })
        });
        let results = [one.await.unwrap(), other.await.unwrap()];
        let won: Vec<_> = results.iter().flatten().collect();
        let [won] = won.as_slice() else { panic!("{results:?}") };
        let Effect::Applied { charter, .. } = &won.effect else { panic!("{won:?}") };
        let lost = results.iter().find_map(|result| result.as_ref().err()).unwrap();
        let text = lost.to_string();
        assert!(text.contains(&base.to_string()), "{text}");
        assert!(text.contains(&charter.to_string()), "{text}");
        assert_eq!(begun.in_force().await, *charter);
        assert_eq!(begun.control.status().size, before + 1);
        assert_eq!(begun.gateway.lock().unwrap().serve, [*charter]);
    }
}
