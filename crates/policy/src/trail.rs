//! What was evaluated, as it is evaluated: it becomes the facts of the verdict.

use std::sync::LazyLock;

use model::{Refusal, RefusalCode, WithheldRecord};

use crate::evaluate::{Answer, Unevaluable, World};
use crate::facts::Circumstances;
use crate::json::Json;
use crate::parts::Parts;
use crate::query::Query;
use crate::recorded::Engine;
use crate::recorded::form::Written;
use crate::schema;
use crate::slice::Slice;

/// The entities and every question with its answer, in the order in which they were asked.
#[derive(Default)]
pub(crate) struct Trail {
    entities: Json,
    queries: Json,
    unevaluable: Option<String>,
}

impl Trail {
    /// The entities of the question, noted.
    pub(crate) fn world(
        &mut self,
        asked: &Circumstances<'_>,
        parts: &Parts,
    ) -> Result<World, Unevaluable> {
        let world = World::new(Slice::of(asked, parts)?);
        self.entities = world.described().clone();
        Ok(world)
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

    /// `{"asked":…,"engine":…,"entities":[…],"questions":[…],"schema":…,"v":2,"verdict":…}`, keys
    /// sorted: [`crate::RecordedFacts`] reads it. `verdict` is policy's own, in its code.
    pub(crate) fn into_facts(
        self,
        asked: &Circumstances<'_>,
        withheld: &[WithheldRecord],
        verdict: &str,
    ) -> Vec<u8> {
        /// Room for what was asked, the engine and the rest.
        const OTHER_BYTES: usize = 2_048;
        let room = self.entities.len().saturating_add(self.queries.len());
        let mut out = Json::with_room(room.saturating_add(OTHER_BYTES));
        out.raw(r#"{"asked":"#);
        out.value(&Written::new(asked, withheld));
        out.raw(r#","engine":"#);
        out.raw(&ENGINE);
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
        out.raw(r#","v":2,"verdict":"#);
        out.text(verdict);
        out.raw("}");
        out.into_bytes()
    }
}

/// This software, as facts name it.
static ENGINE: LazyLock<String> = LazyLock::new(|| {
    let mut out = Json::default();
    out.value(&Engine::current());
    String::from_utf8_lossy(&out.into_bytes()).into_owned()
});
