//! A no in words: which code, what the caller is told, and whom to ask. It decides nothing.
//!
//! A detail holds kinds, field names and numbers, never what else a request says. The words about
//! a secret name neither the secret nor its owner.

use model::{
    Beyond, PolicyRef, ProviderTool, ProviderToolKind, Refusal, RefusalCode, Stores, Unrecognised,
    UnrecognisedPlace,
};

use crate::facts::{Circumstances, TargetFacts};
use crate::matter::Matter;

/// Why a target is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// A policy forbids it.
    Forbidden,
    /// No policy allows it.
    NotAllowed,
}

/// The refusal of `matter` at `target`; `policies` are those that forbid it.
pub(crate) fn here(
    matter: Matter<'_>,
    why: Why,
    policies: Vec<PolicyRef>,
    asked: &Circumstances<'_>,
    target: &TargetFacts,
) -> Refusal {
    let owner = match matter {
        Matter::Model => &asked.model.owner,
        Matter::Secret(secret) => &secret.owner,
        Matter::Tool(_) | Matter::Storage | Matter::Unrecognised(_) => &target.provider_owner,
    };
    let plain = match why {
        Why::Forbidden => RefusalCode::PolicyForbids,
        Why::NotAllowed => RefusalCode::PolicyNoPermit,
    };
    let (code, detail) = match matter {
        Matter::Model => (plain, model(why).to_owned()),
        Matter::Secret(_) => (plain, secret(why).to_owned()),
        Matter::Tool(tool) => (tool_code(tool), self::tool(tool, why)),
        Matter::Storage => (RefusalCode::StorageRefused, storage(&asked.ask.beyond, why)),
        Matter::Unrecognised(unknown) => {
            (RefusalCode::UnrecognisedRefused, unrecognised(unknown, why))
        }
    };
    let refusal = addressed(code, detail, policies, owner);
    if let Matter::Secret(secret) = matter { refusal.about(&secret.name) } else { refusal }
}

/// The refusal of a call whose model is allowed if only the provider keeps nothing.
pub(crate) fn stored(policies: Vec<PolicyRef>, owner: &str) -> Refusal {
    let detail = "The model is allowed only where the provider does not keep the conversation: \
                  send `\"store\": false`.";
    addressed(RefusalCode::StorageRefused, detail.to_owned(), policies, owner)
}

/// The refusal of a request because the policies `ids` could not be evaluated.
pub(crate) fn unevaluable(ids: &[String], policies: Vec<PolicyRef>, owner: &str) -> Refusal {
    let detail = format!("Could not be evaluated: {}.", ids.join(", "));
    addressed(RefusalCode::PolicyError, detail, policies, owner)
}

/// `refusal` of the first of `count` targets, none of which is permitted.
pub(crate) fn first_of(mut refusal: Refusal, count: usize) -> Refusal {
    if count > 1 {
        let rest =
            format!(" The model has {count} targets; none is allowed, the first for this reason.");
        refusal.detail.push_str(&rest);
    }
    refusal
}

/// The refusal, for the owner of the policy that decided it, else for `owner`.
fn addressed(code: RefusalCode, detail: String, policies: Vec<PolicyRef>, owner: &str) -> Refusal {
    let ask_whom = policies.first().map_or(owner, |policy| &policy.owner).to_owned();
    Refusal { policies, ..Refusal::new(code, detail).asking(ask_whom) }
}

const fn model(why: Why) -> &'static str {
    match why {
        Why::Forbidden => "This caller has access to the model, but a policy forbids this call.",
        Why::NotAllowed => {
            "This caller has access to the model, but no policy allows this call as it is."
        }
    }
}

const fn secret(why: Why) -> &'static str {
    match why {
        Why::Forbidden => "The model is allowed, but a policy forbids what its provider needs.",
        Why::NotAllowed => "The model is allowed, but no policy allows what its provider needs.",
    }
}

fn tool_code(tool: &ProviderTool) -> RefusalCode {
    if tool.kind == ProviderToolKind::RemoteMcp {
        RefusalCode::RemoteMcpRefused
    } else {
        RefusalCode::ProviderToolRefused
    }
}

fn tool(tool: &ProviderTool, why: Why) -> String {
    let beyond = beyond(why, "UseProviderTool");
    format!("It declares the provider's tool `{}`; {beyond}.", tool.kind)
}

fn storage(asked: &Beyond, why: Why) -> String {
    let (what, instead) = match (asked.stores.is_some(), asked.names.is_empty()) {
        (true, true) => ("The request asks for it", "Send `\"store\": false`."),
        (true, false) => (
            "The request asks for it, and names something kept there",
            "Send `\"store\": false`, and name nothing that is kept there.",
        ),
        (false, _) => {
            ("The request names something kept there", "Name nothing that is kept there.")
        }
    };
    // Silence is an ask where the vendor keeps what it is not told to forget.
    let what = match asked.stores {
        Some(Stores::ByDefault) => what.replace("asks for it", "does not say otherwise"),
        Some(Stores::Asked) | None => what.to_owned(),
    };
    let beyond = beyond(why, "StoreAtProvider");
    format!("{what}; {beyond}. {instead}")
}

fn unrecognised(unknown: &Unrecognised, why: Why) -> String {
    let place = match unknown.place {
        UnrecognisedPlace::Field => "field",
        UnrecognisedPlace::Part => "part of type",
        UnrecognisedPlace::Beta => "beta",
    };
    let (name, beyond) = (&unknown.name, beyond(why, "PassUnrecognised"));
    format!("It is the {place} `{name}`; {beyond}.")
}

/// Why what goes beyond the model is refused, and as which action a policy could allow it.
fn beyond(why: Why, action: &str) -> String {
    match why {
        Why::Forbidden => "a policy forbids that".to_owned(),
        Why::NotAllowed => format!("no policy of the tool set allows that ({action})"),
    }
}
