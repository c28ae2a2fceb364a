//! How to answer: settings that bound and shape the model's answer, and nothing beyond it.

use super::{fields_of, form};
use crate::json::Kind;
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

/// The cap on everything the model may write: per candidate, times the candidates asked for.
///
/// # Errors
/// One of them is not a whole number, or the settings are no object.
pub(super) fn output_tokens_max(fields: &Fields<'_>) -> Result<Option<u64>, Objection> {
    const NAME: &str = "generationConfig";
    let Some(config) = fields.optional(NAME) else { return Ok(None) };
    let config = of_kind(config, Kind::Object)
        .ok_or_else(|| Objection::invalid(NAME, "must be an object"))?;
    let cap = || {
        let config = fields_of(config, &GENERATION_CONFIG)?;
        let cap = config.whole_number("maxOutputTokens")?;
        // Zero is what protocol buffers have where nothing is said.
        let candidates = config.whole_number("candidateCount")?.unwrap_or(1).max(1);
        Ok(cap.filter(|cap| *cap > 0).map(|cap| cap.saturating_mul(candidates)))
    };
    cap().map_err(|objection: Objection| objection.within(NAME))
}
