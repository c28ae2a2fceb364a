//! Disks that fail. Where the control log cannot be written nothing changes, and when the disk
//! works again so does the governor.

use std::time::Duration;

use govern::{ActRefused, FoldError, RefusedKind};
use ledger::{EntryKind, Step, When};
use testkit::Canary;

use crate::common::{Begun, SECRET, charter, digest_of, fold, object_of, payload_of};

#[tokio::test]
async fn a_log_that_cannot_be_written_changes_nothing_and_heals() {
    for (step, when) in [
        (Step::WalAppend, When::Before),
        (Step::WalAppend, When::Torn),
        (Step::WalAppend, When::After),
        (Step::WalSync, When::Before),
        (Step::WalSync, When::After),
    ] {
        let begun = Begun::new().await;
        let place = format!("{step:?} {when:?}");
        let before = begun.ground().await;
        let tree = charter("the second");

        begun.faults.fail(step, when, 1);
        let refused = begun.take(begun.apply(&tree).await).await.unwrap_err();
        assert!(matches!(refused, ActRefused::Log(_)), "{place}: {refused:?}");
        assert_eq!(refused.kind(), RefusedKind::Unavailable);
        begun.faults.fail(step, when, 1);
        let refused = begun.take(begun.put(SECRET, Canary::ProviderKey.value())).await.unwrap_err();
        assert!(matches!(refused, ActRefused::Log(_)), "{place}: {refused:?}");
        begun.faults.fail(step, when, 1);
        let refused = begun.take(begun.token("demo-agent")).await.unwrap_err();
        assert!(matches!(refused, ActRefused::Log(_)), "{place}: {refused:?}");
        // A charter that was stored and is not in force is only bytes under their own name.
        assert_eq!(begun.ground().await.but_stored(), before.but_stored(), "{place}");

        begun.faults.clear();
        begun.take(begun.apply(&tree).await).await.unwrap();
        begun.take(begun.put(SECRET, "a value")).await.unwrap();
        begun.take(begun.token("demo-agent")).await.unwrap();
        assert_eq!(begun.in_force().await, digest_of(&tree), "{place}");
        assert_eq!(
            fold(begun.folder.path()).current().unwrap().charter,
            digest_of(&tree),
            "{place}"
        );
        assert_eq!(begun.entries_of(EntryKind::Act).len(), 2, "{place}");

        let begun = begun.restart().await;
        assert_eq!(begun.in_force().await, digest_of(&tree), "{place}");
    }
}

/// An act that failed may be sent again as it is: it was never taken.
#[tokio::test]
async fn an_act_that_the_log_refused_can_be_sent_again() {
    let begun = Begun::new().await;
    let (act, with) = begun.token("demo-agent");
    begun.faults.fail(Step::WalSync, When::Before, 1);
    begun.take((act.clone(), with)).await.unwrap_err();
    begun.take((act.clone(), govern::Payload::None)).await.unwrap();
    let refused = begun.refuses((act, govern::Payload::None)).await;
    assert!(matches!(refused, ActRefused::Replayed), "{refused:?}");
}

/// A disk that answered too late: whether the act was recorded is not known when its sender is
/// refused, so the governor asks the log before it takes another one.
#[tokio::test]
async fn what_a_late_disk_recorded_after_all_is_in_force() {
    let begun = Begun::with_patience(Duration::from_millis(50)).await;
    let tree = charter("the second");
    let (act, with) = begun.apply(&tree).await;
    let base = begun.in_force().await;
    begun.faults.hang(Step::WalSync);
    let refused = begun.take((act.clone(), with)).await.unwrap_err();
    assert!(matches!(refused, ActRefused::Log(ledger::Unavailable::Late(_))), "{refused:?}");
    let refused = begun.take(begun.token("demo-agent")).await.unwrap_err();
    assert!(matches!(refused, ActRefused::Log(_)), "while it hangs: {refused:?}");
    assert_eq!(begun.in_force().await, base);
    assert!(begun.gateway.lock().unwrap().serve.is_empty());

    begun.faults.clear();
    // The disk's answer may take as long as it likes; then the next act finds what it recorded.
    while begun.governor.settle().await.is_err() {}
    assert_eq!(begun.in_force().await, digest_of(&tree));
    assert_eq!(begun.gateway.lock().unwrap().serve, [digest_of(&tree)]);
    let again = govern::Payload::Charter { tree: tree.clone(), base };
    let refused = begun.refuses((act, again)).await;
    assert!(matches!(refused, ActRefused::Replayed), "{refused:?}");
    let stale = begun.act(approval::Verb::CharterApply, object_of(&charter("the third")));
    let refused = begun.refuses((stale, payload_of(&charter("the third"), base))).await;
    assert!(matches!(refused, ActRefused::BaseMoved { .. }), "{refused:?}");
    assert_eq!(begun.entries_of(EntryKind::CharterApplied).len(), 1);
}

/// The same for a token: the act was taken, so it is not taken twice.
#[tokio::test]
async fn an_act_that_a_late_disk_recorded_is_not_taken_twice() {
    let begun = Begun::with_patience(Duration::from_millis(50)).await;
    let (act, with) = begun.token("demo-agent");
    begun.faults.hang(Step::WalSync);
    begun.take((act.clone(), with)).await.unwrap_err();
    begun.faults.clear();
    while begun.governor.settle().await.is_err() {}
    let refused = begun.refuses((act, govern::Payload::None)).await;
    assert!(matches!(refused, ActRefused::Replayed), "{refused:?}");
    assert!(begun.gateway.lock().unwrap().serve.is_empty(), "nothing else changed");
    begun.take(begun.token("demo-agent")).await.unwrap();
}

/// Whoever posted the act hung up while it was being recorded: nobody waits for the answer, and
/// still the governor follows the log.
#[tokio::test]
async fn an_act_whose_sender_left_is_followed_where_it_was_recorded() {
    let begun = Begun::new().await;
    let tree = charter("the second");
    let what = begun.apply(&tree).await;
    begun.faults.hang(Step::WalSync);
    let left = tokio::time::timeout(Duration::from_millis(50), begun.take(what)).await;
    assert!(left.is_err(), "it hangs");
    begun.faults.clear();
    begun.governor.settle().await.unwrap();
    assert_eq!(begun.in_force().await, fold(begun.folder.path()).current().unwrap().charter);
    let done = begun.take(begun.apply(&charter("the third")).await).await.unwrap();
    assert_eq!(fold(begun.folder.path()).current().unwrap().index, done.index);
    let told = begun.gateway.lock().unwrap().serve.clone();
    assert_eq!(told.last(), Some(&digest_of(&charter("the third"))));
}

#[tokio::test]
async fn a_secret_that_cannot_be_sealed_is_refused() {
    let begun = Begun::new().await;
    // A plain file stands where the store keeps its folder.
    std::fs::write(begun.folder.path().join("secrets"), b"in the way").unwrap();
    let refused = begun.take(begun.put(SECRET, Canary::ProviderKey.value())).await.unwrap_err();
    assert!(matches!(refused, ActRefused::Seal(_)), "{refused:?}");
    assert!(begun.ground().await.sealed.is_empty());
    std::fs::remove_file(begun.folder.path().join("secrets")).unwrap();
    begun.take(begun.put(SECRET, "a value")).await.unwrap();
    assert_eq!(begun.ground().await.sealed.len(), 1);
}

#[tokio::test]
async fn a_charter_that_cannot_be_stored_is_refused() {
    let begun = Begun::new().await;
    let charters = begun.folder.path().join("charters");
    let aside = begun.folder.path().join("aside");
    std::fs::rename(&charters, &aside).unwrap();
    std::fs::write(&charters, b"in the way").unwrap();
    let size = begun.control.status().size;
    let refused = begun.take(begun.apply(&charter("the second")).await).await.unwrap_err();
    assert!(matches!(refused, ActRefused::Store(_)), "{refused:?}");
    assert_eq!(refused.kind(), RefusedKind::Unavailable);
    assert_eq!(begun.control.status().size, size);
    assert_eq!(begun.in_force().await, digest_of(&begun.first));
    std::fs::remove_file(&charters).unwrap();
    std::fs::rename(&aside, &charters).unwrap();
    begun.take(begun.apply(&charter("the second")).await).await.unwrap();
}

/// A log without its first act, with two of them, or with an act nobody can read, is refused as
/// a whole: who began a gateway is not guessed.
#[tokio::test]
async fn a_control_log_that_makes_no_sense_is_not_folded() {
    let begun = Begun::new().await;
    begun.take(begun.apply(&charter("the second")).await).await.unwrap();
    let entries = begun.entries();
    let folded = |entries: &[ledger::Entry]| {
        let mut fold = govern::Fold::default();
        entries.iter().try_for_each(|entry| fold.take(entry))?;
        fold.finish()
    };
    assert!(folded(&entries).is_ok());

    let without: Vec<_> =
        entries.iter().filter(|entry| entry.kind != EntryKind::Genesis).cloned().collect();
    assert!(matches!(folded(&without), Err(FoldError::NoGenesis)));
    assert!(matches!(folded(&[]), Err(FoldError::NoGenesis)));

    let genesis = entries.iter().find(|entry| entry.kind == EntryKind::Genesis).unwrap();
    let twice = [genesis.clone(), genesis.clone()];
    assert!(matches!(folded(&twice), Err(FoldError::SecondGenesis(at)) if at == genesis.index));

    for member in ["act", "actor", "charter", "base", "change", "reviewed"] {
        let mut broken = entries.clone();
        for entry in &mut broken {
            if entry.kind == EntryKind::CharterApplied {
                entry.json["body"].as_object_mut().unwrap().remove(member);
            }
        }
        assert!(matches!(folded(&broken), Err(FoldError::Entry { .. })), "{member}");
    }
}
