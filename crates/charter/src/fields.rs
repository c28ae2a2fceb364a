//! Every field of every file, in one table: what is read, what is reported missing or unknown,
//! and what the reference page says all come from here, so they cannot differ.

use crate::file_kind::FileKind;
use crate::takes::{Filled, Takes, Value, Vocabulary};
use crate::yaml::Known;

/// One field of one kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The kind of file it stands in.
    pub file: FileKind,
    /// Its path from the root of the file: `.` before a field, `*` for a name of one's own, `[]`
    /// for each item of a list.
    pub field: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it must be there.
    pub required: bool,
    /// What holds where it is left out; empty for a required one.
    pub default: &'static str,
    /// What it is for.
    pub what: &'static str,
}

/// The fields directly below `parent` in a file of `kind`; the root is the empty path.
pub(crate) fn known(kind: FileKind, parent: &str) -> Vec<Known<'static>> {
    let known = |(name, row): (_, &Field)| Known { name, required: row.required, what: row.what };
    below(kind, parent).map(known).collect()
}

/// The rows directly below `parent`, each with the field's own name.
pub(crate) fn below(
    kind: FileKind,
    parent: &str,
) -> impl Iterator<Item = (&'static str, &'static Field)> {
    let name = move |field: &'static str| {
        let name = match parent {
            "" => field,
            _ => field.strip_prefix(parent)?.strip_prefix('.')?,
        };
        (!name.contains(['.', '[', '*'])).then_some(name)
    };
    let rows = FIELDS.iter().filter(move |row| row.file == kind);
    rows.filter_map(move |row| Some((name(row.field)?, row)))
}

const fn must(file: FileKind, field: &'static str, takes: Takes, what: &'static str) -> Field {
    Field { file, field, takes, required: true, default: "", what }
}

const fn may(
    file: FileKind,
    field: &'static str,
    takes: Takes,
    default: &'static str,
    what: &'static str,
) -> Field {
    Field { file, field, takes, required: false, default, what }
}

use FileKind::{Agent, Charter, Context, Model, People, PolicyTest, Provider, Quota, Secret};
use Filled::{Any, NotEmpty, UpTo};
use Takes::{List, Many, ManyOr, Mapping, Named, One, WordOrOne};
use Value::{
    AtMost, CostCentre, Date, Dollars, Email, Flag, Format, Instant, Lines, ModelName, Name,
    Number, PolicyId, Region, Server, SshKey, Text, TimeOfDay, TrustDomain, Unrecognised,
    UpstreamModel, Url, VendorWord, Word,
};
use Vocabulary::{
    Bindings, DataClasses, Each, Environments, Measures, Operations, PersonTags, Proofs,
    ProviderKinds, Statuses, Stores, Tools, Verdicts, Weekdays, Windows,
};

/// The largest number of 32 bits.
const U32: u64 = u32::MAX as u64;

/// The table.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    must(Charter, "portreeve", One(Format), "the format of this charter; this version reads format 1"),
    must(Charter, "name", One(Name("name")), "what this gateway is called; every administrative act is signed for it"),
    must(Charter, "trust_domain", One(TrustDomain), "the name its agents' identities are issued under, as in `acme.example`"),
    must(Charter, "accountable", One(Name("seat")), "the one seat that answers for the gateway, and for whatever names no owner"),
    must(Charter, "secondary", Mapping, "the three seats that judge changes beside the accountable one"),
    must(Charter, "secondary.policy", One(Name("seat")), "the seat that judges what agents may do"),
    must(Charter, "secondary.platform", One(Name("seat")), "the seat that judges routing, providers and secrets"),
    must(Charter, "secondary.response", One(Name("seat")), "the seat that contains and answers incidents"),
    must(Charter, "operator", One(Name("team")), "the team that runs the gateway, and every agent that names no operator"),
    may(Charter, "limits", Mapping, "the defaults below", "bounds on what one request may take"),
    may(Charter, "limits.body_bytes_max", One(Number(1_024, 67_108_864)), "10485760", "largest request body, in bytes"),

    must(People, "persons", Named, "the natural persons, each under a name of the charter's own"),
    must(People, "persons.*.name", One(Text), "what people call this person"),
    must(People, "persons.*.email", One(Email), "how to reach them; no two persons share one"),
    must(People, "persons.*.keys", Many(SshKey, Any), "the keys that sign for this person (`ssh-ed25519` or `sk-ssh-ed25519@openssh.com`), as in their `.pub` files; an empty list for somebody who signs nothing"),
    may(People, "persons.*.tags", Many(Word(PersonTags), Any), "`[]`", "what a person's work bars them from: a `model-developer` holds none of the four seats of charter.yaml"),
    must(People, "teams", Named, "groups of persons, each under its name"),
    must(People, "teams.*.members", Many(Name("person"), NotEmpty), "who belongs to the team; at least one"),
    must(People, "seats", Named, "roles, each under its name and held by exactly one person"),
    must(People, "seats.*.holder", One(Name("person")), "who holds the seat"),
    may(People, "seats.*.escalation", Many(Name("seat"), Any), "`[]`", "whom to ask when the holder does not answer, in order"),
    may(People, "seats.*.cost_center", One(CostCentre), "none", "who pays for what the seat answers for, as the books call it: at most 64 of letters, digits and `-_./:`. An agent's calls are charged to its owner's, or else to the accountable seat's"),

    must(Agent, "name", One(Name("name")), "the agent's name: that of the file without `.yaml`"),
    must(Agent, "purpose", One(Lines), "what the agent is for"),
    may(Agent, "owner", One(Name("seat")), "the accountable seat of charter.yaml", "the one seat that answers for the agent"),
    may(Agent, "operator", One(Name("team")), "the operator of charter.yaml", "the team that runs it day to day"),
    must(Agent, "environment", One(Word(Environments)), "where it runs; no `prod` agent is served while one person holds every seat"),
    must(Agent, "status", One(Word(Statuses)), "whether it is served"),
    may(Agent, "epoch", One(Number(1, U32)), "1", "raise it to void every token that was issued to the agent before"),
    may(Agent, "autonomy", One(Number(0, 4)), "0", "how far it acts alone: at 0 a person does each step, at 4 nobody watches"),
    may(Agent, "data_class", One(Word(DataClasses)), "`public`", "the most sensitive data it may handle"),
    must(Agent, "review_by", One(Date), "the last day, in UTC, on which this declaration stands unreviewed, as in `2026-12-31`"),
    may(Agent, "context_required", One(Flag), "`false`", "every call of it must be made in an approved context"),
    must(Agent, "bindings", List(NotEmpty), "how the agent proves who it is; at least one way"),
    must(Agent, "bindings[].kind", One(Word(Bindings)), "`embedded`: by a token of this gateway's own issuer"),

    must(Provider, "name", One(Name("name")), "the provider's name: that of the file without `.yaml`"),
    must(Provider, "kind", One(Word(ProviderKinds)), "the wire form it speaks; `demo` is built in and needs no network"),
    may(Provider, "base_url", One(Url), "the vendor's own; none for `demo`", "where it is: `https`, or `http` to this machine alone; no user, query or fragment"),
    may(Provider, "secret", One(Name("secret")), "none", "the secret that is lent for each call; needed wherever `base_url` is the vendor's"),
    may(Provider, "owner", One(Name("seat")), "the accountable seat of charter.yaml", "the one seat that answers for the provider"),
    may(Provider, "timeouts", Mapping, "the defaults below", "how long to wait for it"),
    may(Provider, "timeouts.connect_ms", One(Number(100, 60_000)), "5000", "longest time to connect, in milliseconds"),
    may(Provider, "timeouts.first_byte_ms", One(Number(1_000, 600_000)), "60000", "longest time to the head of the answer, in milliseconds"),
    may(Provider, "timeouts.idle_ms", One(Number(1_000, 600_000)), "60000", "longest silence within an answer, in milliseconds"),
    may(Provider, "timeouts.total_ms", One(Number(1_000, 3_600_000)), "600000", "longest time for a whole call, in milliseconds; not less than any of the others"),

    must(Model, "name", One(ModelName), "the model as agents name it; the file may be called anything"),
    must(Model, "purpose", One(Lines), "what the model is for"),
    may(Model, "owner", One(Name("seat")), "the accountable seat of charter.yaml", "the one seat that answers for the model"),
    may(Model, "context_required", One(Flag), "`false`", "every call of it must be made in an approved context"),
    may(Model, "media_tokens_max", One(Number(1, 10_000_000)), "none", "the most tokens that one image, sound or document in a request counts as; where it is not stated, a budget of tokens or money refuses calls that hold any"),
    may(Model, "output_tokens_max", One(Number(1, 10_000_000)), "4096", "where a budget counts tokens or money: the cap on output tokens that a call gets which sets none itself"),
    may(Model, "retries", Mapping, "the defaults below", "how often one call is tried, over all targets together"),
    may(Model, "retries.attempts_max", One(Number(1, 10)), "one for each target", "most tries of one call over all targets, the first included"),
    may(Model, "retries.within_ms", One(Number(100, 600_000)), "30000", "no try begins later than this after the first, in milliseconds"),
    must(Model, "targets", List(UpTo(16)), "where it is served, the preferred place first; 1 to 16 places"),
    must(Model, "targets[].provider", One(Name("provider")), "the provider"),
    must(Model, "targets[].upstream_model", One(UpstreamModel), "the provider's own name of the model; for `gemini`, letters, digits and `._-` alone"),
    may(Model, "targets[].weight", One(Number(1, 1_000)), "none", "targets that stand next to each other and carry a weight share the calls by it; any other is a fallback for those before it"),
    may(Model, "targets[].when", Mapping, "any call", "which calls it serves"),
    may(Model, "targets[].when.environments", Many(Word(Environments), Any), "`[]`", "where the agent runs; an empty list is anywhere"),
    may(Model, "targets[].when.data_classes", Many(Word(DataClasses), Any), "`[]`", "the agent's own `data_class`; an empty list is any"),
    may(Model, "targets[].when.contexts", Many(Name("context"), Any), "`[]`", "the approved context the call is made in; an empty list is any, or none"),
    may(Model, "targets[].timeouts", Mapping, "the provider's", "how long to wait for this target; takes the fields of a provider's `timeouts`"),
    may(Model, "targets[].timeouts.connect_ms", One(Number(100, 60_000)), "the provider's", "longest time to connect, in milliseconds"),
    may(Model, "targets[].timeouts.first_byte_ms", One(Number(1_000, 600_000)), "the provider's", "longest time to the head of the answer, in milliseconds"),
    may(Model, "targets[].timeouts.idle_ms", One(Number(1_000, 600_000)), "the provider's", "longest silence within an answer, in milliseconds"),
    may(Model, "targets[].timeouts.total_ms", One(Number(1_000, 3_600_000)), "the provider's", "longest time for a whole call, in milliseconds; not less than any of the others"),
    may(Model, "targets[].concurrency_max", One(Number(1, 100_000)), "none", "most calls it carries at once; beyond that, the next target is tried"),
    may(Model, "targets[].claims", Mapping, "none", "what somebody answers for about it; at least one claim. What is not claimed is unknown, and unknown satisfies no policy that asks"),
    may(Model, "targets[].claims.region", One(Region), "unknown", "where requests are processed, in at most 32 characters, as in `eu`"),
    may(Model, "targets[].claims.retention_days", One(Number(0, 36_500)), "unknown", "for how many days the provider keeps what it was sent; 0 is not at all"),
    may(Model, "targets[].claims.trains", One(Flag), "unknown", "whether the provider trains on what it was sent"),
    must(Model, "targets[].claims.stated", One(Date), "the day on which the claims were last confirmed; after a year they are a finding"),
    may(Model, "targets[].claims.owner", One(Name("seat")), "the model's owner", "the one seat that answers for the claims"),
    may(Model, "targets[].price", Mapping, "nothing for `demo`; known prices of OpenAI, Anthropic and Google at their own addresses; else none", "what it costs; under a budget of money, a target without a price takes no call"),
    must(Model, "targets[].price.input", One(Dollars), "a million tokens read, with at most 9 decimals, as in `2.50`"),
    must(Model, "targets[].price.output", One(Dollars), "a million tokens written"),
    must(Model, "targets[].price.since", One(Date), "the day since which it holds"),
    may(Model, "targets[].end_of_life", One(Date), "none", "the first day, in UTC, on which the provider no longer serves it; its owner is warned 60 days ahead"),
    may(Model, "targets[].successor", One(ModelName), "none", "the declared model that is to take its place; switching to it is a change"),

    must(Secret, "name", One(Name("name")), "the secret's name: that of the file without `.yaml`"),
    must(Secret, "purpose", One(Lines), "what the secret opens; never the secret itself"),
    may(Secret, "owner", One(Name("seat")), "the accountable seat of charter.yaml", "the one seat that answers for the secret"),
    must(Secret, "max_age_days", One(Number(1, 3_650)), "oldest a sealed value may grow, in days; an older one is not lent"),
    must(Secret, "active", One(Number(1, U32)), "which sealed version is lent; `portreeve secret put` names the next"),

    must(Context, "name", One(Name("name")), "the context's name, as callers select it: that of the file without `.yaml`"),
    must(Context, "purpose", One(Lines), "what calls in it are for"),
    may(Context, "owner", One(Name("seat")), "the accountable seat of charter.yaml", "the one seat that answers for the context"),
    must(Context, "approver", One(Name("seat")), "the seat on whose approval it stands; better not the owner of one of its agents"),
    must(Context, "data_class", One(Word(DataClasses)), "the most sensitive data it is for; not above that of any of its agents"),
    must(Context, "models", Many(ModelName, NotEmpty), "the models it covers; at least one"),
    may(Context, "tools", Many(Word(Tools), Any), "`[]`", "the tools of providers it covers; policies must allow them too"),
    may(Context, "environments", Many(Word(Environments), Any), "`[]`", "where its agents run; an empty list is anywhere"),
    may(Context, "from", One(Date), "ever since", "its first day, in UTC"),
    may(Context, "until", One(Date), "without end", "its last day, in UTC; its owner is warned 14 days ahead"),
    may(Context, "hours", Mapping, "always", "the hours of the week in which it is open, in UTC"),
    must(Context, "hours.days", Many(Word(Weekdays), NotEmpty), "on which days; at least one"),
    must(Context, "hours.from", One(TimeOfDay), "the first minute, as in `08:00`"),
    must(Context, "hours.until", One(TimeOfDay), "the minute it closes, later on the same day; `24:00` is the day's end"),
    must(Context, "agents", Many(Name("agent"), NotEmpty), "who may call in it; at least one"),

    must(Quota, "name", One(Name("name")), "the quota's name: that of the file without `.yaml`"),
    must(Quota, "purpose", One(Lines), "what the budget is for"),
    may(Quota, "owner", One(Name("seat")), "the accountable seat of charter.yaml", "the one seat that answers for it; a refusal names it as who can raise it"),
    must(Quota, "for", WordOrOne("gateway"), "whose calls it counts"),
    may(Quota, "for.agent", One(Name("agent")), "none", "this agent's calls"),
    may(Quota, "for.team", One(Name("team")), "none", "the calls of every agent that this team runs"),
    may(Quota, "for.context", One(Name("context")), "none", "the calls made in this context"),
    may(Quota, "each", One(Word(Each)), "all together", "each agent has the limits for itself"),
    must(Quota, "limits", List(NotEmpty), "how much; at least one, and no two that count the same per the same window. At most 16 limits apply to one call, over all quotas"),
    must(Quota, "limits[].what", One(Word(Measures)), "what is counted: calls, tokens read and written, or US dollars"),
    must(Quota, "limits[].per", One(Word(Windows)), "the window, a whole one of the calendar in UTC"),
    must(Quota, "limits[].at_most", One(AtMost(1_000_000_000_000_000)), "how much at most; dollars have at most 9 decimals, as in `12.50`"),

    must(PolicyTest, "tests", List(NotEmpty), "what the policies must answer; at least one"),
    must(PolicyTest, "tests[].name", One(Text), "what the test shows; no two tests share one"),
    must(PolicyTest, "tests[].agent", One(Name("agent")), "who asks"),
    must(PolicyTest, "tests[].ask", Mapping, "what is asked"),
    must(PolicyTest, "tests[].ask.model", One(ModelName), "the model; one that no file declares only where `unknown` is expected"),
    may(PolicyTest, "tests[].ask.provider", One(Name("provider")), "each of the model's targets", "only the target at this provider"),
    may(PolicyTest, "tests[].ask.operation", One(Word(Operations)), "`chat_completions`", "what is done with the model"),
    may(PolicyTest, "tests[].ask.tools", ManyOr(Word(Tools)), "`[]`", "tools that the provider would run: each the word for its kind, as in `[web_search]`, or a mapping"),
    must(PolicyTest, "tests[].ask.tools[].kind", One(Word(Tools)), "what the tool does"),
    may(PolicyTest, "tests[].ask.tools[].server", One(Server), "none", "for `remote_mcp`: the server, by its host alone in lower case, or by the vendor's id of it"),
    may(PolicyTest, "tests[].ask.tools[].declared", One(VendorWord), "its kind", "the vendor's own word for the tool, as in `web_search_20250305`"),
    may(PolicyTest, "tests[].ask.stores", One(Word(Stores)), "not stored", "the provider would keep the conversation: because the request says so, or because it says nothing"),
    may(PolicyTest, "tests[].ask.names", One(Number(0, 64)), "0", "how many objects kept at the provider it names, all of the agent's own making"),
    may(PolicyTest, "tests[].ask.unrecognised", Many(Unrecognised, Any), "`[]`", "what it holds that this gateway does not know"),
    may(PolicyTest, "tests[].ask.urls", One(Number(0, U32)), "0", "how many URLs in the content the provider would fetch"),
    may(PolicyTest, "tests[].at", One(Instant), "2026-01-01T00:00:00Z", "the time of the question"),
    may(PolicyTest, "tests[].proof", One(Word(Proofs)), "`embedded_token`", "how the caller proves who it is"),
    may(PolicyTest, "tests[].token_age_s", One(Number(0, U32)), "0", "age of the caller's credential, in seconds"),
    may(PolicyTest, "tests[].stream", One(Flag), "`false`", "whether the answer is to be streamed"),
    may(PolicyTest, "tests[].context", One(Name("context")), "the agent's only one, if it has one", "the approved context the call selects"),
    may(PolicyTest, "tests[].recent", Mapping, "nothing", "what the agent did in the last 10 minutes"),
    may(PolicyTest, "tests[].recent.requests", One(Number(0, U32)), "0", "how many calls it made"),
    may(PolicyTest, "tests[].recent.refusals", One(Number(0, U32)), "0", "how many of them were refused"),
    may(PolicyTest, "tests[].recent.targets", One(Number(0, U32)), "0", "how many different targets they went to"),
    must(PolicyTest, "tests[].expect", Mapping, "the answer"),
    must(PolicyTest, "tests[].expect.verdict", One(Word(Verdicts)), "the verdict; `unknown` is the 404 of something that could never be permitted"),
    may(PolicyTest, "tests[].expect.policies", Many(PolicyId, Any), "`[]`", "policies that must be among those that decide, as in `[model/demo]`"),
];
