//! The parts of messages' content: texts, images, sounds, files.

use model::StoredKind;

use crate::read::form::{
    Act, Form, Member, Shape, Unknown, Untagged, Variant, Variants, media, member, names, object,
    opaque, plain, words,
};
use crate::read::uri;

/// Members that a part of any type may have.
const COMMON: &[Member] = &[
    plain("type"),
    object("prompt_cache_breakpoint", &CACHE_MARK),
    object("cache_control", &CACHE_MARK),
];

/// A URL that the provider fetches, unless it names what the provider keeps.
pub(super) const URL: Act = Act::NamesOrUrl(StoredKind::File, uri::of_web_or_google);

/// Where a prompt's reusable beginning ends.
pub(super) static CACHE_MARK: Form = Form::of(&[&[plain("mode"), plain("type"), CACHE_TTL]]);

/// How long that beginning is to be kept: the vendors' words for an hour at most, in memory. Any
/// other is unrecognised, for how long a provider keeps anything is what a target may be held to.
pub(super) const CACHE_TTL: Member = words("ttl", &["5m", "30m", "1h"]);

/// The parts of a chat's messages. Those with a URL besides `image_url` are of other servers.
pub(super) static CHAT_PARTS: Variants = Variants {
    tag: "type",
    common: COMMON,
    known: &[&[
        Variant::of("text", &TEXT),
        Variant::of("refusal", &TEXT),
        Variant::of("image_url", &IMAGE),
        Variant::of("video_url", &VIDEO),
        Variant::of("audio_url", &SOUND),
        Variant::of("document_url", &DOCUMENT),
        Variant::of("input_audio", &AUDIO),
        Variant::of("file", &CHAT_FILE),
        Variant::of("thinking", &THINKING),
    ]],
    untagged: Untagged::Part,
    unknown: Unknown::Part,
};

/// The parts of messages and of tools' results in a request to `responses`.
pub(super) static INPUT_PARTS: Variants = Variants {
    tag: "type",
    common: COMMON,
    known: &[&[
        Variant::of("input_text", &TEXT),
        Variant::of("output_text", &TEXT),
        Variant::of("text", &TEXT),
        Variant::of("summary_text", &TEXT),
        Variant::of("reasoning_text", &TEXT),
        Variant::of("refusal", &TEXT),
        Variant::of("input_image", &IMAGE),
        Variant::of("computer_screenshot", &IMAGE),
        Variant::of("input_audio", &AUDIO),
        Variant::of("input_file", &INPUT_FILE),
    ]],
    untagged: Untagged::Part,
    unknown: Unknown::Part,
};

/// What a model wrote, or is told. Citations and probabilities are what it wrote about that.
static TEXT: Form =
    Form::of(&[&[plain("text"), plain("refusal"), opaque("annotations"), opaque("logprobs")]]);

static IMAGE: Form = Form::of(&[&[
    object("image_url", &LINK).doing(URL),
    names("file_id", StoredKind::File),
    plain("detail"),
]]);

static VIDEO: Form = Form::of(&[&[object("video_url", &LINK).doing(URL)]]);

static SOUND: Form = Form::of(&[&[object("audio_url", &LINK).doing(URL)]]);

static DOCUMENT: Form = Form::of(&[&[plain("document_url").doing(URL), plain("document_name")]]);

static LINK: Form = Form::of(&[&[plain("url").doing(URL), plain("detail"), plain("format")]]);

static AUDIO: Form = Form::of(&[&[object("input_audio", &AUDIO_DATA)]]);

static AUDIO_DATA: Form = Form::of(&[&[media("data"), plain("format")]]);

static CHAT_FILE: Form = Form::of(&[&[object("file", &FILE)]]);

static FILE: Form = Form::of(&[&[
    names("file_id", StoredKind::File),
    media("file_data"),
    plain("filename"),
    plain("format"),
]]);

static INPUT_FILE: Form = Form::of(&[&[
    names("file_id", StoredKind::File),
    plain("file_url").doing(URL),
    media("file_data"),
    plain("filename"),
    plain("detail"),
]]);

static THINKING: Form = Form::of(&[&[
    member("thinking", Shape::Content(&CHAT_PARTS)),
    plain("signature"),
    plain("closed"),
]]);
