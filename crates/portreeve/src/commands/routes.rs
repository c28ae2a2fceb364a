//! `portreeve routes`: every model with the places it is served from, what holds there and how
//! each fares; and the paths that agents may call. It changes nothing.

mod gathered;
mod object;
mod paths;
mod text;

use std::process::ExitCode;

use anyhow::Result;

use crate::admin_client;
use crate::begun::Begun;
use crate::cli::Routes;
use crate::exit::Failure;
use crate::home::Home;
use crate::{clock, print};

use self::gathered::{Route, Seen};

/// Prints the routes: with their live health where a process serves from the home.
pub(crate) async fn run(home: &Home, options: Routes) -> Result<ExitCode> {
    if options.paths {
        return paths::run(options.output);
    }
    let begun = Begun::demand(home)?;
    let bundle = begun.bundle(&begun.current()?.charter)?;
    // Nothing is read of it but versions and their ages.
    let secrets = super::sealed_store(home, &begun)?;
    let live = admin_client::routes(&home.admin_socket()).await.ok();
    let seen = Seen { bundle: &bundle, secrets: &secrets, live, now: clock::system().now() };
    let routes: Vec<Route<'_>> = bundle
        .models()
        .filter(|model| options.model.as_ref().is_none_or(|name| model.facts.name == *name))
        .map(|model| Route::gather(model, &seen))
        .collect();
    if let (Some(name), true) = (&options.model, routes.is_empty()) {
        let names = bundle.models().map(|model| model.facts.name.as_str());
        return Err(Failure::undeclared("model", name.as_str(), names).into());
    }
    if options.output.json {
        let all: Vec<_> = routes.iter().map(object::route).collect();
        print::line(&serde_json::to_string_pretty(&all)?);
    } else if routes.is_empty() {
        print::line("the charter in force declares no models");
    } else {
        let all: Vec<String> = routes.iter().map(text::route).collect();
        print::line(all.join("\n").trim_end());
    }
    let finding = routes.iter().any(Route::has_finding);
    Ok(if finding { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
