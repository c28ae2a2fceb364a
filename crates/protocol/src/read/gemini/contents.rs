//! What people, models and tools say, and the files they point to.

use super::form;
use crate::read::form::{Act, Form, Member, media, object, opaque, plain};
use crate::read::spelling::Spelling;
use crate::read::uri;
use model::{StoredKind, UnrecognisedPlace};

/// One turn, or the system's instruction.
pub(super) static CONTENT: Form = form(&[&[plain("role"), object("parts", &PART)]]);

/// A part says what it is by the member it has.
static PART: Form = part(&[SAID, &[object("functionResponse", &FUNCTION_RESPONSE)], CALLED]);

/// A part of what a function gave back.
static RESPONSE_PART: Form = part(&[MEDIA]);

const fn part(members: &'static [&'static [Member]]) -> Form {
    Form {
        members,
        required: None,
        spelling: Spelling::CamelOrSnake,
        unknown: UnrecognisedPlace::Part,
    }
}

const SAID: &[Member] = &[
    plain("text"),
    plain("thought"),
    plain("thoughtSignature"),
    object("inlineData", &INLINE_DATA),
    object("fileData", &FILE_DATA),
    object("videoMetadata", &VIDEO_METADATA),
    object("mediaResolution", &MEDIA_RESOLUTION),
    opaque("partMetadata"),
];

const MEDIA: &[Member] = &[
    object("inlineData", &INLINE_DATA),
    object("fileData", &FILE_DATA),
    object("videoMetadata", &VIDEO_METADATA),
    object("mediaResolution", &MEDIA_RESOLUTION),
];

/// Calls as the model wrote them, and what the provider's own tools gave back.
const CALLED: &[Member] = &[
    object("functionCall", &CALL),
    object("toolCall", &CALL),
    object("toolResponse", &TOOL_RESPONSE),
    object("executableCode", &CODE),
    object("codeExecutionResult", &CODE_RESULT),
];

static INLINE_DATA: Form = form(&[&[plain("mimeType"), media("data"), plain("displayName")]]);

static FILE_DATA: Form = form(&[&[
    plain("fileUri").doing(Act::NamesOrUrl(StoredKind::File, uri::of_file)),
    plain("mimeType"),
    plain("displayName"),
]]);

static VIDEO_METADATA: Form = form(&[&[plain("startOffset"), plain("endOffset"), plain("fps")]]);

static MEDIA_RESOLUTION: Form = form(&[&[plain("level"), plain("numTokens")]]);

static CALL: Form = form(&[&[
    plain("id"),
    plain("name"),
    plain("toolType"),
    // What the model wrote: the agent's own data.
    opaque("args"),
    opaque("partialArgs"),
    plain("willContinue"),
]]);

static TOOL_RESPONSE: Form = form(&[&[plain("id"), plain("toolType"), opaque("response")]]);

static FUNCTION_RESPONSE: Form = form(&[&[
    plain("id"),
    plain("name"),
    // What the agent's own function gave back.
    opaque("response"),
    object("parts", &RESPONSE_PART),
    plain("willContinue"),
    plain("scheduling"),
]]);

static CODE: Form = form(&[&[plain("id"), plain("language"), plain("code")]]);

static CODE_RESULT: Form = form(&[&[plain("id"), plain("outcome"), plain("output")]]);
