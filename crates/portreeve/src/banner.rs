//! What `portreeve up` prints: the address, what was made, what is open, and one call to copy.

use std::fmt::Write as _;

use anyhow::Result;
use bundle::Bundle;

use crate::begun::Begun;
use crate::home::Home;
use crate::{clock, commands, genesis};

/// The text of a start.
pub(crate) fn text(
    home: &Home,
    begun: &Begun,
    addresses: &[String],
    first: bool,
) -> Result<String> {
    let bundle = begun.bundle(&begun.current()?.charter)?;
    let mut text = String::new();
    let agents = addresses.iter().find(|address| !address.starts_with("unix:"));
    let base = agents.map_or("http://127.0.0.1", String::as_str);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(text, "portreeve {} serves agents at {base}", env!("CARGO_PKG_VERSION"));
    if first {
        made(&mut text, home, begun);
    } else {
        let _ = writeln!(text, "\nIn force: charter {}", begun.current()?.charter);
    }
    let _ = writeln!(text, "\nOpen findings:");
    for finding in findings(home, begun, &bundle) {
        let _ = writeln!(text, "  - {finding}");
    }
    if let Some((agent, model)) = sample(&bundle) {
        call(&mut text, home, base, (&agent, &model));
    }
    text.push_str(
        "\nRead on: README.md, docs/guide/first-hour.md, `portreeve --help`. Stop with Ctrl-C.",
    );
    Ok(text)
}

/// What is open while one person holds every seat, what time has brought up in the charter, and
/// which secrets its models need that cannot be lent.
pub(crate) fn findings(home: &Home, begun: &Begun, bundle: &Bundle) -> Vec<String> {
    let now = clock::system().now();
    let holders = bundle.holders();
    let mut findings = vec![format!(
        "genesis mode: {} holds {} of the accountable, policy, platform and response seats; every \
         change applies unreviewed and every decision says so",
        holders.first().map_or("nobody", |person| person.as_str()),
        if holders.len() == 1 { "all" } else { "some" },
    )];
    findings.push(
        "agents of environment prod are not served until genesis ends; how it ends comes with \
         change control"
            .to_owned(),
    );
    let unserved = genesis::unserved(bundle);
    if !unserved.is_empty() {
        findings.push(format!("declared but not served: {}", unserved.join(", ")));
    }
    findings.push(
        "the sealing key is a file in the home: whoever can read keys/ can open every secret"
            .to_owned(),
    );
    findings.push(
        "no outside witness holds checkpoints of the logs: keep copies of them elsewhere"
            .to_owned(),
    );
    findings.extend(bundle.findings(now).iter().map(ToString::to_string));
    match commands::sealed_store(home, begun) {
        Ok(secrets) => {
            let unlendable = govern::unlendable(bundle, &secrets, now);
            findings.extend(unlendable.iter().map(ToString::to_string));
        }
        Err(cause) => findings.push(format!("no secret can be lent: {cause:#}")),
    }
    findings
}

/// How many of [`findings`], from the first, are there as long as one person holds every seat.
pub(crate) fn lasting(bundle: &Bundle) -> usize {
    if genesis::unserved(bundle).is_empty() { 4 } else { 5 }
}

fn made(text: &mut String, home: &Home, begun: &Begun) {
    let root = home.root().display();
    let genesis = &begun.state.genesis;
    let _ = write!(
        text,
        "\nMade in {root}:\n  \
         charter/       who answers for what, agents, models, policies: yours to edit\n  \
         keys/person    the SSH key with which {} signs acts; keep it safe\n  \
         keys/          token, log and sealing keys, readable by you alone\n  \
         secrets/       sealed values, by name and version\n  \
         logs/          the control log and the decision log\n  \
         settings.yaml  where to listen\n\
         Trust domain {}\n",
        genesis.person, genesis.trust_domain
    );
}

/// An agent and a model to show a call with: one that is served, and the first declared.
fn sample(bundle: &Bundle) -> Option<(String, String)> {
    let agent = bundle
        .agents()
        .find(|agent| agent.active && agent.facts.environment != model::Environment::Prod)?;
    let model = bundle
        .models()
        .find(|model| {
            model.targets.iter().any(|target| target.facts.kind == bundle::ProviderKind::Demo)
        })
        .or_else(|| bundle.models().next())?;
    Some((agent.facts.name.to_string(), model.facts.name.to_string()))
}

/// How this program was called, so that what is printed can be pasted.
fn program() -> String {
    std::env::args()
        .next()
        .filter(|name| !name.contains(' '))
        .unwrap_or_else(|| "portreeve".to_owned())
}

fn call(text: &mut String, home: &Home, base: &str, (agent, model): (&str, &str)) {
    let home = match home.root().to_str() {
        Some("portreeve-home") | None => String::new(),
        Some(root) => format!(" --home {root}"),
    };
    let portreeve = program();
    let _ = write!(
        text,
        "\nTry it in another terminal:\n\n  \
         curl -s {base}/v1/chat/completions \\\n    \
         -H \"Authorization: Bearer $({portreeve} agent token {agent}{home})\" \\\n    \
         -H 'Content-Type: application/json' \\\n    \
         -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"hello\"}}]}}'\n"
    );
}
