//! How to answer: settings that bound and shape the model's answer, and nothing beyond it.

use super::{fields_of, form};
use crate::json::{Kind, Value};
use crate::read::bound::{CAP_OF_ZERO, NOT_TEXT, Output, is_more_than_text};
use crate::read::cap::{CapPlace, Insertion};
use crate::read::fields::{Fields, Objection, of_kind};
use crate::read::form::{Form, object, opaque, plain};

pub(super) static GENERATION_CONFIG: Form = form(&[&[
    plain("audioTimestamp"),
    plain("candidateCount"),
    plain("enableEnhancedCivicAnswers"),
    plain("frequencyPenalty"),
    object("imageConfig", &IMAGE_CONFIG),
    plain("logprobs"),
    plain("maxOutputTokens"),
    plain("mediaResolution"),
    plain("presencePenalty"),
    opaque("responseJsonSchema"),
    // An older name of the same.
    opaque("_responseJsonSchema"),
    plain("responseLogprobs"),
    plain("responseMimeType"),
    plain("responseModalities"),
    opaque("responseSchema"),
    plain("seed"),
    object("speechConfig", &SPEECH_CONFIG),
    plain("stopSequences"),
    plain("temperature"),
    object("thinkingConfig", &THINKING_CONFIG),
    plain("topK"),
    plain("topP"),
]]);

pub(super) static SAFETY_SETTING: Form =
    form(&[&[plain("category"), plain("threshold"), plain("method")]]);

static IMAGE_CONFIG: Form = form(&[&[
    plain("aspectRatio"),
    plain("imageSize"),
    plain("outputCompressionQuality"),
    plain("outputMimeType"),
    plain("personGeneration"),
    plain("prominentPeople"),
]]);

static SPEECH_CONFIG: Form = form(&[&[
    plain("languageCode"),
    object("voiceConfig", &VOICE_CONFIG),
    object("multiSpeakerVoiceConfig", &MULTI_SPEAKER),
]]);

static VOICE_CONFIG: Form = form(&[&[object("prebuiltVoiceConfig", &PREBUILT_VOICE)]]);

static PREBUILT_VOICE: Form = form(&[&[plain("voiceName")]]);

static MULTI_SPEAKER: Form = form(&[&[object("speakerVoiceConfigs", &SPEAKER)]]);

static SPEAKER: Form = form(&[&[plain("speaker"), object("voiceConfig", &VOICE_CONFIG)]]);

static THINKING_CONFIG: Form =
    form(&[&[plain("includeThoughts"), plain("thinkingBudget"), plain("thinkingLevel")]]);

/// What bounds everything the model may write, and where a cap may go.
///
/// # Errors
/// A number is not a whole one, or the settings are no object.
pub(super) fn output(
    root: Value<'_>,
    fields: &Fields<'_>,
) -> Result<(Output, CapPlace), Objection> {
    const NAME: &str = "generationConfig";
    const BEFORE: &str = r#""maxOutputTokens":"#;
    let Some(config) = fields.as_written(NAME) else {
        let before = r#""generationConfig":{"maxOutputTokens":"#;
        let place = Insertion::inside(root, before, "},");
        return Ok((Output::one(None), CapPlace::Here(place)));
    };
    if config.is_null() {
        let place = Insertion {
            before: r#"{"maxOutputTokens":"#,
            after: "}",
            ..Insertion::in_place_of(config)
        };
        return Ok((Output::one(None), CapPlace::Here(place)));
    }
    let config = of_kind(config, Kind::Object)
        .ok_or_else(|| Objection::invalid(NAME, "must be an object"))?;
    let is_empty = config.members().next().is_none();
    let settings = fields_of(config, &GENERATION_CONFIG)?;
    let output = bound(&settings).map_err(|objection| objection.within(NAME))?;
    let place = match settings.as_written("maxOutputTokens") {
        Some(value) if value.is_null() => CapPlace::Here(Insertion::in_place_of(value)),
        Some(_) => CapPlace::Nowhere,
        None => CapPlace::Here(Insertion::inside(config, BEFORE, if is_empty { "" } else { "," })),
    };
    Ok((output, place))
}

fn bound(settings: &Fields<'_>) -> Result<Output, Objection> {
    let cap = settings.whole_number("maxOutputTokens")?;
    // Zero is what protocol buffers have where nothing is said.
    let candidates = settings.whole_number("candidateCount")?.unwrap_or(1).max(1);
    let is_more = settings.optional("responseModalities").is_some_and(is_more_than_text);
    let output = Output::several(candidates, cap.filter(|cap| *cap > 0));
    Ok(output.unbounded_if(cap == Some(0), CAP_OF_ZERO).unbounded_if(is_more, NOT_TEXT))
}
