//! The command line: names, flags and help. It does nothing itself.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Exit codes, the same for every command.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  denied, a finding, a failed check, or a replay that differs
  2  the command line is wrong
  3  a setting is invalid
  4  nothing serves and the command needs it, or the disk, a log or a key fails
  5  not authorised";

/// A governed AI gateway that answers for what it lets through.
#[derive(Debug, Parser)]
#[command(name = "portreeve", version, about, after_help = EXIT_CODES, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The folder that holds everything this gateway must remember.
    #[arg(long, global = true, env = "PORTREEVE_HOME", default_value = "portreeve-home")]
    pub(crate) home: PathBuf,
    /// How a failure is told on standard error: with a rule for people, without one for screen
    /// readers, or as one JSON object on one line.
    #[arg(long, global = true, value_enum, default_value_t = ErrorFormat::Human, value_name = "FORMAT")]
    pub(crate) error_format: ErrorFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How a failure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorFormat {
    Human,
    Plain,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a home on the first run, then serve.
    Up(Up),
    /// List every problem of a charter, with file and line.
    Check {
        /// The charter's directory [default: HOME/charter].
        dir: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// One screen: what serves, under which charter, how fast it is, what was refused, what is open.
    Status(Status),
    /// What goes through just now, on a screen that follows it: rates, latency, the busiest agents
    /// and models, refusals, budgets that run out.
    Top(Top),
    /// Try out, layer by layer, whether an agent's call would get through: exit code 1 names the
    /// first layer that fails, and who can fix it. Spends nothing unless told to.
    Ping(Ping),
    /// List every model with where it is served, what holds there and how each place fares.
    Routes(Routes),
    /// List every budget: its limits, what is held, used and left of them, and who can raise it. One
    /// that is used up is a finding: exit code 1.
    Budgets(Budgets),
    /// Say who used what, and what it cost: the chargeback, from the decision log.
    Usage(Usage),
    /// Policies: run their tests, list them, print the schema they are checked against.
    #[command(subcommand)]
    Policy(Policy),
    /// Print the JSON Schema of a kind of charter file, for editors; without a kind, list them.
    Schema {
        /// The kind, by its folder or file: charter, people, agents, providers, and so on.
        kind: Option<String>,
        /// Write every schema into this charter's directory, where the first lines of its files
        /// name them.
        #[arg(long, value_name = "DIR", conflicts_with = "kind")]
        write: Option<PathBuf>,
    },
    /// Show the whole chain behind one decision.
    Explain {
        /// The id in `portreeve-decision`.
        id: String,
        #[command(flatten)]
        output: Output,
    },
    /// Reach recorded decisions again: one, to see that it comes out the same, or those of a time
    /// under another charter, to see who would gain and who would lose.
    Replay(Replay),
    /// List decisions, newest last.
    Decisions(Decisions),
    /// The ledger: verify it, prove one decision, say how it stands.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Agents: list them, show one, fetch a token for one.
    #[command(subcommand)]
    Agent(Agent),
    /// Changes of the charter: propose one, list and show those that were applied.
    #[command(subcommand)]
    Change(Change),
    /// Secrets: seal a value, list what is sealed, say what is due. Values never come back out.
    #[command(subcommand)]
    Secret(Secret),
    /// Print the help of a command, or of a topic: exit-codes, environment, output, home, errors.
    Help {
        /// The command with its subcommand, or the topic; `errors CODE` explains one code.
        words: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// A charter of your own to begin with, instead of the one the first run writes.
    #[arg(long)]
    pub(crate) charter: Option<PathBuf>,
    /// Where agents connect, instead of the address in settings.yaml.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// How standard error looks while it serves [default: `log.format` in settings.yaml, or human].
    #[arg(long, value_enum)]
    pub(crate) log_format: Option<crate::said::Format>,
    /// First run: the Ed25519 SSH key of the person who begins this gateway, instead of a new one.
    #[arg(long, value_name = "FILE")]
    pub(crate) person_key: Option<PathBuf>,
    /// First run: seal OPENAI_API_KEY, ANTHROPIC_API_KEY and GOOGLE_API_KEY or GEMINI_API_KEY where
    /// set, and declare those providers.
    #[arg(long)]
    pub(crate) adopt_env_keys: bool,
    /// The clock was ahead when calls were counted, and is right now: what budgets counted in windows
    /// that lie in the future is counted now.
    #[arg(long)]
    pub(crate) clock_is_right: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Status {
    /// Show every finding, not the first few.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Top {
    /// Show the rows of one kind alone, instead of a few of each.
    #[arg(long, value_enum)]
    pub(crate) by: Option<TopBy>,
    /// Seconds from one look to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 2,
          value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) every: u64,
    /// Print it once and end, as is done where standard output is no terminal.
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Of which kind rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TopBy {
    Agent,
    Model,
    /// A place that serves a model, as `provider/upstream-model`.
    Target,
    /// A refusal's code.
    Code,
    Budget,
    /// The newest refusals, each by itself.
    Refusal,
}

#[derive(Debug, Args)]
pub(crate) struct Ping {
    /// The agent.
    pub(crate) agent: model::AgentName,
    /// The model, or MODEL@PROVIDER for one of the places that serve it.
    pub(crate) target: String,
    /// The approved context to try it in, instead of the one that a plain call is made in.
    #[arg(long)]
    pub(crate) context: Option<model::ContextName>,
    /// Make one tiny real call as well: it is recorded, and costs what it costs. A token is
    /// fetched for it, by an act that you sign.
    #[arg(long)]
    pub(crate) spend: bool,
    /// Where agents connect, instead of the first listener's address.
    #[arg(long, value_name = "URL", requires = "spend")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) signing: Signing,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The id in `portreeve-decision`: this decision, under the charter it was made under.
    #[arg(required_unless_present = "bundle", conflicts_with = "bundle")]
    pub(crate) id: Option<String>,
    /// The directory of a candidate charter: all decisions since --since, under that one.
    #[arg(long, value_name = "DIR", requires = "since")]
    pub(crate) bundle: Option<PathBuf>,
    /// Only decisions since: an RFC 3339 time, a date in UTC, or an age such as 24h or 30d.
    #[arg(long, requires = "bundle")]
    pub(crate) since: Option<String>,
    /// Only decisions before.
    #[arg(long, requires = "bundle")]
    pub(crate) until: Option<String>,
    /// Only this agent's.
    #[arg(long, requires = "bundle")]
    pub(crate) agent: Option<model::AgentName>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Routes {
    /// Only this model.
    pub(crate) model: Option<model::ModelName>,
    /// List the paths that agents may call instead.
    #[arg(long, conflicts_with = "model")]
    pub(crate) paths: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Budgets {
    /// Only this budget.
    pub(crate) name: Option<model::QuotaName>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Usage {
    /// Whose use is added up: a row for each seat that answers for agents, each agent, or each
    /// model.
    #[arg(long, value_enum, default_value_t = UsageBy::Agent)]
    pub(crate) by: UsageBy,
    /// Only calls that came since: an RFC 3339 time, a date in UTC, or an age such as 24h or 30d.
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Only calls that came before.
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// How it is printed. `focus` is CSV with the columns of the FinOps FOCUS specification.
    #[arg(long, value_enum, default_value_t = UsageFormat::Csv)]
    pub(crate) format: UsageFormat,
}

/// Whose use is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UsageBy {
    Owner,
    Agent,
    Model,
}

/// How use is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UsageFormat {
    Csv,
    Json,
    Focus,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// Print JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a person signs an act.
#[derive(Debug, Args)]
pub(crate) struct Signing {
    /// The SSH key to sign with [default: HOME/keys/person].
    #[arg(long, value_name = "FILE", env = "PORTREEVE_PERSON_KEY")]
    pub(crate) person_key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Run the charter's policy tests and print each.
    Test {
        /// The charter's directory [default: HOME/charter].
        dir: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// List every policy with its place, owner and digest.
    List {
        /// The charter's directory [default: HOME/charter].
        dir: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Print the Cedar schema a policy set is checked against.
    Schema {
        /// guardrails, model, tool, secret or downstream.
        set: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Decisions {
    /// Only this agent's.
    #[arg(long)]
    pub(crate) agent: Option<String>,
    /// Only those since: an RFC 3339 time, or an age such as 15m, 24h or 7d.
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Only refusals.
    #[arg(long)]
    pub(crate) denied: bool,
    /// Only this refusal code, or `permitted`.
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// Only asks for this model.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// At most this many, the newest.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
    /// Go on printing as decisions are recorded.
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Recompute both logs from their entries and compare with what was signed.
    Verify(Output),
    /// Say how long the logs are and what is published.
    Status(Output),
    /// Print a C2SP proof that a decision stands in the log.
    Prove {
        /// The decision's id.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// List the agents of the charter in force.
    List(Output),
    /// Show one agent.
    Show {
        /// Its name.
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Fetch a short-lived token for an agent that is not of environment prod.
    Token {
        /// The agent.
        name: String,
        /// Bind the token to one of the agent's approved contexts: its calls are made in that one.
        #[arg(long, value_name = "CONTEXT")]
        context: Option<String>,
        #[command(flatten)]
        signing: Signing,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Change {
    /// Check a charter's directory and propose it.
    Propose {
        /// The directory.
        dir: PathBuf,
        /// Put it into force at once, where no gate is due.
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        signing: Signing,
        #[command(flatten)]
        output: Output,
    },
    /// List the changes that were applied.
    List(Output),
    /// Show one change: who signed it, and every file that differs from the one before.
    Show {
        /// The change's id.
        id: String,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Seal a value read from standard input as the secret's next version.
    Put {
        /// The secret, as the charter names it.
        name: String,
        #[command(flatten)]
        signing: Signing,
    },
    /// List the declared secrets and what is sealed of each; never values.
    List(Output),
    /// Say how each secret stands: its versions, their age, when it is too old, who was lent it
    /// last. A secret that calls cannot be lent is a finding: exit code 1.
    Status {
        /// Only this secret.
        name: Option<String>,
        #[command(flatten)]
        output: Output,
    },
}
