//! A small charter's facts, and the shortest way from policy text to a verdict.

use std::sync::Arc;

use model::{
    Ask, Case, CharterInForce, Claims, DecisionId, Dialect, Digest, Environment, Operation,
    PolicySetKind, Problems, Proof, Refused, SecretVersion, Subject, Timestamp,
};
use policy::{
    AgentFacts, ApprovedFacts, CallFacts, Circumstances, DataClass, Lifecycle, ModelFacts, Permit,
    Policies, PolicySource, ProviderKind, Question, RecentFacts, SecretFacts, TargetFacts, compile,
};

/// 2026-11-24T09:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);

/// A question's facts, to be changed at will.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) agent: AgentFacts,
    pub(crate) call: CallFacts,
    pub(crate) approved: Option<ApprovedFacts>,
    pub(crate) ask: Ask,
    pub(crate) model: ModelFacts,
    pub(crate) targets: Vec<TargetFacts>,
}

/// `demo-agent` of team `support` asks for `gpt`, which `alpha` serves with a secret and `beta`
/// without one.
pub(crate) fn scene() -> Scene {
    let secret = SecretFacts {
        name: "alpha-key".parse().unwrap(),
        version: SecretVersion(3),
        owner: "seat:secret-owner".into(),
    };
    Scene {
        agent: AgentFacts {
            name: "demo-agent".parse().unwrap(),
            environment: Environment::Dev,
            lifecycle: Lifecycle::Active,
            team: "support".parse().unwrap(),
            autonomy: 1,
            data_class: DataClass::Internal,
            trust_domain: "example.org".into(),
            owner: "seat:support-lead".into(),
        },
        call: CallFacts {
            now: NOW,
            proof: Proof::EmbeddedToken,
            token_age_s: 30,
            recent: RecentFacts { requests: 7, refusals: 2, targets: 3 },
        },
        approved: None,
        ask: ask(),
        model: ModelFacts { name: "gpt".parse().unwrap(), owner: "seat:model-owner".into() },
        targets: vec![
            target("alpha", ProviderKind::OpenAi, Some(secret)),
            target("beta", ProviderKind::Demo, None),
        ],
    }
}

/// The context `name`, approved for internal data.
pub(crate) fn approved(name: &str) -> ApprovedFacts {
    ApprovedFacts {
        name: name.parse().unwrap(),
        purpose: format!("what {name} is for"),
        data_class: DataClass::Internal,
        owner: format!("seat:{name}-owner"),
    }
}

pub(crate) fn target(name: &str, kind: ProviderKind, secret: Option<SecretFacts>) -> TargetFacts {
    TargetFacts {
        provider: name.parse().unwrap(),
        provider_owner: format!("seat:{name}-owner"),
        kind,
        upstream_model: format!("{name}-gpt"),
        secret,
        claims: Claims::default(),
    }
}

impl Scene {
    pub(crate) fn circumstances(&self) -> Circumstances<'_> {
        let Self { agent, call, approved, ask, model, targets } = self;
        Circumstances { agent, call, approved: approved.as_ref(), ask, model, targets }
    }

    pub(crate) fn question(&self) -> Question<'_> {
        Question {
            case: self.case(),
            agent: &self.agent,
            call: self.call,
            approved: self.approved.as_ref(),
            model: &self.model,
            targets: &self.targets,
            withheld: Vec::new(),
        }
    }

    /// The case that the scene's question is about.
    pub(crate) fn case(&self) -> Case {
        let context = self.approved.as_ref().map(|approved| approved.name.clone());
        Case { ask: Some(self.ask.clone()), context, ..case() }
    }

    #[expect(clippy::result_large_err, reason = "a refusal carries its case")]
    pub(crate) fn decide(&self, policies: &Policies) -> Result<Permit, Refused> {
        policies.decide(self.question())
    }

    pub(crate) fn may_list(&self, policies: &Policies) -> bool {
        policies.may_list(&self.circumstances())
    }
}

/// A small chat, with a cap and nothing beyond the model's answer.
pub(crate) fn ask() -> Ask {
    Ask {
        model: Some("gpt".parse().unwrap()),
        input_bytes: 400,
        output_tokens_max: Some(1000),
        ..Ask::bare(Operation::ChatCompletions, Dialect::OpenAi)
    }
}

pub(crate) fn case() -> Case {
    Case {
        id: DecisionId::new(1, [7; 10]),
        received: NOW,
        subject: Some(Subject {
            agent: "demo-agent".parse().unwrap(),
            proof: Proof::EmbeddedToken,
            trust_domain: "example.org".into(),
            credential: Digest::of(b"token"),
            issued: NOW,
            expires: NOW,
            epoch: 1,
            context: None,
        }),
        ask: Some(ask()),
        context: None,
        agent_owner: Some("seat:support-lead".into()),
        target_owner: Some("seat:model-owner".into()),
        charter: Arc::new(CharterInForce {
            digest: Digest::of(b"charter"),
            change: "0190a0f0-0000-7000-8000-000000000001".parse().unwrap(),
            control_index: 1,
            genesis: true,
            accountable: "seat:accountable".into(),
            secondary: ["seat:policy".into(), "seat:platform".into(), "seat:response".into()],
        }),
    }
}

pub(crate) fn source(set: PolicySetKind, path: &str, text: &str) -> PolicySource {
    PolicySource { set, path: path.into(), text: text.into() }
}

/// Seats are known, except `seat:nobody`.
pub(crate) fn compiled(sources: &[PolicySource]) -> Result<Policies, Problems> {
    compile(sources, &|owner| owner.starts_with("seat:") && owner != "seat:nobody")
}

/// Policies by set; each text needs no annotations but an id, as in `a: permit (...);`.
pub(crate) fn policies(sets: &[(PolicySetKind, &str)]) -> Policies {
    let sources: Vec<_> = sets.iter().map(|(set, text)| source(*set, set.as_str(), text)).collect();
    compiled(&sources).unwrap_or_else(|problems| panic!("{}", shown(&problems)))
}

/// `text` with the annotations every policy must have; `@owner` is the set's `seat:<id>`.
pub(crate) fn named(id: &str, text: &str) -> String {
    format!("@id(\"{id}\") @owner(\"seat:{id}\") @rationale(\"test\")\n{text}\n")
}

pub(crate) fn shown(problems: &Problems) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}
