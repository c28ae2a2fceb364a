//! What was evaluated, as it is evaluated: it becomes the facts of the verdict.

use model::{Refusal, RefusalCode};

use crate::evaluate::{Answer, Unevaluable, World};
use crate::facts::Circumstances;
use crate::query::Query;
use crate::schema;
use crate::slice::{self, Slice};
use crate::value::Json;

/// The entities and every question with its answer, in the order in which they were asked.
#[derive(Default)]
pub(crate) struct Trail {
    entities: Json,
    queries: Json,
    unevaluable: Option<String>,
}

impl Trail {
    /// The entities of the question, noted.
    pub(crate) fn world(&mut self, asked: &Circumstances<'_>) -> Result<World, Unevaluable> {
        let slice = Slice::of(asked)?;
        slice.write(&mut self.entities);
        let callers = [slice::agent(asked.agent), slice::team(asked.agent)];
        Ok(World { entities: slice.entities()?, callers })
    }

    /// Notes a question and its answer.
    pub(crate) fn note(&mut self, query: &Query, answer: &Answer) {
        if !self.queries.is_empty() {
            self.queries.raw(",");
        }
        query.write(answer, &mut self.queries);
    }

    /// The refusal of a question that could not be put. Its cause stays in the facts.
    pub(crate) fn void(&mut self, unevaluable: Unevaluable, asked: &Circumstances<'_>) -> Refusal {
        self.unevaluable = Some(unevaluable.0);
        let detail = "The question could not be put to the policies.";
        Refusal::new(RefusalCode::PolicyError, detail).asking(&asked.model.owner)
    }

    /// `{"cedar":…,"entities":[…],"questions":[…],"schema":…,"v":1}`, keys sorted.
    pub(crate) fn into_facts(self) -> Vec<u8> {
        let mut out = Json::default();
        out.raw(r#"{"cedar":"#);
        out.text(&cedar_policy::get_lang_version().to_string());
        out.raw(r#","entities":["#);
        out.append(&self.entities);
        out.raw(r#"],"questions":["#);
        out.append(&self.queries);
        out.raw(r#"],"schema":"#);
        out.text(&schema::digest().to_string());
        if let Some(cause) = &self.unevaluable {
            out.raw(r#","unevaluable":"#);
            out.text(cause);
        }
        out.raw(r#","v":1}"#);
        out.into_bytes()
    }
}
