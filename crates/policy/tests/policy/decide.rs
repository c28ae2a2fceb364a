//! Verdicts: order, reasons, owners, and what a caller may learn from a no.

use model::PolicySetKind::{Model, Secret};

use crate::support::{named, policies, scene};

#[test]
fn a_model_and_its_secret_are_permitted_by_name() {
    let model = named(
        "use",
        r#"permit (principal == Agent::"demo-agent", action == Action::"InvokeModel", resource == Model::"gpt");"#,
    );
    let secret = named(
        "lend",
        r#"permit (principal, action == Action::"UseSecret", resource == Secret::"alpha-key");"#,
    );
    let policies = policies(&[(Model, &model), (Secret, &secret)]);
    let permit = scene().decide(&policies).unwrap();
    let ids: Vec<Vec<_>> = permit
        .targets()
        .iter()
        .map(|target| target.policies.iter().map(|policy| policy.id.as_str()).collect())
        .collect();
    assert_eq!(ids, [vec!["model/use", "secret/lend"], vec!["model/use"]]);
}
