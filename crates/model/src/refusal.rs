//! A no, as data: a stable code, who can fix it, and text that is safe to show.
//!
//! This is the whole catalogue. `docs/reference/refusals.md` is generated from it, and a test
//! demands that each code is met by a test. Internal causes never travel in a refusal.

use crate::{PolicyRef, SecretName};

/// Who can mend what was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fixer {
    /// Whoever sends the request.
    Caller,
    /// The owner of the agent.
    AgentOwner,
    /// The owner of the policy or of the thing asked for.
    PolicyOwner,
    /// The seat that can raise the budget.
    BudgetOwner,
    /// Whoever runs the gateway.
    Platform,
    /// The model's provider.
    Provider,
}

/// At which step of a request the code arises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Who is calling?
    Authenticate,
    /// What is asked?
    Read,
    /// May it?
    Decide,
    /// Is it written down?
    Record,
    /// After the record, on the way to the provider and back.
    Forward,
}

/// Whether sending the same request again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retry {
    /// Later, unchanged, it may pass.
    Later,
    /// Unchanged it will be refused again.
    Useless,
}

macro_rules! catalogue {
    ($($variant:ident $code:literal $status:literal $stage:ident $fixer:ident $retry:ident $title:literal;)*) => {
        /// Why something was refused. Codes are stable: clients and runbooks may match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusalCode {
            $(#[doc = $title] $variant,)*
        }

        impl RefusalCode {
            /// Every code, in the order of the request's path.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// The step at which it arises.
            #[must_use]
            pub const fn stage(self) -> Stage {
                match self { $(Self::$variant => Stage::$stage),* }
            }

            /// Who can fix it.
            #[must_use]
            pub const fn fixer(self) -> Fixer {
                match self { $(Self::$variant => Fixer::$fixer),* }
            }

            /// Whether retrying can help.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry),* }
            }

            /// One sentence, safe to show to the caller.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

catalogue! {
    CredentialMissing "credential_missing" 401 Authenticate Caller Useless "No credential came with the request.";
    CredentialAmbiguous "credential_ambiguous" 401 Authenticate Caller Useless "More than one credential came with the request, and they differ.";
    CredentialMalformed "credential_malformed" 401 Authenticate Caller Useless "The credential is not a token of this gateway.";
    CredentialForged "credential_forged" 401 Authenticate Caller Useless "The token is not signed by a key this gateway trusts.";
    CredentialExpired "credential_expired" 401 Authenticate Caller Useless "The token has expired; fetch a new one.";
    CredentialNotYetValid "credential_not_yet_valid" 401 Authenticate Caller Useless "The token is not valid yet; check the clock of whoever issued it.";
    CredentialWrongAudience "credential_wrong_audience" 401 Authenticate Caller Useless "The token was issued for another gateway.";
    CredentialRevoked "credential_revoked" 401 Authenticate AgentOwner Useless "The agent's tokens of this epoch were revoked; fetch a new one.";
    AgentUnknown "agent_unknown" 403 Authenticate AgentOwner Useless "The token is valid, but no agent of that name is declared.";
    AgentSuspended "agent_suspended" 403 Authenticate AgentOwner Useless "The agent is suspended.";
    AgentEnvironmentUnserved "agent_environment_unserved" 403 Authenticate Platform Useless "Agents of environment prod are not served while one person holds every seat (genesis mode).";
    PathUnknown "path_unknown" 404 Read Caller Useless "The gateway has no such path.";
    MethodRefused "method_refused" 405 Read Caller Useless "The path does not take this method.";
    ContentEncodingRefused "content_encoding_refused" 415 Read Caller Useless "Request bodies must come without a content encoding.";
    ContentTypeRefused "content_type_refused" 415 Read Caller Useless "The body must be application/json.";
    VersionRefused "version_refused" 400 Read Caller Useless "The request must carry one anthropic-version header, with a version this gateway speaks.";
    BodyTooLarge "body_too_large" 413 Read Caller Useless "The body is larger than this gateway takes.";
    BodyTimeout "body_timeout" 408 Read Caller Later "The body did not arrive in time.";
    BodyTruncated "body_truncated" 400 Read Caller Later "The body ended early.";
    BodyNotJson "body_not_json" 400 Read Caller Useless "The body is not one JSON object.";
    BodyNotUtf8 "body_not_utf8" 400 Read Caller Useless "The body is not UTF-8.";
    BodyHasBom "body_has_bom" 400 Read Caller Useless "The body begins with a byte order mark.";
    BodyDuplicateKey "body_duplicate_key" 400 Read Caller Useless "The body names the same key twice in one object.";
    BodyTooDeep "body_too_deep" 400 Read Caller Useless "The body is nested too deeply.";
    FieldMissing "field_missing" 400 Read Caller Useless "A required field is missing.";
    FieldInvalid "field_invalid" 400 Read Caller Useless "A field has a value of the wrong type or form.";
    ToolUnknown "tool_unknown" 403 Decide Caller Useless "The request declares a tool of a kind this gateway does not know.";
    BackgroundRefused "background_refused" 403 Decide Caller Useless "Answers in the background are not served: nobody would see how they end.";
    StoredObjectRefused "stored_object_refused" 403 Decide Caller Useless "The request names something kept at the provider that this agent did not make.";
    ModelUnknown "model_unknown" 404 Decide PolicyOwner Useless "The model does not exist or is not available to this caller.";
    PolicyForbids "policy_forbids" 403 Decide PolicyOwner Useless "A policy forbids it.";
    PolicyNoPermit "policy_no_permit" 403 Decide PolicyOwner Useless "No policy allows it in these circumstances.";
    PolicyError "policy_error" 403 Decide PolicyOwner Useless "A policy could not be evaluated, so the answer is no.";
    ProviderToolRefused "provider_tool_refused" 403 Decide PolicyOwner Useless "The request asks the provider to run a tool; access to a model is not access to tools.";
    RemoteMcpRefused "remote_mcp_refused" 403 Decide PolicyOwner Useless "The request asks the provider to reach an MCP server; access to a model is not access to tools.";
    StorageRefused "storage_refused" 403 Decide Caller Useless "The provider would keep this conversation; access to a model does not cover that.";
    UnrecognisedRefused "unrecognised_refused" 403 Decide PolicyOwner Useless "The request holds something this gateway does not know, and no policy passes it on.";
    DialectMismatch "dialect_mismatch" 400 Decide Caller Useless "The model's provider speaks another wire form than this endpoint.";
    ContextRequired "context_required" 403 Decide Caller Useless "The call must be made in an approved context, and names none.";
    ContextUnknown "context_unknown" 403 Decide Caller Useless "The context named is none of this agent's.";
    ContextUnfit "context_unfit" 403 Decide Caller Useless "The call is not what the context is approved for.";
    ContextBound "context_bound" 403 Decide Caller Useless "The token is bound to one approved context, and the call cannot be made in it.";
    BudgetUnbounded "budget_unbounded" 403 Decide Caller Useless "Nothing bounds what the call may use, and a budget applies.";
    BudgetUnpriced "budget_unpriced" 403 Decide Platform Useless "The model has no price, and a budget of money applies.";
    BudgetTooSmall "budget_too_small" 429 Decide BudgetOwner Useless "The call may use more than a whole budget.";
    BudgetPaused "budget_paused" 429 Decide BudgetOwner Later "A budget of this minute is used up.";
    BudgetExhausted "budget_exhausted" 429 Decide BudgetOwner Useless "A budget is used up.";
    NoTarget "no_target" 403 Decide PolicyOwner Useless "No place that serves the model takes calls of this agent.";
    SecretMissing "secret_missing" 503 Decide Platform Later "The secret this call needs has no sealed value.";
    SecretExpired "secret_expired" 503 Decide Platform Later "The secret this call needs is older than its owner allows.";
    LogUnavailable "log_unavailable" 503 Record Platform Later "The decision could not be recorded, so nothing was forwarded.";
    Overloaded "overloaded" 503 Record Platform Later "The gateway is carrying as many requests as it may.";
    Draining "draining" 503 Record Platform Later "The gateway is shutting down.";
    SecretUnreadable "secret_unreadable" 503 Forward Platform Later "The secret this call needs could not be opened.";
    TargetsSetAside "targets_set_aside" 503 Forward Provider Later "Every place that may serve this call has failed and is set aside for now.";
    TargetsBusy "targets_busy" 503 Forward Platform Later "Every place that may serve this call is carrying as much as it may.";
    BudgetCut "budget_cut" 502 Forward BudgetOwner Useless "The answer was cut: it was about to use more than the call held of a budget.";
    UpstreamConnect "upstream_connect" 502 Forward Provider Later "The provider could not be reached.";
    UpstreamTimeout "upstream_timeout" 504 Forward Provider Later "The provider did not answer in time.";
    UpstreamDropped "upstream_dropped" 502 Forward Provider Later "The provider broke off its answer.";
    UpstreamRedirect "upstream_redirect" 502 Forward Platform Useless "The provider answered with a redirect; portreeve never follows one.";
    UpstreamCredential "upstream_credential" 502 Forward Platform Useless "The provider refused the gateway's own credential.";
    UpstreamEchoedSecret "upstream_echoed_secret" 502 Forward Provider Useless "The provider's answer held the gateway's own credential, so it was withheld.";
    UpstreamNotJson "upstream_not_json" 502 Forward Provider Later "The provider's answer is not of the kind its API promises.";
    UpstreamTooLarge "upstream_too_large" 502 Forward Provider Useless "The provider's answer is larger than this gateway takes.";
}

/// A no: the code, what exactly, and the policies that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// What exactly, in words that are safe to show to the caller: no secret, no path of the
    /// machine, no text of the request beyond field names.
    pub detail: String,
    /// The policies that determined it; empty where no policy was reached or none matched.
    pub policies: Vec<PolicyRef>,
    /// Whom to ask, as the charter names them (`seat:policy-lead`); empty for the caller.
    pub ask_whom: String,
    /// The secret in question, for the record and those who read it: the caller is not told.
    pub secret: Option<SecretName>,
}

impl Refusal {
    /// A refusal no policy took part in.
    #[must_use]
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            policies: Vec::new(),
            ask_whom: String::new(),
            secret: None,
        }
    }

    /// The same, naming the seat or team to ask.
    #[must_use]
    pub fn asking(mut self, whom: impl Into<String>) -> Self {
        self.ask_whom = whom.into();
        self
    }

    /// The same, naming to the record the secret it is about.
    #[must_use]
    pub fn about(mut self, secret: &SecretName) -> Self {
        self.secret = Some(secret.clone());
        self
    }
}

impl Fixer {
    /// Who, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "the caller",
            Self::AgentOwner => "the agent's owner",
            Self::PolicyOwner => "the policy's owner",
            Self::BudgetOwner => "the budget's owner",
            Self::Platform => "the platform team",
            Self::Provider => "the provider",
        }
    }
}

impl Stage {
    /// The step, in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authenticate => "authenticate",
            Self::Read => "read",
            Self::Decide => "decide",
            Self::Record => "record",
            Self::Forward => "forward",
        }
    }
}

impl std::str::FromStr for RefusalCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_statuses_are_refusals() {
        let codes: BTreeSet<_> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), RefusalCode::ALL.len());
        for code in RefusalCode::ALL {
            assert!((400..600).contains(&code.status()), "{code:?}");
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(code.title().ends_with('.'), "{code:?}");
        }
    }
}
