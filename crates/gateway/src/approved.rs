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
            return Err(self.narrowed(name, "other models"));
        }
        if wish.no_tools && !self.called.tools.is_empty() {
            return Err(self.narrowed(name, "no tools"));
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

    /// The agent's contexts that would do, but for the one that the token is bound to.
    fn others(self) -> Vec<&'c str> {
        let Asker { agent, bound, .. } = self.asker;
        let others = agent.contexts.iter().filter(|name| Some(*name) != bound);
        others.filter(|name| self.fitting(name).is_ok()).map(ContextName::as_str).collect()
    }

    /// The same in words.
    fn would_do(self) -> String {
        let fitting = self.others();
        match (fitting.as_slice(), self.asker.bound) {
            ([], None) => "None of this agent's contexts would do".to_owned(),
            ([], Some(_)) => "None of this agent's other contexts would do".to_owned(),
            (_, None) => format!("These would do: {}", fitting.join(", ")),
            (_, Some(_)) => {
                format!("These would do, each with a token for it: {}", fitting.join(", "))
            }
        }
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
        let stay = format!("Leave the header out, or name `{bound}` in it");
        let how = match (self.fitting(bound), self.others().as_slice()) {
            (Ok(_), []) => stay,
            (Ok(_), _) => format!("{stay}. {}", self.would_do()),
            (Err(_), _) => self.would_do(),
        };
        let detail = format!(
            "It is bound to `{bound}`, and the header `{CONTEXT_HEADER}` names another. {how}."
        );
        self.asking_owner(RefusalCode::ContextBound, detail)
    }

    fn asking_owner(self, code: RefusalCode, detail: String) -> Refusal {
        Refusal::new(code, detail).asking(self.asker.agent.owner.clone())
    }

    /// The header itself took away from the context what is called.
    fn narrowed(self, name: &ContextName, to: &str) -> Refusal {
        let owner = self.asker.bundle.context(name).map_or("", |context| context.owner.as_str());
        let detail = format!(
            "Context `{name}`: the request itself narrowed it to {to}. Not narrowed, it would do."
        );
        Refusal::new(RefusalCode::ContextUnfit, detail).asking(owner)
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
    let Some(value) = values.next() else { return Ok(None) };
    let read = match (values.next(), value.to_str()) {
        (Some(_), _) => Err("came more than once"),
        (None, Err(_)) => Err("is not plain ASCII"),
        (None, Ok(text)) if text.len() > HEADER_MAX => Err("is longer than 256 bytes"),
        (None, Ok(text)) => parsed(text),
    };
    read.map(Some).map_err(|why| {
        let detail = format!(
            "The header `{CONTEXT_HEADER}` {why}. Write one header `{CONTEXT_HEADER}: NAME`, \
             narrowed where wanted by `; models=NAME,NAME` and `; tools=none`."
        );
        Refusal::new(RefusalCode::FieldInvalid, detail)
    })
}

/// The same of one value, or what is wrong with it, in words that go on after the header's name.
fn parsed(text: &str) -> Result<Wish, &'static str> {
    let mut parts = text.split(';').map(str::trim);
    let name = match parts.next().unwrap_or_default() {
        "" => return Err("names no context"),
        name => name.parse().map_err(|_| "does not begin with the name of a context")?,
    };
    let mut wish = Wish { name, models: None, no_tools: false };
    for part in parts {
        match part.split_once('=') {
            Some(("models", _)) if wish.models.is_some() => return Err("says `models` twice"),
            Some(("models", names)) => {
                let names = names.split(',').map(|name| name.trim().parse());
                let names = names.collect::<Result<Vec<ModelName>, _>>();
                wish.models = Some(names.map_err(|_| "lists in `models` what is no model's name")?);
            }
            Some(("tools", _)) if wish.no_tools => return Err("says `tools` twice"),
            Some(("tools", "none")) => wish.no_tools = true,
            Some(("tools", _)) => return Err("says of `tools` something else than `none`"),
            None if part.is_empty() => return Err("has nothing after a `;`"),
            Some(_) | None => return Err("says something beside the name, `models` and `tools`"),
        }
    }
    Ok(wish)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = http::HeaderValue::from_bytes(value.as_bytes()).expect("a value");
            headers.append(CONTEXT_HEADER, value);
        }
        headers
    }

    fn read(values: &[&str]) -> Result<Option<Wish>, RefusalCode> {
        wish(&headers(values)).map_err(|refusal| refusal.code)
    }

    /// What a refusal of these values says is wrong.
    fn wrong(values: &[&str]) -> String {
        let refusal = wish(&headers(values)).expect_err("not a wish");
        assert_eq!(refusal.code, RefusalCode::FieldInvalid);
        let said = refusal.detail.strip_prefix("The header `portreeve-context` ");
        let (why, how) = said.and_then(|said| said.split_once(". ")).expect("what is wrong");
        assert!(how.starts_with("Write one header `portreeve-context: NAME`"), "{how}");
        why.to_owned()
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
    fn anything_else_is_refused_with_what_is_wrong_and_not_guessed() {
        let long = "x".repeat(257);
        for (bad, why) in [
            ("", "names no context"),
            ("; tools=none", "names no context"),
            ("Support", "does not begin with the name of a context"),
            ("a,b", "does not begin with the name of a context"),
            ("support;", "has nothing after a `;`"),
            ("support;; tools=none", "has nothing after a `;`"),
            ("support; purpose=more", "says something beside the name, `models` and `tools`"),
            ("support; more", "says something beside the name, `models` and `tools`"),
            ("support; models=", "lists in `models` what is no model's name"),
            ("support; models=a,,b", "lists in `models` what is no model's name"),
            ("support; models=a; models=b", "says `models` twice"),
            ("support; tools=all", "says of `tools` something else than `none`"),
            ("support; tools=none; tools=none", "says `tools` twice"),
            ("supp\u{f6}rt", "is not plain ASCII"),
            (&long, "is longer than 256 bytes"),
        ] {
            assert_eq!(wrong(&[bad]), why, "{bad}");
        }
        assert_eq!(wrong(&["support", "support"]), "came more than once");
    }
}
