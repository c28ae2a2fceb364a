//! Which calls are alike: those of which policies can tell no difference, so that one verdict
//! does for all. It leaves out what no policy can read, and nothing else.
//!
//! Left out, each where no policy reads it: the time, the token's age, what the agent did lately,
//! the request's sizes, its stream, function tools and URLs. The ids of stored objects are always
//! left out: a policy sees how many there are. Where a policy expires, the time still counts, as the
//! number of expiries that lie before it; where one reads a claim's age, as the day. (A property
//! test holds that alike calls get the same verdict.)

use std::collections::BTreeSet;

use cedar_policy::Policy;
use cedar_policy::pst::{Clause, Expr};
use model::{Beyond, Digest, StoredName, Timestamp};

use crate::facts::{CallFacts, Circumstances, RecentFacts, TargetFacts};
use crate::polarity;
use crate::policies::Policies;
use crate::recorded::form::Written;

const DAY_MS: i64 = 86_400_000;

/// What some policies can tell apart.
#[derive(Debug)]
pub struct Likeness {
    reads: Reads,
    /// The instants at which a permit expires, in order.
    expiries: Vec<Timestamp>,
}

/// Which parts of the context some policy can read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reads {
    now: bool,
    /// `context.target.claims_age_days` or `days_to_end_of_life`, which follow from the time.
    ages: bool,
    token_age: bool,
    requests: bool,
    refusals: bool,
    targets: bool,
    input_bytes: bool,
    output_tokens_max: bool,
    function_tools: bool,
    stream: bool,
    urls: bool,
}

/// The paths from `context` that conditions read; one path may begin another.
type Paths = BTreeSet<Vec<String>>;

impl Likeness {
    /// What `policies` can tell apart.
    #[must_use]
    pub fn of(policies: &Policies) -> Self {
        let mut paths = Paths::new();
        for listing in policies.all() {
            // What cannot be read again is taken to read everything.
            paths.extend(read_by(&listing.text).unwrap_or_else(|| Paths::from([Vec::new()])));
        }
        let mut expiries: Vec<_> = policies.all().filter_map(|listing| listing.expires).collect();
        expiries.sort_unstable();
        Self { reads: Reads::of(&paths), expiries }
    }

    /// The same for calls that are alike, and only for those. `policies` say the same of them.
    #[must_use]
    pub fn digest(&self, asked: &Circumstances<'_>) -> Digest {
        let call = self.call(asked.call);
        let ask = self.ask(asked.ask);
        let alike = Circumstances { call: &call, ask: &ask, ..*asked };
        let mut text = serde_json::to_string(&Written::new(&alike, &[])).unwrap_or_default();
        let expired = self.expiries.partition_point(|expires| *expires <= asked.call.now);
        text.push_str(&expired.to_string());
        if self.reads.ages {
            text.push_str(&format!(",{}", age_time(asked.call.now, asked.targets)));
        }
        Digest::of(text.as_bytes())
    }

    fn call(&self, call: &CallFacts) -> CallFacts {
        let CallFacts { now, proof, token_age_s, recent } = *call;
        let RecentFacts { requests, refusals, targets } = recent;
        let Reads { now: reads_now, token_age, requests: r, refusals: f, targets: t, .. } =
            self.reads;
        CallFacts {
            now: kept(reads_now, now),
            proof,
            token_age_s: kept(token_age, token_age_s),
            recent: RecentFacts {
                requests: kept(r, requests),
                refusals: kept(f, refusals),
                targets: kept(t, targets),
            },
        }
    }

    fn ask(&self, ask: &model::Ask) -> model::Ask {
        let reads = &self.reads;
        let Beyond { tools, stores, names, unrecognised, urls } = &ask.beyond;
        let nameless = |name: &StoredName| StoredName { id: Digest::from_bytes([0; 32]), ..*name };
        model::Ask {
            operation: ask.operation,
            dialect: ask.dialect,
            model: ask.model.clone(),
            stream: kept(reads.stream, ask.stream),
            input_bytes: kept(reads.input_bytes, ask.input_bytes),
            output_tokens_max: kept(reads.output_tokens_max, ask.output_tokens_max),
            function_tools: kept(reads.function_tools, ask.function_tools),
            beyond: Beyond {
                tools: tools.clone(),
                stores: *stores,
                names: names.iter().map(nameless).collect(),
                unrecognised: unrecognised.clone(),
                urls: kept(reads.urls, *urls),
            },
        }
    }
}

impl Reads {
    fn of(paths: &Paths) -> Self {
        // Who reads a record reads all it holds, and who reads within a value reads the value.
        let some = |member: &[&str]| {
            paths.iter().any(|path| path.iter().zip(member).all(|(one, other)| one == other))
        };
        Self {
            now: some(&["now"]),
            ages: some(&["target", "claims_age_days"]) || some(&["target", "days_to_end_of_life"]),
            token_age: some(&["caller", "token_age_s"]),
            requests: some(&["recent", "requests"]),
            refusals: some(&["recent", "refusals"]),
            targets: some(&["recent", "targets"]),
            input_bytes: some(&["call", "input_bytes"]),
            output_tokens_max: some(&["call", "output_tokens_max"]),
            function_tools: some(&["call", "function_tools"]),
            stream: some(&["call", "stream"]),
            urls: some(&["call", "urls"]),
        }
    }
}

fn kept<T: Default>(read: bool, value: T) -> T {
    if read { value } else { T::default() }
}

/// All of the time that ages of claims depend on: the day, where every date is the beginning of
/// one, as a charter's are; else the very instant.
fn age_time(now: Timestamp, targets: &[TargetFacts]) -> i64 {
    let dates = targets.iter().flat_map(|target| [target.claims.stated, target.claims.end_of_life]);
    let of_days = dates.flatten().all(|date| date.millis().rem_euclid(DAY_MS) == 0);
    if of_days { now.millis().div_euclid(DAY_MS) } else { now.millis() }
}

/// The paths that a policy of this text reads.
fn read_by(text: &str) -> Option<Paths> {
    let policy = Policy::parse(None, text).ok()?;
    let tree = policy.to_pst().ok()?;
    let mut paths = Paths::new();
    for clause in tree.body().clauses() {
        let (Clause::When(condition) | Clause::Unless(condition)) = clause;
        let here = |expression: &Expr| {
            let path = polarity::path(expression)?;
            Some(Paths::from([path.into_iter().map(str::to_owned).collect()]))
        };
        let joined = |mut one: Paths, other: Paths| {
            one.extend(other);
            one
        };
        paths.extend(condition.reduce(&here, &joined, Paths::new()));
    }
    Some(paths)
}
