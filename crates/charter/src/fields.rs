//! Every field of every file, in one table: what is read, what is reported missing or unknown,
//! and what the reference page says all come from here, so they cannot differ.

use crate::yaml::Known;

/// The kinds of YAML file a charter has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `charter.yaml`.
    Charter,
    /// `people.yaml`.
    People,
    /// `agents/NAME.yaml`.
    Agent,
    /// `providers/NAME.yaml`.
    Provider,
    /// `models/FILE.yaml`.
    Model,
    /// `secrets/NAME.yaml`.
    Secret,
    /// `contexts/NAME.yaml`.
    Context,
    /// `quotas/NAME.yaml`.
    Quota,
    /// `tests/FILE.yaml`.
    PolicyTest,
}

/// One field of one kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The kind of file it stands in.
    pub file: FileKind,
    /// Its path from the root of the file: `.` before a field, `*` for a name of one's own, `[]`
    /// for each item of a list.
    pub field: &'static str,
    /// The values it takes.
    pub kind: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What holds where it is left out; empty for a required one.
    pub default: &'static str,
    /// What it is for.
    pub what: &'static str,
}

impl FileKind {
    /// All of them, in the order of the reference page.
    pub const ALL: [Self; 9] = [
        Self::Charter,
        Self::People,
        Self::Agent,
        Self::Provider,
        Self::Model,
        Self::Secret,
        Self::Context,
        Self::Quota,
        Self::PolicyTest,
    ];

    /// The folder such files lie in; none for a file at the root.
    #[must_use]
    pub const fn folder(self) -> Option<&'static str> {
        match self {
            Self::Charter | Self::People => None,
            Self::Agent => Some("agents"),
            Self::Provider => Some("providers"),
            Self::Model => Some("models"),
            Self::Secret => Some("secrets"),
            Self::Context => Some("contexts"),
            Self::Quota => Some("quotas"),
            Self::PolicyTest => Some("tests"),
        }
    }

    /// Where such a file lies.
    #[must_use]
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Charter => "charter.yaml",
            Self::People => "people.yaml",
            Self::Agent => "agents/NAME.yaml",
            Self::Provider => "providers/NAME.yaml",
            Self::Model => "models/FILE.yaml",
            Self::Secret => "secrets/NAME.yaml",
            Self::Context => "contexts/NAME.yaml",
            Self::Quota => "quotas/NAME.yaml",
            Self::PolicyTest => "tests/FILE.yaml",
        }
    }
}

/// The fields directly below `parent` in a file of `kind`; the root is the empty path.
pub(crate) fn known(kind: FileKind, parent: &str) -> Vec<Known<'static>> {
    let below = |field: &'static str| {
        let name = match parent {
            "" => field,
            _ => field.strip_prefix(parent)?.strip_prefix('.')?,
        };
        (!name.contains(['.', '[', '*'])).then_some(name)
    };
    FIELDS
        .iter()
        .filter(|row| row.file == kind)
        .filter_map(|row| {
            let (required, what) = (row.required, row.what);
            below(row.field).map(|name| Known { name, required, what })
        })
        .collect()
}

const fn must(
    file: FileKind,
    field: &'static str,
    kind: &'static str,
    what: &'static str,
) -> Field {
    Field { file, field, kind, required: true, default: "", what }
}

const fn may(
    file: FileKind,
    field: &'static str,
    kind: &'static str,
    default: &'static str,
    what: &'static str,
) -> Field {
    Field { file, field, kind, required: false, default, what }
}

use FileKind::{Agent, Charter, Context, Model, People, PolicyTest, Provider, Quota, Secret};

/// The table.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    must(Charter, "portreeve", "`1`", "the format of this charter; this version reads format 1"),
    must(Charter, "name", "name", "what this gateway is called; every administrative act is signed for it"),
    must(Charter, "trust_domain", "trust domain", "the name its agents' identities are issued under, as in `acme.example`"),
    must(Charter, "accountable", "seat", "the one seat that answers for the gateway, and for whatever names no owner"),
    must(Charter, "secondary", "mapping", "the three seats that judge changes beside the accountable one"),
    must(Charter, "secondary.policy", "seat", "the seat that judges what agents may do"),
    must(Charter, "secondary.platform", "seat", "the seat that judges routing, providers and secrets"),
    must(Charter, "secondary.response", "seat", "the seat that contains and answers incidents"),
    must(Charter, "operator", "team", "the team that runs the gateway, and every agent that names no operator"),
    may(Charter, "limits", "mapping", "the defaults below", "bounds on what one request may take"),
    may(Charter, "limits.body_bytes_max", "1024 to 67108864", "10485760", "largest request body, in bytes"),

    must(People, "persons", "mapping", "the natural persons, each under a name of the charter's own"),
    must(People, "persons.*.name", "text", "what people call this person"),
    must(People, "persons.*.email", "email address", "how to reach them; no two persons share one"),
    must(People, "persons.*.keys", "list of SSH public keys", "the keys that sign for this person (`ssh-ed25519` or `sk-ssh-ed25519@openssh.com`), as in their `.pub` files; an empty list for somebody who signs nothing"),
    may(People, "persons.*.tags", "list of `model-developer`", "`[]`", "what a person's work bars them from: a `model-developer` holds none of the four seats of charter.yaml"),
    must(People, "teams", "mapping", "groups of persons, each under its name"),
    must(People, "teams.*.members", "list of persons", "who belongs to the team; at least one"),
    must(People, "seats", "mapping", "roles, each under its name and held by exactly one person"),
    must(People, "seats.*.holder", "person", "who holds the seat"),
    may(People, "seats.*.escalation", "list of seats", "`[]`", "whom to ask when the holder does not answer, in order"),
    may(People, "seats.*.cost_center", "text", "none", "who pays for what the seat answers for, as the books call it: at most 64 of letters, digits and `-_./:`. An agent's calls are charged to its owner's, or else to the accountable seat's"),

    must(Agent, "name", "name", "the agent's name: that of the file without `.yaml`"),
    must(Agent, "purpose", "text", "what the agent is for"),
    may(Agent, "owner", "seat", "the accountable seat of charter.yaml", "the one seat that answers for the agent"),
    may(Agent, "operator", "team", "the operator of charter.yaml", "the team that runs it day to day"),
    must(Agent, "environment", "`dev`, `staging` or `prod`", "where it runs; no `prod` agent is served while one person holds every seat"),
    must(Agent, "status", "`active` or `suspended`", "whether it is served"),
    may(Agent, "epoch", "1 to 4294967295", "1", "raise it to void every token that was issued to the agent before"),
    may(Agent, "autonomy", "0 to 4", "0", "how far it acts alone: at 0 a person does each step, at 4 nobody watches"),
    may(Agent, "data_class", "`public`, `internal`, `confidential` or `restricted`", "`public`", "the most sensitive data it may handle"),
    must(Agent, "review_by", "date", "the last day, in UTC, on which this declaration stands unreviewed, as in `2026-12-31`"),
    may(Agent, "context_required", "`true` or `false`", "`false`", "every call of it must be made in an approved context"),
    must(Agent, "bindings", "list", "how the agent proves who it is; at least one way"),
    must(Agent, "bindings[].kind", "`embedded`", "`embedded`: by a token of this gateway's own issuer"),

    must(Provider, "name", "name", "the provider's name: that of the file without `.yaml`"),
    must(Provider, "kind", "`demo`, `openai`, `anthropic` or `gemini`", "the wire form it speaks; `demo` is built in and needs no network"),
    may(Provider, "base_url", "URL", "the vendor's own; none for `demo`", "where it is: `https`, or `http` to this machine alone; no user, query or fragment"),
    may(Provider, "secret", "secret", "none", "the secret that is lent for each call; needed wherever `base_url` is the vendor's"),
    may(Provider, "owner", "seat", "the accountable seat of charter.yaml", "the one seat that answers for the provider"),
    may(Provider, "timeouts", "mapping", "the defaults below", "how long to wait for it"),
    may(Provider, "timeouts.connect_ms", "100 to 60000", "5000", "longest time to connect, in milliseconds"),
    may(Provider, "timeouts.first_byte_ms", "1000 to 600000", "60000", "longest time to the head of the answer, in milliseconds"),
    may(Provider, "timeouts.idle_ms", "1000 to 600000", "60000", "longest silence within an answer, in milliseconds"),
    may(Provider, "timeouts.total_ms", "1000 to 3600000", "600000", "longest time for a whole call, in milliseconds; not less than any of the others"),

    must(Model, "name", "model name", "the model as agents name it; the file may be called anything"),
    must(Model, "purpose", "text", "what the model is for"),
    may(Model, "owner", "seat", "the accountable seat of charter.yaml", "the one seat that answers for the model"),
    may(Model, "context_required", "`true` or `false`", "`false`", "every call of it must be made in an approved context"),
    may(Model, "media_tokens_max", "1 to 10000000", "none", "the most tokens that one image, sound or document in a request counts as; where it is not stated, a budget of tokens or money refuses calls that hold any"),
    may(Model, "output_tokens_max", "1 to 10000000", "4096", "where a budget counts tokens or money: the cap on output tokens that a call gets which sets none itself"),
    may(Model, "retries", "mapping", "the defaults below", "how often one call is tried, over all targets together"),
    may(Model, "retries.attempts_max", "1 to 10", "one for each target", "most tries of one call over all targets, the first included"),
    may(Model, "retries.within_ms", "100 to 600000", "30000", "no try begins later than this after the first, in milliseconds"),
    must(Model, "targets", "list", "where it is served, the preferred place first; 1 to 16 places"),
    must(Model, "targets[].provider", "provider", "the provider"),
    must(Model, "targets[].upstream_model", "text", "the provider's own name of the model; for `gemini`, letters, digits and `._-` alone"),
    may(Model, "targets[].weight", "1 to 1000", "none", "targets that stand next to each other and carry a weight share the calls by it; any other is a fallback for those before it"),
    may(Model, "targets[].when", "mapping", "any call", "which calls it serves"),
    may(Model, "targets[].when.environments", "list of `dev`, `staging`, `prod`", "`[]`", "where the agent runs; an empty list is anywhere"),
    may(Model, "targets[].when.data_classes", "list of `public`, `internal`, `confidential`, `restricted`", "`[]`", "the agent's own `data_class`; an empty list is any"),
    may(Model, "targets[].when.contexts", "list of contexts", "`[]`", "the approved context the call is made in; an empty list is any, or none"),
    may(Model, "targets[].timeouts", "mapping", "the provider's", "how long to wait for this target; takes the fields of a provider's `timeouts`"),
    may(Model, "targets[].timeouts.connect_ms", "100 to 60000", "the provider's", "longest time to connect, in milliseconds"),
    may(Model, "targets[].timeouts.first_byte_ms", "1000 to 600000", "the provider's", "longest time to the head of the answer, in milliseconds"),
    may(Model, "targets[].timeouts.idle_ms", "1000 to 600000", "the provider's", "longest silence within an answer, in milliseconds"),
    may(Model, "targets[].timeouts.total_ms", "1000 to 3600000", "the provider's", "longest time for a whole call, in milliseconds; not less than any of the others"),
    may(Model, "targets[].concurrency_max", "1 to 100000", "none", "most calls it carries at once; beyond that, the next target is tried"),
    may(Model, "targets[].claims", "mapping", "none", "what somebody answers for about it; at least one claim. What is not claimed is unknown, and unknown satisfies no policy that asks"),
    may(Model, "targets[].claims.region", "word of `a-z`, `0-9`, `-`", "unknown", "where requests are processed, in at most 32 characters, as in `eu`"),
    may(Model, "targets[].claims.retention_days", "0 to 36500", "unknown", "for how many days the provider keeps what it was sent; 0 is not at all"),
    may(Model, "targets[].claims.trains", "`true` or `false`", "unknown", "whether the provider trains on what it was sent"),
    must(Model, "targets[].claims.stated", "date", "the day on which the claims were last confirmed; after a year they are a finding"),
    may(Model, "targets[].claims.owner", "seat", "the model's owner", "the one seat that answers for the claims"),
    may(Model, "targets[].price", "mapping", "nothing for `demo`; known prices of OpenAI, Anthropic and Google at their own addresses; else none", "what it costs; under a budget of money, a target without a price takes no call"),
    must(Model, "targets[].price.input", "US dollars", "a million tokens read, with at most 9 decimals, as in `2.50`"),
    must(Model, "targets[].price.output", "US dollars", "a million tokens written"),
    must(Model, "targets[].price.since", "date", "the day since which it holds"),
    may(Model, "targets[].end_of_life", "date", "none", "the first day, in UTC, on which the provider no longer serves it; its owner is warned 60 days ahead"),
    may(Model, "targets[].successor", "model name", "none", "the declared model that is to take its place; switching to it is a change"),

    must(Secret, "name", "name", "the secret's name: that of the file without `.yaml`"),
    must(Secret, "purpose", "text", "what the secret opens; never the secret itself"),
    may(Secret, "owner", "seat", "the accountable seat of charter.yaml", "the one seat that answers for the secret"),
    must(Secret, "max_age_days", "1 to 3650", "oldest a sealed value may grow, in days; an older one is not lent"),
    must(Secret, "active", "1 to 4294967295", "which sealed version is lent; `portreeve secret put` names the next"),

    must(Context, "name", "name", "the context's name, as callers select it: that of the file without `.yaml`"),
    must(Context, "purpose", "text", "what calls in it are for"),
    may(Context, "owner", "seat", "the accountable seat of charter.yaml", "the one seat that answers for the context"),
    must(Context, "approver", "seat", "the seat on whose approval it stands; better not the owner of one of its agents"),
    must(Context, "data_class", "`public`, `internal`, `confidential` or `restricted`", "the most sensitive data it is for; not above that of any of its agents"),
    must(Context, "models", "list of model names", "the models it covers; at least one"),
    may(Context, "tools", "list of `web_search`, `web_fetch`, `maps`, `file_search`, `code_execution`, `shell`, `text_editor`, `computer_use`, `memory`, `generation`, `remote_mcp`, `skills`, `tool_search`, `advisor`", "`[]`", "the tools of providers it covers; policies must allow them too"),
    may(Context, "environments", "list of `dev`, `staging`, `prod`", "`[]`", "where its agents run; an empty list is anywhere"),
    may(Context, "from", "date", "ever since", "its first day, in UTC"),
    may(Context, "until", "date", "without end", "its last day, in UTC; its owner is warned 14 days ahead"),
    may(Context, "hours", "mapping", "always", "the hours of the week in which it is open, in UTC"),
    must(Context, "hours.days", "list of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`", "on which days; at least one"),
    must(Context, "hours.from", "time of day", "the first minute, as in `08:00`"),
    must(Context, "hours.until", "time of day", "the minute it closes, later on the same day; `24:00` is the day's end"),
    must(Context, "agents", "list of agents", "who may call in it; at least one"),

    must(Quota, "name", "name", "the quota's name: that of the file without `.yaml`"),
    must(Quota, "purpose", "text", "what the budget is for"),
    may(Quota, "owner", "seat", "the accountable seat of charter.yaml", "the one seat that answers for it; a refusal names it as who can raise it"),
    must(Quota, "for", "`gateway`, or a mapping with one of the next three", "whose calls it counts"),
    may(Quota, "for.agent", "agent", "none", "this agent's calls"),
    may(Quota, "for.team", "team", "none", "the calls of every agent that this team runs"),
    may(Quota, "for.context", "context", "none", "the calls made in this context"),
    may(Quota, "each", "`agent`", "all together", "each agent has the limits for itself"),
    must(Quota, "limits", "list", "how much; at least one, and no two that count the same per the same window. At most 16 limits apply to one call, over all quotas"),
    must(Quota, "limits[].what", "`requests`, `tokens` or `money`", "what is counted: calls, tokens read and written, or US dollars"),
    must(Quota, "limits[].per", "`minute`, `day` or `month`", "the window, a whole one of the calendar in UTC"),
    must(Quota, "limits[].at_most", "1 to 1000000000000000; for `money`, US dollars", "how much at most; dollars have at most 9 decimals, as in `12.50`"),

    must(PolicyTest, "tests", "list", "what the policies must answer; at least one"),
    must(PolicyTest, "tests[].name", "text", "what the test shows; no two tests share one"),
    must(PolicyTest, "tests[].agent", "agent", "who asks"),
    must(PolicyTest, "tests[].ask", "mapping", "what is asked"),
    must(PolicyTest, "tests[].ask.model", "model name", "the model; one that no file declares only where `unknown` is expected"),
    may(PolicyTest, "tests[].ask.provider", "provider", "each of the model's targets", "only the target at this provider"),
    may(PolicyTest, "tests[].ask.operation", "`chat_completions`, `responses`, `embeddings`, `messages`, `count_message_tokens`, `generate_content` or `count_content_tokens`", "`chat_completions`", "what is done with the model"),
    may(PolicyTest, "tests[].ask.tools", "list", "`[]`", "tools that the provider would run: each the word for its kind, as in `[web_search]`, or a mapping"),
    must(PolicyTest, "tests[].ask.tools[].kind", "`web_search`, `web_fetch`, `maps`, `file_search`, `code_execution`, `shell`, `text_editor`, `computer_use`, `memory`, `generation`, `remote_mcp`, `skills`, `tool_search` or `advisor`", "what the tool does"),
    may(PolicyTest, "tests[].ask.tools[].server", "host or connector id", "none", "for `remote_mcp`: the server, by its host alone in lower case, or by the vendor's id of it"),
    may(PolicyTest, "tests[].ask.tools[].declared", "text", "its kind", "the vendor's own word for the tool, as in `web_search_20250305`"),
    may(PolicyTest, "tests[].ask.stores", "`asked` or `by_default`", "not stored", "the provider would keep the conversation: because the request says so, or because it says nothing"),
    may(PolicyTest, "tests[].ask.names", "0 to 64", "0", "how many objects kept at the provider it names, all of the agent's own making"),
    may(PolicyTest, "tests[].ask.unrecognised", "list of `field:NAME`, `part:NAME`, `beta:NAME`", "`[]`", "what it holds that this gateway does not know"),
    may(PolicyTest, "tests[].ask.urls", "0 to 4294967295", "0", "how many URLs in the content the provider would fetch"),
    may(PolicyTest, "tests[].at", "RFC 3339 time", "2026-01-01T00:00:00Z", "the time of the question"),
    may(PolicyTest, "tests[].proof", "`embedded_token`", "`embedded_token`", "how the caller proves who it is"),
    may(PolicyTest, "tests[].token_age_s", "0 to 4294967295", "0", "age of the caller's credential, in seconds"),
    may(PolicyTest, "tests[].stream", "`true` or `false`", "`false`", "whether the answer is to be streamed"),
    may(PolicyTest, "tests[].context", "context", "the agent's only one, if it has one", "the approved context the call selects"),
    may(PolicyTest, "tests[].recent", "mapping", "nothing", "what the agent did in the last 10 minutes"),
    may(PolicyTest, "tests[].recent.requests", "0 to 4294967295", "0", "how many calls it made"),
    may(PolicyTest, "tests[].recent.refusals", "0 to 4294967295", "0", "how many of them were refused"),
    may(PolicyTest, "tests[].recent.targets", "0 to 4294967295", "0", "how many different targets they went to"),
    must(PolicyTest, "tests[].expect", "mapping", "the answer"),
    must(PolicyTest, "tests[].expect.verdict", "`allow`, `deny` or `unknown`", "the verdict; `unknown` is the 404 of something that could never be permitted"),
    may(PolicyTest, "tests[].expect.policies", "list of policy ids", "`[]`", "policies that must be among those that decide, as in `[model/demo]`"),
];
