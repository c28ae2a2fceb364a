//! `tests/FILE.yaml`: what the policies must answer. It runs nothing.

use model::{AgentName, ContextName, Place, PolicyId, Proof, Timestamp};

use crate::code;
use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::test_ask::{self, TestAsk};
use crate::words::Verdict;
use crate::yaml::{Fields, Node};

/// The time of a test that names none: 2026-01-01T00:00:00Z, so that a test says the same on
/// every day.
const AT: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// One test of the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTest {
    /// What it shows.
    pub name: String,
    /// Who asks.
    pub agent: Located<AgentName>,
    /// What is asked.
    pub ask: TestAsk,
    /// When.
    pub at: Timestamp,
    /// How the caller proves who it is.
    pub proof: Proof,
    /// Age of its credential, in seconds.
    pub token_age_s: u64,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The approved context it selects; none is what the agent has without a word.
    pub context: Option<Located<ContextName>>,
    /// What the agent did just before.
    pub recent: RecentCalls,
    /// The answer.
    pub expect: Expectation,
    /// Where the test is written.
    pub place: Place,
}

/// What an agent did in the last ten minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecentCalls {
    /// How many calls it made.
    pub requests: u32,
    /// How many of them were refused.
    pub refusals: u32,
    /// To how many different targets they went.
    pub targets: u32,
}

/// What a test expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The verdict.
    pub verdict: Verdict,
    /// Policies that must be among those that decide.
    pub policies: Vec<Located<PolicyId>>,
}

type Policies = Vec<Located<PolicyId>>;

/// The tests of one file.
#[derive(Debug, Default)]
pub(crate) struct Tests {
    /// Those that could be read whole.
    pub(crate) whole: Vec<PolicyTest>,
    /// The names of all.
    pub(crate) names: Vec<Located<String>>,
}

/// Reads one file of tests.
pub(crate) fn read(sheet: &mut Sheet<'_>, root: &Node) -> Tests {
    let mut tests = Tests::default();
    let Some(fields) = sheet.fields(root, "") else { return tests };
    let items = fields.required("tests", |node| sheet.reader.filled_list(node));
    for item in items.unwrap_or_default() {
        let test = test(sheet, &mut tests.names, item);
        tests.whole.extend(test);
    }
    tests
}

fn test(
    sheet: &mut Sheet<'_>,
    names: &mut Vec<Located<String>>,
    item: &Node,
) -> Option<PolicyTest> {
    let fields = sheet.fields(item, "tests[]")?;
    let name = fields.required("name", |node| {
        let value = sheet.text(node)?;
        names.push(Located { value: value.clone(), place: sheet.reader.place(node.at) });
        Some(value)
    });
    let agent = fields.required("agent", |node| sheet.mention(node, Kind::Agent));
    let expect = fields.required("expect", |node| expectation(sheet, node));
    let (verdict, policies) = expect.unwrap_or_default();
    let ask = fields.required("ask", |node| test_ask::read(sheet, node, verdict));
    let circumstances = circumstances(sheet, &fields);
    let Circumstances { at, proof, token_age_s, stream, context, recent } = circumstances?;
    Some(PolicyTest {
        name: name?,
        agent: agent?,
        ask: ask?,
        at,
        proof,
        token_age_s,
        stream,
        context,
        recent,
        expect: Expectation { verdict: verdict?, policies: policies? },
        place: sheet.reader.place(item.at),
    })
}

/// What a test says of the call beside who asks what.
struct Circumstances {
    at: Timestamp,
    proof: Proof,
    token_age_s: u64,
    stream: bool,
    context: Option<Located<ContextName>>,
    recent: RecentCalls,
}

fn circumstances(sheet: &mut Sheet<'_>, fields: &Fields<'_>) -> Option<Circumstances> {
    let at = fields.or("at", AT, |node| {
        sheet.reader.parsed(node, "write a time such as 2026-11-24T09:00:00Z")
    });
    let proofs = [(Proof::EmbeddedToken.as_str(), Proof::EmbeddedToken)];
    let proof = fields.or("proof", Proof::EmbeddedToken, |node| sheet.reader.one_of(node, &proofs));
    let age =
        fields.or("token_age_s", 0, |node| sheet.reader.integer(node, 0..=u64::from(u32::MAX)));
    let stream = fields.or("stream", false, |node| sheet.reader.flag(node));
    let context = fields.optional("context", |node| sheet.mention(node, Kind::Context));
    let recent = fields.or("recent", RecentCalls::default(), |node| recent(sheet, node));
    Some(Circumstances {
        at: at?,
        proof: proof?,
        token_age_s: age?,
        stream: stream?,
        context: context?,
        recent: recent?,
    })
}

fn recent(sheet: &mut Sheet<'_>, node: &Node) -> Option<RecentCalls> {
    let fields = sheet.fields(node, "tests[].recent")?;
    let mut count = |name| {
        fields.or(name, 0, |node| {
            u32::try_from(sheet.reader.integer(node, 0..=u64::from(u32::MAX))?).ok()
        })
    };
    let (requests, refusals, targets) = (count("requests"), count("refusals"), count("targets"));
    Some(RecentCalls { requests: requests?, refusals: refusals?, targets: targets? })
}

/// The verdict and the policies, each as far as it could be read.
fn expectation(sheet: &mut Sheet<'_>, node: &Node) -> Option<(Option<Verdict>, Option<Policies>)> {
    let fields = sheet.fields(node, "tests[].expect")?;
    let verdict = fields.required("verdict", |node| sheet.reader.one_of(node, Verdict::WORDS));
    let policies = fields.or("policies", Vec::new(), |node| policies(sheet, node));
    Some((verdict, policies))
}

fn policies(sheet: &mut Sheet<'_>, node: &Node) -> Option<Policies> {
    let items = sheet.reader.list(node)?;
    let mut policies = Policies::new();
    for item in items {
        let help = "write the set and the @id, as in `model/demo`";
        let Some(id) = sheet.located::<PolicyId>(item, help) else { continue };
        if !id.as_str().contains('/') {
            let what = format!("`{}` names no set", id.value);
            sheet.reader.object(item.at, code::BAD_VALUE, what, help);
        } else if policies.iter().any(|other| other.value == id.value) {
            let what = format!("`{}` is listed twice", id.value);
            sheet.reader.object(item.at, code::DUPLICATE, what, "list it once");
        } else {
            policies.push(id);
        }
    }
    (policies.len() == items.len()).then_some(policies)
}
