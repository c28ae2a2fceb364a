//! `tool_choice`: which of the declared tools the model is to use. Naming one that is not
//! declared declares it.

use model::ProviderToolKind;

use crate::read::fields::{Fields, Objection};
use crate::read::finds::Finds;
use crate::read::form::{
    Act, Form, Member, Shape, Unknown, Untagged, Variant, Variants, member, object, plain,
};
use crate::read::walk::{self, Path};

/// Reads the choice, once all tools of the request are known.
///
/// # Errors
/// It names a tool of no known kind, or is of the wrong form.
pub(super) fn read(fields: &Fields<'_>, finds: &mut Finds) -> Result<(), Objection> {
    const NAME: &str = "tool_choice";
    let Some(choice) = fields.optional(NAME) else { return Ok(()) };
    walk::value(choice, Shape::OneOf(&CHOICES), &Path::ROOT.inside(NAME), finds)
        .map_err(|objection| objection.within(NAME))
}

pub(in crate::read) static CHOICES: Variants = Variants {
    tag: "type",
    common: &[plain("type")],
    known: &[&[
        Variant::of("function", &CHOSEN),
        Variant::of("custom", &CHOSEN),
        Variant::of("namespace", &CHOSEN),
        Variant::of("allowed_tools", &ALLOWED),
        picks("mcp", ProviderToolKind::RemoteMcp),
        picks("web_search", ProviderToolKind::WebSearch).dated(),
        picks("web_search_preview", ProviderToolKind::WebSearch).dated(),
        picks("file_search", ProviderToolKind::FileSearch),
        picks("code_interpreter", ProviderToolKind::CodeExecution),
        picks("programmatic_tool_calling", ProviderToolKind::CodeExecution),
        picks("computer", ProviderToolKind::ComputerUse).dated(),
        picks("computer_use", ProviderToolKind::ComputerUse),
        picks("computer_use_preview", ProviderToolKind::ComputerUse).dated(),
        picks("image_generation", ProviderToolKind::Generation),
        picks("local_shell", ProviderToolKind::Shell),
        picks("shell", ProviderToolKind::Shell),
        picks("apply_patch", ProviderToolKind::TextEditor),
        picks("tool_search", ProviderToolKind::ToolSearch),
        picks("browser_search", ProviderToolKind::WebSearch),
        picks("x_search", ProviderToolKind::WebSearch),
        picks("code_execution", ProviderToolKind::CodeExecution),
    ]],
    untagged: Untagged::Missing,
    unknown: Unknown::Tool,
};

const fn picks(name: &'static str, kind: ProviderToolKind) -> Variant {
    Variant::of(name, &CHOSEN).doing(Act::Picks(kind))
}

static CHOSEN: Form = Form::of(&[&[
    plain("name"),
    plain("server_label"),
    object("function", &NAMED),
    object("custom", &NAMED),
]]);

static NAMED: Form = Form::of(&[&[plain("name")]]);

/// A choice among several: in `responses` at once, in a chat one level further in.
static ALLOWED: Form = Form::of(&[&AMONG, &[object("allowed_tools", &ALLOWED_INSIDE)]]);

static ALLOWED_INSIDE: Form = Form::of(&[&AMONG]);

static AMONG: [Member; 2] = [plain("mode"), member("tools", Shape::Tagged(&CHOICES))];
