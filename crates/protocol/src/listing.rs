//! The list of models a caller may use, in each dialect.

use std::borrow::Cow;

use model::{Dialect, ModelName, Refusal, RefusalCode};
use serde::Serialize;

use crate::query;

/// Models on one page of the Anthropic dialect where the client does not say.
pub const MODELS_PER_PAGE: usize = 20;
/// Models on one page of the Gemini dialect where the client does not say.
pub const GEMINI_MODELS_PER_PAGE: usize = 50;
/// Most models on one page of either.
pub const MODELS_PER_PAGE_MAX: usize = 1000;

/// The instant every model is said to be made: this gateway does not know, and says nothing else.
const CREATED: &str = "1970-01-01T00:00:00Z";
const OWNED_BY: &str = "portreeve";

/// The body of a list of `models`, in the order of their names.
///
/// The OpenAI dialect has no pages: `query` is not read. The Anthropic dialect honours `limit`,
/// `after_id` and `before_id`, the Gemini dialect `pageSize` and `pageToken`; what else `query`
/// says is ignored. A cursor or token is a place in the order of names: it need not name a model
/// that (still) is there. Gemini's size 0 is as good as none, and one above the most is the most,
/// as its vendor documents.
///
/// # Errors
/// `FieldInvalid`: the query string cannot be decoded, or gives one of those fields twice or
/// wrongly.
pub fn model_list(dialect: Dialect, models: &[ModelName], query: &str) -> Result<Vec<u8>, Refusal> {
    let mut names: Vec<&str> = models.iter().map(ModelName::as_str).collect();
    names.sort_unstable();
    names.dedup();
    Ok(match dialect {
        Dialect::OpenAi => open_ai(&names),
        Dialect::Anthropic => anthropic(&names, &Page::of_anthropic(query)?),
        Dialect::Gemini => gemini(&names, &Page::of_gemini(query)?),
    })
}

/// Which part of the list is wanted.
#[derive(Debug)]
struct Page {
    limit: usize,
    after: Option<String>,
    before: Option<String>,
}

#[derive(Serialize)]
struct OpenAiList<'m> {
    object: &'static str,
    data: Vec<OpenAiModel<'m>>,
}

#[derive(Serialize)]
struct OpenAiModel<'m> {
    id: &'m str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

#[derive(Serialize)]
struct AnthropicList<'m> {
    data: Vec<AnthropicModel<'m>>,
    has_more: bool,
    first_id: Option<&'m str>,
    last_id: Option<&'m str>,
}

#[derive(Serialize)]
struct AnthropicModel<'m> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'m str,
    display_name: &'m str,
    created_at: &'static str,
}

/// What a query string says, each field at most once.
struct Query<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Query<'q> {
    fn of(query: &'q str) -> Result<Self, Refusal> {
        query::pairs(query).map(Self).ok_or_else(|| wrong("The query string is malformed."))
    }

    fn once(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(wrong(&format!("`{name}` is given twice."))),
        }
    }

    fn cursor(&self, name: &str) -> Result<Option<String>, Refusal> {
        Ok(self.once(name)?.map(str::to_owned))
    }
}

fn wrong(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::FieldInvalid, detail)
}

#[derive(Serialize)]
struct GeminiList<'m> {
    models: Vec<GeminiModel<'m>>,
    #[serde(rename = "nextPageToken", skip_serializing_if = "Option::is_none")]
    next_page_token: Option<&'m str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeminiModel<'m> {
    name: String,
    base_model_id: &'m str,
    version: &'static str,
    display_name: &'m str,
    description: &'static str,
    supported_generation_methods: &'static [&'static str],
}

/// What the gateway serves of Gemini's methods.
const GEMINI_METHODS: &[&str] = &["generateContent", "countTokens"];

impl Page {
    fn of_anthropic(query: &str) -> Result<Self, Refusal> {
        let query = Query::of(query)?;
        let limit = match query.once("limit")? {
            None => MODELS_PER_PAGE,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MODELS_PER_PAGE_MAX).contains(limit))
                .ok_or_else(|| wrong("`limit` must be a whole number from 1 to 1000."))?,
        };
        Ok(Self { limit, after: query.cursor("after_id")?, before: query.cursor("before_id")? })
    }

    fn of_gemini(query: &str) -> Result<Self, Refusal> {
        let query = Query::of(query)?;
        // An `i32` is what the vendor's field holds.
        let size = query.once("pageSize")?.map(|text| {
            let size = text.parse::<i32>().ok().and_then(|size| usize::try_from(size).ok());
            size.ok_or_else(|| wrong("`pageSize` must be a whole number, not negative."))
        });
        let limit = match size.transpose()? {
            None | Some(0) => GEMINI_MODELS_PER_PAGE,
            Some(size) => size.min(MODELS_PER_PAGE_MAX),
        };
        let token = query.cursor("pageToken")?.filter(|token| !token.is_empty());
        Ok(Self { limit, after: token, before: None })
    }

    /// The names on the page, and whether more lie in the direction of travel.
    fn cut<'n, 'm>(&self, names: &'n [&'m str]) -> (&'n [&'m str], bool) {
        let from = self.after.as_deref().map_or(0, |id| names.partition_point(|name| *name <= id));
        let to = self
            .before
            .as_deref()
            .map_or(names.len(), |id| names.partition_point(|name| *name < id));
        let window = names.get(from..to).unwrap_or_default();
        let surplus = window.len().saturating_sub(self.limit);
        // Backwards, the page is what stands right before the cursor.
        let page = match (&self.after, &self.before) {
            (None, Some(_)) => window.get(surplus..),
            _ => window.get(..window.len().saturating_sub(surplus)),
        };
        (page.unwrap_or_default(), surplus > 0)
    }
}

fn open_ai(names: &[&str]) -> Vec<u8> {
    let model = |id| OpenAiModel { id, object: "model", created: 0, owned_by: OWNED_BY };
    let data = names.iter().copied().map(model).collect();
    json(&OpenAiList { object: "list", data })
}

fn anthropic(names: &[&str], page: &Page) -> Vec<u8> {
    let (names, has_more) = page.cut(names);
    let model = |id| AnthropicModel { kind: "model", id, display_name: id, created_at: CREATED };
    json(&AnthropicList {
        data: names.iter().copied().map(model).collect(),
        has_more,
        first_id: names.first().copied(),
        last_id: names.last().copied(),
    })
}

fn gemini(names: &[&str], page: &Page) -> Vec<u8> {
    let (names, has_more) = page.cut(names);
    let model = |id| GeminiModel {
        name: format!("models/{id}"),
        base_model_id: id,
        version: "",
        display_name: id,
        description: "",
        supported_generation_methods: GEMINI_METHODS,
    };
    json(&GeminiList {
        models: names.iter().copied().map(model).collect(),
        next_page_token: names.last().copied().filter(|_| has_more),
    })
}

fn json(list: &impl Serialize) -> Vec<u8> {
    // Strings and a fixed shape always serialise.
    serde_json::to_vec(list).unwrap_or_default()
}
