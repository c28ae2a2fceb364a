//! What a charter's models need and the sealed store does not lend, told when it is applied.

use govern::{Effect, unlendable};
use testkit::Canary;

use crate::common::{Begun, SECRET, charter, tree_with};

/// What the store as it stands does not lend under the first charter, as `code who`.
fn found(begun: &Begun, version: u32) -> Vec<String> {
    let tree = tree_with(&[("secrets/demo-key.yaml", &secret(version))]);
    let bundle = bundle::check(&tree).unwrap();
    let now = model::Clock::now(&begun.clock);
    let found = unlendable(&bundle, &begun.secrets, now);
    found.iter().map(|one| format!("{} {}: {}", one.code, one.who, one.help)).collect()
}

fn secret(active: u32) -> String {
    format!("name: {SECRET}\npurpose: Tests.\nmax_age_days: 90\nactive: {active}\n")
}

#[tokio::test]
async fn a_key_that_is_missing_old_or_of_another_version_is_found() {
    const DAY_MS: i64 = 86_400_000;
    let begun = Begun::new().await;
    assert_eq!(
        found(&begun, 1),
        ["secret-missing seat:risk-lead: seal it with `portreeve secret put demo-key`"]
    );
    begun.take(begun.put(SECRET, Canary::ProviderKey.value())).await.unwrap();
    assert_eq!(found(&begun, 1), [""; 0]);
    assert_eq!(
        found(&begun, 9),
        ["secret-missing seat:risk-lead: the next value sealed becomes v2: `active` must name \
          a version that is sealed"]
    );
    begun.clock.advance_ms(90 * DAY_MS);
    assert_eq!(found(&begun, 1), [""; 0], "the last instant counts");
    begun.clock.advance_ms(1);
    let overdue = found(&begun, 1);
    assert!(overdue[0].starts_with("secret-overdue seat:risk-lead: seal another"), "{overdue:?}");
}

#[tokio::test]
async fn whoever_applies_a_charter_is_told_and_it_applies_all_the_same() {
    let begun = Begun::new().await;
    let done = begun.take(begun.apply(&charter("one")).await).await.unwrap();
    let Effect::Applied { unlendable, .. } = done.effect else { panic!("{done:?}") };
    let [finding] = unlendable.as_slice() else { panic!("{unlendable:?}") };
    assert_eq!(
        finding.what,
        "secret `demo-key` v1 has no sealed value, so it is not lent for portreeve-demo at demo"
    );
    begun.take(begun.put(SECRET, Canary::ProviderKey.value())).await.unwrap();
    let done = begun.take(begun.apply(&charter("two")).await).await.unwrap();
    let Effect::Applied { unlendable, .. } = done.effect else { panic!("{done:?}") };
    assert_eq!(unlendable, []);
}
