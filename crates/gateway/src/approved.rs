//! In which approved context a request is made: the one its token is bound to, else one of the
//! agent's own; a header chooses among them or narrows one, and never widens. It permits nothing;
//! what is chosen becomes a fact.

use bundle::{Agent, Bundle, Context};
use http::HeaderMap;
use model::{Ask, ContextName, ModelName, ProviderTool, Refusal, RefusalCode, Timestamp};
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

/// Who asks, when, and under which charter.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'c> {
    pub(crate) bundle: &'c Bundle,
    pub(crate) agent: &'c Agent,
    /// The context that the caller's token is bound to.
    pub(crate) bound: Option<&'c ContextName>,
    pub(crate) now: Timestamp,
}

/// What would be called: a context is approved for some models and tools only.
#[derive(Clone, Copy)]
pub(crate) struct Called<'a> {
    model: Option<&'a ModelName>,
    tools: &'a [ProviderTool],
}

/// A request's choice of a context, read; every call of the request is made in what it comes to.
pub(crate) struct Choice<'c> {
    asker: Asker<'c>,
    wish: Option<Wish>,
}

/// A choice and what would be called.
#[derive(Clone, Copy)]
struct Choosing<'c> {
    asker: Asker<'c>,
    wish: Option<&'c Wish>,
    called: Called<'c>,
}

impl<'a> Called<'a> {
    /// Nothing: a list of models asks for no model.
    pub(crate) const NOTHING: Self = Self { model: None, tools: &[] };

    /// What a call asks for.
    pub(crate) fn by(ask: &'a Ask) -> Self {
        Self { model: ask.model.as_ref(), tools: &ask.beyond.tools }
    }

    /// A plain call of `model`.
    pub(crate) const fn model(model: &'a ModelName) -> Self {
        Self { model: Some(model), tools: &[] }
    }
}

impl<'c> Choice<'c> {
    /// What `headers` say, or that they cannot be read.
    pub(crate) fn read(asker: Asker<'c>, headers: &HeaderMap) -> Result<Self, Refusal> {
        Ok(Self { asker, wish: wish(headers)? })
    }

    /// The context, or why there is none although there must be one or one is wanted.
    ///
    /// A token's own context is the only one; what cannot be done in it is not done with that
    /// token. Without a token of that kind and without a header an agent's only context is used,
    /// where it fits; nothing is guessed among several.
    pub(crate) fn of(&self, called: Called<'_>) -> Result<Option<ApprovedFacts>, Refusal> {
        let choosing = Choosing { asker: self.asker, wish: self.wish.as_ref(), called };
        let own = self.asker.agent.contexts.as_slice();
        match (self.asker.bound, &self.wish, own) {
            (Some(bound), _, own) if !own.contains(bound) => Err(choosing.gone(bound)),
            (Some(bound), Some(wish), _) if wish.name != *bound => Err(choosing.leaving(bound)),
            (Some(bound), _, _) => choosing.named(bound).map(Some),
            (None, Some(wish), own) if own.contains(&wish.name) => {
                choosing.named(&wish.name).map(Some)
            }
            (None, Some(_), _) => Err(choosing.unknown()),
            (None, None, [only]) => match choosing.fitting(only) {
                Ok(context) => Ok(Some(context.facts())),
                Err(why) if choosing.is_required() => Err(choosing.unfit(only, why)),
                Err(_) => Ok(None),
            },
            (None, None, _) if choosing.is_required() => Err(choosing.required()),
            (None, None, _) => Ok(None),
        }
    }
}

impl<'c> Choosing<'c> {
    /// The context called `name`, as the request narrowed it.
    fn named(self, name: &ContextName) -> Result<ApprovedFacts, Refusal> {
        let context = self.fitting(name).map_err(|why| self.unfit(name, why))?;
        let Some(wish) = self.wish else { return Ok(context.facts()) };
        let unwanted = |models: &Vec<ModelName>| {
            self.called.model.is_some_and(|model| !models.contains(model))
        };
        if wish.models.as_ref().is_some_and(unwanted) {
            return Err(self.unfit(name, "the request itself narrowed it to other models"));
        }
        if wish.no_tools && !self.called.tools.is_empty() {
            return Err(self.unfit(name, "the request itself narrowed it to no tools"));
        }
        Ok(context.facts())
    }

    /// The context called `name`, if the call is what it is approved for.
    fn fitting(self, name: &ContextName) -> Result<&'c Context, &'static str> {
        let Asker { bundle, agent, now, .. } = self.asker;
        let context = bundle.context(name).ok_or("it is not declared")?;
        if !context.admits(now) {
            return Err("it is not the time it is approved for");
        }
        if !context.environments.is_empty()
            && !context.environments.contains(&agent.facts.environment)
        {
            return Err("the agent runs elsewhere than it is approved for");
        }
        if self.called.model.is_some_and(|model| !context.covers_model(model)) {
            return Err("it does not cover the model");
        }
        if !self.called.tools.iter().all(|tool| context.covers_tool(tool.kind)) {
            return Err("it does not cover a tool that the request has its provider run");
        }
        Ok(context)
    }

    fn is_required(self) -> bool {
        let Asker { bundle, agent, .. } = self.asker;
        let of_model =
            |name: &ModelName| bundle.model(name).is_some_and(|model| model.context_required);
        agent.context_required || self.called.model.is_some_and(of_model)
    }

    /// The agent's contexts that would do.
    fn would_do(self) -> String {
        let own = self.asker.agent.contexts.iter();
        let fitting: Vec<&str> =
            own.filter(|name| self.fitting(name).is_ok()).map(ContextName::as_str).collect();
        if fitting.is_empty() {
            return "None of this agent's contexts would do".to_owned();
        }
        let others = self.asker.bound.is_some_and(|bound| fitting != [bound.as_str()]);
        let how = if others { ", each with a token for it" } else { "" };
        format!("These would do{how}: {}", fitting.join(", "))
    }

    fn required(self) -> Refusal {
        let detail = format!("{}; name one in the header `{CONTEXT_HEADER}`.", self.would_do());
        self.asking_owner(RefusalCode::ContextRequired, detail)
    }

    fn unknown(self) -> Refusal {
        self.asking_owner(RefusalCode::ContextUnknown, format!("{}.", self.would_do()))
    }

    /// The charter in force took from the agent what its token is bound to.
    fn gone(self, bound: &ContextName) -> Refusal {
        let detail = format!("The agent has no context `{bound}` any more. {}.", self.would_do());
        self.asking_owner(RefusalCode::ContextBound, detail)
    }

    /// The header names another context than the token's, the agent's own or not.
    fn leaving(self, bound: &ContextName) -> Refusal {
        let detail = format!(
            "It is bound to `{bound}`, and the header `{CONTEXT_HEADER}` names another. {}.",
            self.would_do()
        );
        self.asking_owner(RefusalCode::ContextBound, detail)
    }

    fn asking_owner(self, code: RefusalCode, detail: String) -> Refusal {
        Refusal::new(code, detail).asking(self.asker.agent.owner.clone())
    }

    fn unfit(self, name: &ContextName, why: &str) -> Refusal {
        let owner = self.asker.bundle.context(name).map_or("", |context| context.owner.as_str());
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
