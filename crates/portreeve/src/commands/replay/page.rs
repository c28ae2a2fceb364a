//! What replaying one decision came to, as text and as JSON. It compares nothing itself.

use std::fmt::Write as _;

use model::DecisionRecord;
use policy::{Engine, RecordedFacts};
use serde_json::{Value, json};

use super::against::{Difference, cited};
use super::cannot::Cannot;
use super::one::{Basis, Compared, Replayed};

/// Width of the left column.
const LABEL: usize = 13;

/// For people.
pub(super) fn text(replayed: &Replayed) -> String {
    let mut page = Page::default();
    match &replayed.record {
        Some(record) => page.head(record),
        None => page.0.push_str(&format!("Decision {}\n", replayed.id)),
    }
    match &replayed.result {
        Err(cannot) => page.cannot(cannot),
        Ok(compared) => page.compared(replayed.record.as_ref(), compared),
    }
    page.0.trim_end().to_owned()
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn row(&mut self, label: &str, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{label:<LABEL$}{text}");
    }

    fn head(&mut self, record: &DecisionRecord) {
        let word = if record.verdict.allowed { "ALLOWED" } else { "REFUSED" };
        let code = &record.verdict.code;
        let _ = writeln!(self.0, "Decision {}   {}   {word} {code}", record.id, record.received);
    }

    fn cannot(&mut self, cannot: &Cannot) {
        let _ = writeln!(self.0, "\nCANNOT be replayed ({})\n", cannot.reason.as_str());
        self.row("Why", &format!("{}.", cannot.why.trim_end_matches('.')));
    }

    fn compared(&mut self, record: Option<&DecisionRecord>, compared: &Compared) {
        let verdict = if compared.differences.is_empty() { "SAME" } else { "DIFFERS" };
        let _ = writeln!(self.0, "\n{verdict}\n");
        for Difference { what, recorded, now } in &compared.differences {
            self.row("Differs", what);
            self.row("", &format!("recorded  {recorded}"));
            self.row("", &format!("now       {now}"));
        }
        match &compared.basis {
            Basis::NoSuchModel => {
                self.row("Replayed", "the charter of that time declares no such model");
            }
            Basis::Facts { facts, key, engine, schema_differs, beside } => {
                self.why(compared, (&facts.engine, engine), *schema_differs);
                self.replayed(record, facts);
                self.row("Facts", &format!("sealed under {key}, as the log committed to"));
                if let Some(code) = beside {
                    self.row("Not replayed", &format!("{code}: refused beside policy, after it"));
                }
                self.row("Not replayed", NOT_REPLAYED);
            }
        }
        if let Some(record) = record {
            self.row("Charter", &format!("{}, from the store", record.charter.digest));
        }
    }

    fn why(&mut self, compared: &Compared, (was, now): (&Engine, &Engine), schema_differs: bool) {
        if was == now {
            self.row("Engine", &format!("{}: the same", engine(was)));
        } else {
            self.row(
                "Engine",
                &format!("recorded by {}, replayed by {}", engine(was), engine(now)),
            );
        }
        if schema_differs {
            self.row("Schema", "another than then: what policies may name has changed");
        }
        if !compared.differences.is_empty() {
            let why = match (was == now, schema_differs) {
                (false, _) => "another version decides otherwise, or records otherwise",
                (true, true) => {
                    "the schema is another, in the same version: the program was changed"
                }
                (true, false) => {
                    "the same version under the same charter: the log, its facts or this program is \
                     not what it was"
                }
            };
            self.row("Why", why);
        }
    }

    fn replayed(&mut self, record: Option<&DecisionRecord>, facts: &RecordedFacts) {
        let asked = &facts.asked;
        let operation = asked.ask.operation.as_str();
        let said = super::against::said(facts);
        self.row(
            "Replayed",
            &format!(
                "{}: {operation} of {}: policy says {said}",
                asked.agent.name, asked.model.name
            ),
        );
        let Some(record) = record else { return };
        for target in &record.targets {
            let by = cited(&target.policies);
            self.row("", &format!("{} as {}, by {by}", target.provider, target.upstream_model));
        }
        if !record.verdict.policies.is_empty() {
            self.row("", &format!("by {}", cited(&record.verdict.policies)));
        }
        if !facts.withheld.is_empty() {
            let places: Vec<_> = facts
                .withheld
                .iter()
                .map(|one| format!("{} ({})", one.provider, one.code))
                .collect();
            self.row(
                "From record",
                &format!("places dropped before policy: {}", places.join(", ")),
            );
        }
    }
}

/// What is never reached again.
const NOT_REPLAYED: &str =
    "identity, the choice of context, which secrets were sealed, budgets: they stand as recorded";

fn engine(engine: &Engine) -> String {
    let Engine { cedar, language, portreeve } = engine;
    format!("portreeve {portreeve}, Cedar {cedar} (language {language})")
}

/// For programs.
pub(super) fn json(replayed: &Replayed) -> Value {
    let mut object = json!({
        "id": replayed.id,
        "verdict": replayed.record.as_ref().map(|record| &record.verdict.code),
        "charter": replayed.record.as_ref().map(|record| record.charter.digest),
    });
    let more = match &replayed.result {
        Err(Cannot { reason, why }) => {
            json!({ "result": "cannot", "reason": reason.as_str(), "why": why })
        }
        Ok(compared) => compared_json(compared),
    };
    if let (Some(fields), Value::Object(more)) = (object.as_object_mut(), more) {
        fields.extend(more);
    }
    object
}

fn compared_json(compared: &Compared) -> Value {
    let differences: Vec<Value> = compared
        .differences
        .iter()
        .map(|one| json!({ "what": one.what, "recorded": one.recorded, "now": one.now }))
        .collect();
    let result = if differences.is_empty() { "same" } else { "differs" };
    let mut object = json!({ "result": result, "differences": differences });
    if let (Some(fields), Basis::Facts { facts, key, engine, schema_differs, beside }) =
        (object.as_object_mut(), &compared.basis)
    {
        fields.insert("policy_said".to_owned(), json!(super::against::said(facts)));
        fields.insert("refused_beside_policy".to_owned(), json!(beside));
        fields.insert("facts_key".to_owned(), json!(key));
        fields.insert("engine_recorded".to_owned(), json!(facts.engine));
        fields.insert("engine_now".to_owned(), json!(engine));
        fields.insert("schema_differs".to_owned(), json!(schema_differs));
    }
    object
}
