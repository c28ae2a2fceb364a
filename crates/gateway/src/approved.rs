//! In which approved context a call is made: the agent's own, chosen or narrowed by a header,
//! never widened. It permits nothing; what is chosen becomes a fact.

use bundle::{Agent, Bundle, Context};
use http::HeaderMap;
use model::{Ask, ContextName, ModelName, Refusal, RefusalCode, Timestamp};
use policy::{ApprovedFacts, DataClass};

/// The header with which a request chooses among its agent's contexts, or narrows one.
pub const CONTEXT_HEADER: &str = "portreeve-context";
/// Longest value of the header, in bytes.
const HEADER_MAX: usize = 256;

/// What a request says of its context.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    name: ContextName,
    data_class: Option<DataClass>,
}

/// What a choice is made by.
#[derive(Clone, Copy)]
pub(crate) struct Choosing<'c> {
    pub(crate) bundle: &'c Bundle,
    pub(crate) agent: &'c Agent,
    pub(crate) ask: &'c Ask,
    pub(crate) now: Timestamp,
}

/// The context of a request, or why it has none although it must or wants to.
///
/// Without a header an agent's only context is used, where it fits; nothing is guessed among
/// several.
pub(crate) fn choose(
    choosing: Choosing<'_>,
    headers: &HeaderMap,
) -> Result<Option<ApprovedFacts>, Refusal> {
    let wish = wish(headers)?;
    let Choosing { agent, .. } = choosing;
    match (wish, agent.contexts.as_slice()) {
        (Some(wish), contexts) if contexts.contains(&wish.name) => choosing.named(&wish).map(Some),
        (Some(_), _) => Err(choosing.unknown()),
        (None, [only]) => match choosing.fitting(only) {
            Ok(context) => Ok(Some(facts(context, None))),
            Err(why) if choosing.is_required() => Err(choosing.unfit(only, why)),
            Err(_) => Ok(None),
        },
        (None, _) if choosing.is_required() => Err(choosing.required()),
        (None, _) => Ok(None),
    }
}

impl<'c> Choosing<'c> {
    fn named(self, wish: &Wish) -> Result<ApprovedFacts, Refusal> {
        let context = self.fitting(&wish.name).map_err(|why| self.unfit(&wish.name, why))?;
        match wish.data_class {
            Some(asked) if asked > context.data_class => {
                Err(self.unfit(&wish.name, "its data class is lower, and a header only narrows"))
            }
            narrowed => Ok(facts(context, narrowed)),
        }
    }

    /// The context called `name`, if the call is what it is approved for.
    fn fitting(self, name: &ContextName) -> Result<&'c Context, &'static str> {
        let context = self.bundle.context(name).ok_or("it is not declared")?;
        if !context.admits(self.now) {
            return Err("it is not the time it is approved for");
        }
        if !context.environments.is_empty()
            && !context.environments.contains(&self.agent.facts.environment)
        {
            return Err("the agent runs elsewhere than it is approved for");
        }
        if self.ask.model.as_ref().is_some_and(|model| !context.covers_model(model)) {
            return Err("it does not cover the model");
        }
        if !self.ask.beyond.tools.iter().all(|tool| context.covers_tool(tool.kind)) {
            return Err("it does not cover a tool that the request has its provider run");
        }
        Ok(context)
    }

    fn is_required(self) -> bool {
        let of_model =
            |name: &ModelName| self.bundle.model(name).is_some_and(|model| model.context_required);
        self.agent.context_required || self.ask.model.as_ref().is_some_and(of_model)
    }

    /// The agent's contexts that would do.
    fn would_do(self) -> String {
        let fitting: Vec<&str> = self
            .agent
            .contexts
            .iter()
            .filter(|name| self.fitting(name).is_ok())
            .map(ContextName::as_str)
            .collect();
        if fitting.is_empty() {
            "None of this agent's contexts would do".to_owned()
        } else {
            format!("These would do: {}", fitting.join(", "))
        }
    }

    fn required(self) -> Refusal {
        let detail = format!("{}; name one in the header `{CONTEXT_HEADER}`.", self.would_do());
        Refusal::new(RefusalCode::ContextRequired, detail).asking(self.agent.owner.clone())
    }

    fn unknown(self) -> Refusal {
        let detail = format!("{}.", self.would_do());
        Refusal::new(RefusalCode::ContextUnknown, detail).asking(self.agent.owner.clone())
    }

    fn unfit(self, name: &ContextName, why: &str) -> Refusal {
        let owner = self.bundle.context(name).map_or("", |context| context.owner.as_str());
        let detail = format!("Context `{name}`: {why}. {}.", self.would_do());
        Refusal::new(RefusalCode::ContextUnfit, detail).asking(owner)
    }
}

fn facts(context: &Context, narrowed: Option<DataClass>) -> ApprovedFacts {
    let facts = context.facts();
    ApprovedFacts { data_class: narrowed.unwrap_or(facts.data_class), ..facts }
}

/// What the header says: `NAME`, or `NAME; data_class=CLASS`.
fn wish(headers: &HeaderMap) -> Result<Option<Wish>, Refusal> {
    let mut values = headers.get_all(CONTEXT_HEADER).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else { return Ok(None) };
    let wrong = || {
        let detail = format!(
            "Write one header `{CONTEXT_HEADER}: NAME` or `{CONTEXT_HEADER}: NAME; data_class=CLASS`."
        );
        Refusal::new(RefusalCode::FieldInvalid, detail)
    };
    if second.is_some() || value.len() > HEADER_MAX {
        return Err(wrong());
    }
    let text = value.to_str().map_err(|_| wrong())?;
    let (name, narrowing) = match text.split_once(';') {
        None => (text, None),
        Some((name, rest)) => {
            let class = rest.trim().strip_prefix("data_class=").ok_or_else(wrong)?;
            (name, Some(class.parse::<DataClass>().map_err(|()| wrong())?))
        }
    };
    let name = name.trim().parse().map_err(|_| wrong())?;
    Ok(Some(Wish { name, data_class: narrowing }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<Wish>, RefusalCode> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTEXT_HEADER, value.parse().expect("a header's value"));
        }
        wish(&headers).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_header_names_a_context_and_may_narrow_it() {
        let name = || "support".parse().expect("a name");
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["support"]), Ok(Some(Wish { name: name(), data_class: None })));
        let narrowed = Some(Wish { name: name(), data_class: Some(DataClass::Public) });
        assert_eq!(read(&["support; data_class=public"]), Ok(narrowed.clone()));
        assert_eq!(read(&[" support ;data_class=public"]), Ok(narrowed));
    }

    #[test]
    fn anything_else_is_refused_and_not_guessed() {
        let long = "x".repeat(300);
        for bad in [
            "",
            "Support",
            "a,b",
            "support;",
            "support; purpose=more",
            "support; data_class=",
            "support; data_class=secret",
            "support; data_class=public; data_class=internal",
            &long,
        ] {
            assert_eq!(read(&[bad]), Err(RefusalCode::FieldInvalid), "{bad}");
        }
        assert_eq!(read(&["support", "support"]), Err(RefusalCode::FieldInvalid));
    }
}
