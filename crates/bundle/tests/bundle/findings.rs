//! What time does to a sound charter, to the millisecond.

use bundle::{Bundle, CLAIMS_STAND_DAYS, CONTEXT_WARNED_DAYS, END_WARNED_DAYS, check};
use model::Timestamp;
use policy::READ_TOGETHER_MAX;

use crate::files::{LOCAL, model_file, replaced, tree};

const DAY_MS: i64 = 86_400_000;

fn compiled(targets: &[&str], next: &[&str]) -> Bundle {
    let (file, next) = (model_file("m", targets), model_file("next", next));
    check(&tree(&[LOCAL, ("models/m.yaml", Some(&file)), ("models/next.yaml", Some(&next))]))
        .unwrap()
}

/// The findings at `now`, as `code who`.
fn check_at(bundle: &Bundle, now: Timestamp, expected: &[&str]) {
    let found = bundle.findings(now);
    let said: Vec<_> = found.iter().map(|one| format!("{} {}", one.code, one.who)).collect();
    assert_eq!(said, expected, "at {now}: {found:#?}");
    assert!(found.iter().all(|one| !one.what.is_empty() && !one.help.is_empty()), "{found:#?}");
    assert_eq!(found, bundle.findings(now), "the same again");
}

fn at(day: &str) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap()
}

const LASTS: &str = "provider: local, upstream_model: lasts";

#[test]
fn a_charter_that_claims_nothing_has_no_findings() {
    let bundle = compiled(&[LASTS], &[LASTS]);
    for now in [Timestamp::from_millis(0), at("2026-11-24"), Timestamp::from_millis(i64::MAX)] {
        check_at(&bundle, now, &[]);
    }
}

#[test]
fn an_end_is_told_sixty_days_ahead_and_from_then_on() {
    let ends = "provider: local, upstream_model: ends, end_of_life: 2027-03-01, successor: next";
    let bundle = compiled(&[ends, LASTS], &[LASTS]);
    let end = at("2027-03-01");
    let warned = end.plus_millis(-i64::from(END_WARNED_DAYS) * DAY_MS);
    check_at(&bundle, warned.plus_millis(-1), &[]);
    check_at(&bundle, warned, &["end-of-life-near seat:platform-lead"]);
    check_at(&bundle, end.plus_millis(-1), &["end-of-life-near seat:platform-lead"]);
    check_at(&bundle, end, &["end-of-life-past seat:platform-lead"]);

    let [near] = &bundle.findings(warned)[..] else { panic!("one finding") };
    assert_eq!(near.what, "`ends` at local, for model `m`, ends on 2027-03-01");
    assert_eq!(near.help, "its successor is `next`; switching is a change: propose it");
    let [past] = &bundle.findings(end)[..] else { panic!("one finding") };
    assert_eq!(past.what, "`ends` at local, for model `m`, has ended since 2027-03-01");
}

#[test]
fn an_end_without_a_successor_says_so() {
    let bundle =
        compiled(&["provider: local, upstream_model: x, end_of_life: 2027-03-01"], &[LASTS]);
    let found = bundle.findings(at("2027-02-01"));
    assert!(found[0].help.starts_with("it names no successor"), "{found:#?}");
}

/// One target less is a warning; none left is a model that answers nobody.
#[test]
fn a_model_is_past_its_end_with_its_last_target() {
    let targets = [
        "provider: local, upstream_model: a, end_of_life: 2027-03-01",
        "provider: local, upstream_model: b, end_of_life: 2027-03-02",
    ];
    let bundle = compiled(&targets, &[LASTS]);
    let (past, near) =
        ("end-of-life-past seat:platform-lead", "end-of-life-near seat:platform-lead");
    check_at(&bundle, at("2027-03-01"), &[past, near]);
    let gone = "model-past-its-end seat:platform-lead";
    check_at(&bundle, at("2027-03-02"), &[past, past, gone]);
}

/// The successor outlived what it replaces, and then it ended too.
#[test]
fn a_successor_that_has_ended_itself_is_told() {
    let ends = "provider: local, upstream_model: a, end_of_life: 2027-03-01, successor: next";
    let next = "provider: local, upstream_model: b, end_of_life: 2027-04-01";
    let bundle = compiled(&[ends, LASTS], &[next]);
    let (past, near) =
        ("end-of-life-past seat:platform-lead", "end-of-life-near seat:platform-lead");
    check_at(&bundle, at("2027-04-01").plus_millis(-1), &[past, near]);
    let followed = "successor-past-its-end seat:platform-lead";
    let gone = "model-past-its-end seat:platform-lead";
    check_at(&bundle, at("2027-04-01"), &[past, followed, past, gone]);
    // A successor with a target left is no finding.
    let bundle = compiled(&[ends, LASTS], &[next, LASTS]);
    check_at(&bundle, at("2027-04-01"), &[past, past]);
}

#[test]
fn claims_that_nobody_confirmed_for_a_year_are_their_owners_matter() {
    let claims = "claims: {region: eu, stated: 2026-01-01, owner: risk-lead}";
    let bundle = compiled(&[&format!("{LASTS}, {claims}")], &[LASTS]);
    let stated = at("2026-01-01");
    let stand = stated.plus_millis(i64::from(CLAIMS_STAND_DAYS) * DAY_MS);
    check_at(&bundle, stated, &[]);
    check_at(&bundle, stand, &[]);
    check_at(&bundle, stand.plus_millis(1), &["claims-unconfirmed seat:risk-lead"]);
    check_at(&bundle, stated.plus_millis(-1), &["claims-ahead seat:risk-lead"]);
    let found = bundle.findings(stand.plus_millis(1));
    let what =
        "the claims about `lasts` at local, for model `m`, were last confirmed on 2026-01-01";
    assert_eq!(found[0].what, what);
}

/// The first run with these files besides.
fn beside(files: &[(&str, &str)]) -> Bundle {
    let changed: Vec<_> = files.iter().map(|(path, text)| (*path, Some(*text))).collect();
    check(&tree(&changed)).unwrap()
}

const CONTEXT: &str = "name: c\npurpose: Tests.\nowner: platform-lead\napprover: policy-lead\n\
    data_class: public\nmodels: [portreeve-demo]\nagents: [demo-agent]\nuntil: 2026-11-30\n";

#[test]
fn a_context_that_ends_is_told_fourteen_days_ahead_and_from_then_on() {
    let bundle = beside(&[("contexts/c.yaml", CONTEXT)]);
    let end = at("2026-12-01");
    let warned = end.plus_millis(-i64::from(CONTEXT_WARNED_DAYS) * DAY_MS);
    check_at(&bundle, warned.plus_millis(-1), &[]);
    check_at(&bundle, warned, &["context-ending seat:platform-lead"]);
    check_at(&bundle, end.plus_millis(-1), &["context-ending seat:platform-lead"]);
    check_at(&bundle, end, &["context-ended seat:platform-lead"]);
    assert_eq!(bundle.findings(warned)[0].what, "context `c` ends with 2026-11-30");
    assert_eq!(bundle.findings(end)[0].what, "context `c` ended with 2026-11-30");
    let endless = CONTEXT.replace("until: 2026-11-30\n", "");
    check_at(&beside(&[("contexts/c.yaml", &endless)]), Timestamp::from_millis(i64::MAX), &[]);
}

/// Who answers for an agent does not approve what it may do; that is said, and not refused.
#[test]
fn a_context_approved_by_an_agents_owner_is_told() {
    let own = CONTEXT.replace("approver: policy-lead", "approver: risk-lead");
    let bundle = beside(&[("contexts/c.yaml", &own)]);
    check_at(&bundle, at("2026-01-01"), &["context-self-approved seat:platform-lead"]);
    assert_eq!(
        bundle.findings(at("2026-01-01"))[0].what,
        "context `c` stands on the approval of seat:risk-lead, which answers for agent `demo-agent` \
         as well"
    );
}

#[test]
fn what_must_be_in_a_context_and_cannot_be_is_told() {
    let agent =
        replaced("agents/demo-agent.yaml", "autonomy:", "context_required: true\nautonomy:");
    let model =
        model_file("m", &["provider: demo, upstream_model: x"]) + "context_required: true\n";
    let tests = "tests:\n  - name: t\n    agent: demo-agent\n    ask: {model: none}\n    \
        expect: {verdict: unknown}\n";
    let files = [
        ("agents/demo-agent.yaml", agent.as_str()),
        ("models/m.yaml", &model),
        ("tests/demo.yaml", tests),
    ];
    let (no_model, no_agent) =
        ("model-without-context seat:platform-lead", "agent-without-context seat:risk-lead");
    check_at(&beside(&files), at("2026-01-01"), &[no_model, no_agent]);
    let covers = CONTEXT.replace("[portreeve-demo]", "[m]");
    let bundle = beside(&[&files[..], &[("contexts/c.yaml", &covers)]].concat());
    check_at(&bundle, at("2026-01-01"), &[]);
    // An agent whose last context has ended can call no more.
    check_at(&bundle, at("2026-12-01"), &["context-ended seat:platform-lead", no_agent]);
}

#[test]
fn a_price_of_a_day_that_has_not_come_is_told() {
    let priced = format!("{LASTS}, price: {{input: 1, output: 2, since: 2027-01-01}}");
    let bundle = compiled(&[&priced], &[LASTS]);
    check_at(&bundle, at("2027-01-01").plus_millis(-1), &["price-ahead seat:platform-lead"]);
    check_at(&bundle, at("2027-01-01"), &[]);
    // Nobody here can mend the list of known prices.
    check_at(&beside(&[]), Timestamp::from_millis(0), &[]);
}

/// Where others are charged, an agent that nobody pays for is an empty row in the books.
#[test]
fn an_agent_that_nobody_pays_for_is_told_where_others_are_charged() {
    let seat = "  platform-lead:\n";
    let people = replaced("people.yaml", seat, &format!("{seat}    cost_center: cc-1\n"));
    let other = "name: other\npurpose: Tests.\nowner: platform-lead\nenvironment: dev\n\
        status: active\nreview_by: 2027-01-01\nbindings: [{kind: embedded}]\n";
    let files = [("people.yaml", people.as_str())];
    check_at(&beside(&files), at("2026-01-01"), &[]);
    let bundle = beside(&[files[0], ("agents/other.yaml", other)]);
    check_at(&bundle, at("2026-01-01"), &["agent-unallocated seat:risk-lead"]);
}

/// Guardrails that name nobody are read for every call: how many there are is worth a word, and
/// the word names the place.
#[test]
fn many_policies_about_everybody_are_a_finding_and_one_fewer_are_none() {
    let path = "policies/guardrails/90-many.cedar";
    let rule = |number: usize| {
        format!(
            "@id(\"many-{number:02}\") @owner(\"seat:policy-lead\") @rationale(\"test\")\n\
             forbid (principal, action == Action::\"UseSecret\", resource) \
             when {{ context.model == \"{number}\" }};\n"
        )
    };
    let with = |count: usize| {
        let text: String = (0..count).map(rule).collect();
        check(&tree(&[(path, Some(&text))])).unwrap()
    };
    // The first run's charter has one of its own.
    let room = READ_TOGETHER_MAX - 1;
    let now = at("2026-11-24");
    check_at(&with(room), now, &[]);
    check_at(&with(room + 1), now, &["policies-crowded seat:policy-lead"]);
    let [found] = &with(room + 1).findings(now)[..] else { panic!("one finding") };
    let last = format!("`guardrails/many-{room:02}` at {path}:{}", room * 2 + 1);
    assert_eq!(
        found.what,
        format!(
            "{} policies about every caller and resource are read together; the first of them \
             beyond {READ_TOGETHER_MAX} is {last}",
            READ_TOGETHER_MAX + 1
        )
    );
}
