//! Fills the decision log of a home with decisions, to measure what reads many of them:
//!
//! `cargo run --release -p portreeve --example decisions -- HOME COUNT`
//!
//! The home was begun and nothing serves from it. Every decision is a real one: decided by the
//! policies of the home's working copy, sealed and written as a gateway does.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use bundle::Bundle;
use ledger::{DecisionLog, FactKeys, LogHome};
use model::{
    Ask, Case, ChangeId, CharterInForce, Clock, DecisionId, Dialect, Digest, Operation, Outcome,
    Proof, Recordable, Stores, Subject, Timestamp,
};
use policy::{CallFacts, Question, RecentFacts, TargetFacts};
use tlog::LogKey;
use zeroize::Zeroizing;

/// Decisions that wait for one sync at a time.
const AT_ONCE: u64 = 500;

#[derive(Debug)]
struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(home), Some(count)) = (arguments.next(), arguments.next()) else {
        bail!("say which home, and how many decisions");
    };
    let (home, count) = (Path::new(&home), count.parse::<u64>().context("how many")?);
    let tree = govern::read_tree(&home.join("charter"))
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let bundle = bundle::check(&tree).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let log = open(home)?;
    let charter = Arc::new(in_force(&bundle));
    let mut next = 0;
    while next < count {
        let until = count.min(next + AT_ONCE);
        let mut waiting = tokio::task::JoinSet::new();
        for number in next..until {
            let log = log.clone();
            match decided(&bundle, &charter, number)? {
                Ok(permit) => waiting.spawn(async move { write(&log, permit).await }),
                Err(refused) => waiting.spawn(async move { write(&log, refused).await }),
            };
        }
        while let Some(written) = waiting.join_next().await {
            written.context("a task ended early")??;
        }
        next = until;
    }
    log.close().await.context("the log does not close")?;
    Ok(())
}

fn open(home: &Path) -> Result<DecisionLog> {
    let key = std::fs::read_to_string(home.join("keys/log-decisions.skey"))?;
    let key = LogKey::from_skey(key.trim())?;
    let wrapping: [u8; 32] = std::fs::read(home.join("keys/facts.key"))?
        .try_into()
        .map_err(|_| anyhow::anyhow!("the key of the facts is not 32 bytes long"))?;
    let keys = FactKeys::open(&home.join("keys/facts"), &Zeroizing::new(wrapping))?;
    let place = LogHome::new(home.join("logs/decisions"));
    let clock = Arc::new(Standing(at(0)));
    let (log, _) = DecisionLog::open(place, key, keys, clock, ledger::Settings::default())?;
    Ok(log)
}

async fn write<T: Recordable>(log: &DecisionLog, value: T) -> Result<()> {
    match log.intend(value).await {
        Ok(recorded) => recorded.conclude(&Outcome::not_forwarded(1)),
        Err((_, why)) => bail!("it cannot be written: {why:?}"),
    }
    Ok(())
}

/// 2026-11-24T09:00:00Z, and a second later for each call.
fn at(number: u64) -> Timestamp {
    let later = i64::try_from(number).unwrap_or(0).saturating_mul(1000);
    Timestamp::from_millis(1_795_510_800_000).plus_millis(later)
}

type Decided = std::result::Result<policy::Permit, model::Refused>;

/// The call of this number: sizes, ages and recent behaviour differ from call to call, and each
/// tenth would have the provider keep the conversation.
fn decided(bundle: &Bundle, charter: &Arc<CharterInForce>, number: u64) -> Result<Decided> {
    let agent = bundle.agents().next().context("an agent")?;
    let model = bundle.models().next().context("a model")?;
    let targets: Vec<TargetFacts> =
        model.targets.iter().map(|target| target.facts.clone()).collect();
    let keeps = number.is_multiple_of(10);
    let mut ask = Ask {
        model: Some(model.facts.name.clone()),
        input_bytes: 100 + number % 9000,
        output_tokens_max: Some(1 + number % 4000),
        ..Ask::bare(Operation::ChatCompletions, Dialect::OpenAi)
    };
    if keeps {
        ask.operation = Operation::Responses;
        ask.beyond.stores = Some(Stores::ByDefault);
    }
    let [b0, b1, b2, b3, b4, b5, b6, b7] = number.to_be_bytes();
    let now = at(number);
    let subject = Subject {
        agent: agent.facts.name.clone(),
        proof: Proof::EmbeddedToken,
        trust_domain: bundle.trust_domain().to_owned(),
        credential: Digest::of(b"credential"),
        issued: now,
        expires: now.plus_millis(300_000),
        epoch: agent.epoch,
        context: None,
    };
    let milliseconds = u64::try_from(now.millis()).unwrap_or(0);
    let case = Case {
        id: DecisionId::new(milliseconds, [b0, b1, b2, b3, b4, b5, b6, b7, 0, 0]),
        received: now,
        subject: Some(subject),
        ask: Some(ask),
        context: None,
        agent_owner: Some(agent.owner.clone()),
        target_owner: Some(model.facts.owner.clone()),
        charter: Arc::clone(charter),
    };
    let some = |most: u64| u32::try_from(number % most).unwrap_or(0);
    let recent = RecentFacts { requests: some(97), refusals: some(7), targets: some(3) };
    let call = CallFacts { now, proof: Proof::EmbeddedToken, token_age_s: number % 300, recent };
    Ok(bundle.policies().decide(Question {
        case,
        agent: &agent.facts,
        call,
        approved: None,
        model: &model.facts,
        targets: &targets,
        withheld: Vec::new(),
    }))
}

fn in_force(bundle: &Bundle) -> CharterInForce {
    let [accountable, policy, platform, response] = bundle.seats().clone();
    CharterInForce {
        digest: *bundle.digest(),
        change: ChangeId::new(1, [0; 10]),
        control_index: 1,
        genesis: true,
        accountable,
        secondary: [policy, platform, response],
    }
}
