//! `GET /v1/models`: the models this caller may use, and no hint of any other.

use model::{
    Case, DecisionRecord, Dialect, ModelName, OutcomeDue, Recordable, Refusal, RefusalCode,
    VerdictRecord,
};

/// Longest query a listing reads, in bytes.
const QUERY_MAX: usize = 512;

/// A listing as decided: recorded like any decision, though nothing is forwarded.
#[derive(Debug)]
pub(crate) struct Listed {
    case: Case,
    body: Vec<u8>,
}

impl Listed {
    /// The page of `models` that `query` asks for, as the body of an answer.
    pub(crate) fn page(
        dialect: Dialect,
        models: &[ModelName],
        query: &str,
    ) -> Result<Vec<u8>, Refusal> {
        if query.len() > QUERY_MAX {
            return Err(Refusal::new(RefusalCode::FieldInvalid, "The query string is too long."));
        }
        protocol::model_list(dialect, models, query)
    }

    /// The listing of a case, with its page.
    pub(crate) const fn new(case: Case, page: Vec<u8>) -> Self {
        Self { case, body: page }
    }

    /// The case it answers.
    pub(crate) const fn case(&self) -> &Case {
        &self.case
    }

    /// The answer's body.
    pub(crate) fn body(&self) -> Vec<u8> {
        self.body.clone()
    }
}

impl Recordable for Listed {
    fn record(&self) -> DecisionRecord {
        self.case.record(VerdictRecord::permitted())
    }

    fn facts(&self) -> &[u8] {
        &[]
    }

    fn outcome_due(&self) -> OutcomeDue {
        OutcomeDue::No
    }
}
