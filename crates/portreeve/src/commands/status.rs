//! `portreeve status`: what serves, under which charter, and what is open.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use crate::admin_client;
use crate::begun::Begun;
use crate::cli::Output;
use crate::home::Home;
use crate::print;

/// Prints the status: from the process that serves, or from the home where none does.
pub(crate) async fn run(home: &Home, output: Output) -> Result<ExitCode> {
    let begun = Begun::demand(home)?;
    let current = begun.current()?;
    let live = admin_client::status(&home.admin_socket()).await.ok();
    let serving = live.is_some();
    let findings = crate::banner::findings(home, &begun, &begun.bundle(&current.charter)?);
    let status = live.unwrap_or_else(|| {
        json!({
            "gateway": begun.state.genesis.gateway,
            "trust_domain": begun.state.genesis.trust_domain,
            "charter": current.charter,
            "change": current.change,
            "since": current.at,
            "genesis": true,
        })
    });
    if output.json {
        let mut status = status;
        if let Some(fields) = status.as_object_mut() {
            let name = fields.get("gateway").cloned().unwrap_or_default();
            fields.insert("name".to_owned(), name);
            fields.insert("serving".to_owned(), Value::from(serving));
            fields.insert("findings".to_owned(), Value::from(findings));
        }
        print::line(&serde_json::to_string_pretty(&status)?);
        return Ok(ExitCode::SUCCESS);
    }
    let text = |key: &str| status.get(key).map(print::value).unwrap_or_default();
    let serves = if serving { "serving" } else { "not serving; start it with `portreeve up`" };
    print::line(&format!("gateway      {} ({serves})", text("gateway")));
    print::line(&format!("trust domain {}", text("trust_domain")));
    print::line(&format!("charter      {} since {}", text("charter"), text("since")));
    for listener in status.get("listeners").and_then(Value::as_array).into_iter().flatten() {
        print::line(&format!("listener     {}", print::value(listener)));
    }
    for (name, log) in status.get("logs").and_then(Value::as_object).into_iter().flatten() {
        print::line(&format!("log          {name}: {}", print::value(log)));
    }
    for finding in &findings {
        print::line(&format!("open         {finding}"));
    }
    Ok(ExitCode::SUCCESS)
}
