//! In which approved context a call is made: the agent's own, chosen or narrowed by a header,
//! never widened. It permits nothing; what is chosen becomes a fact.

use bundle::{Agent, Bundle, Context};
use http::HeaderMap;
use model::{Ask, ContextName, ModelName, Refusal, RefusalCode, Timestamp};
use policy::ApprovedFacts;

/// The header with which a request chooses among its agent's contexts, or narrows one.
pub const CONTEXT_HEADER: &str = "portreeve-context";
/// Longest value of the header, in bytes.
const HEADER_MAX: usize = 256;

/// What a request says of its context. What it adds to the name only takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    name: ContextName,
    /// Only these models, of those that the context covers.
    models: Option<Vec<ModelName>>,
    /// No tools of providers, whichever the context covers.
    no_tools: bool,
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
            Ok(context) => Ok(Some(context.facts())),
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
        let unwanted = |models: &Vec<ModelName>| {
            self.ask.model.as_ref().is_some_and(|model| !models.contains(model))
        };
        if wish.models.as_ref().is_some_and(unwanted) {
            return Err(self.unfit(&wish.name, "the request itself narrowed it to other models"));
        }
        if wish.no_tools && !self.ask.beyond.tools.is_empty() {
            return Err(self.unfit(&wish.name, "the request itself narrowed it to no tools"));
        }
        Ok(context.facts())
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

/// What the header says: `NAME`, then any of `models=NAME,NAME` and `tools=none`.
fn wish(headers: &HeaderMap) -> Result<Option<Wish>, Refusal> {
    let mut values = headers.get_all(CONTEXT_HEADER).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else { return Ok(None) };
    let read = value.to_str().ok().filter(|text| second.is_none() && text.len() <= HEADER_MAX);
    read.and_then(parsed).map(Some).ok_or_else(|| {
        let detail = format!(
            "Write one header `{CONTEXT_HEADER}: NAME`, narrowed where wanted by \
             `; models=NAME,NAME` and `; tools=none`."
        );
        Refusal::new(RefusalCode::FieldInvalid, detail)
    })
}

fn parsed(text: &str) -> Option<Wish> {
    let mut parts = text.split(';').map(str::trim);
    let mut wish = Wish { name: parts.next()?.parse().ok()?, models: None, no_tools: false };
    for part in parts {
        match part.split_once('=')? {
            ("models", names) if wish.models.is_none() => {
                let names = names.split(',').map(|name| name.trim().parse().ok());
                wish.models = Some(names.collect::<Option<Vec<ModelName>>>()?);
            }
            ("tools", "none") if !wish.no_tools => wish.no_tools = true,
            _ => return None,
        }
    }
    Some(wish)
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
        let name = "support".parse::<ContextName>().expect("a name");
        let wish = |models: Option<&[&str]>, no_tools| {
            let names =
                |names: &[&str]| names.iter().map(|name| name.parse().expect("a name")).collect();
            Ok(Some(Wish { name: name.clone(), models: models.map(names), no_tools }))
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["support"]), wish(None, false));
        assert_eq!(read(&[" support ; tools=none"]), wish(None, true));
        assert_eq!(read(&["support;models=fast, slow"]), wish(Some(&["fast", "slow"]), false));
        assert_eq!(read(&["support; tools=none; models=fast"]), wish(Some(&["fast"]), true));
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
            "support; models=",
            "support; models=a,,b",
            "support; tools=all",
            "support; tools=none; tools=none",
            "support; models=a; models=b",
            &long,
        ] {
            assert_eq!(read(&[bad]), Err(RefusalCode::FieldInvalid), "{bad}");
        }
        assert_eq!(read(&["support", "support"]), Err(RefusalCode::FieldInvalid));
    }
}
