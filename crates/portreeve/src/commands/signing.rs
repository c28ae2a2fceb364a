//! Who signs an act from the command line: a key file, and the person the charter says it is.

use anyhow::{Context as _, Result};

use crate::admin_client::Signer;
use crate::begun::Begun;
use crate::cli::Signing;
use crate::codes::ErrorCode;
use crate::exit::Failure;
use crate::home::Home;
use crate::keys;

/// The signer of this home: the key given or the home's own, matched with the charter in force.
pub(crate) fn signer(home: &Home, signing: &Signing) -> Result<(Begun, Signer)> {
    let begun = Begun::demand(home)?;
    let given = signing.person_key.as_deref();
    let own = home.key("person");
    if given.is_none() && !own.is_file() {
        let text = format!(
            "no key to sign with: {} is not there; name yours with --person-key FILE",
            own.display()
        );
        return Err(Failure::of(ErrorCode::NoKey, text).into());
    }
    let key = keys::person(home, given)?;
    let line = key.public_line().context("the key's public half cannot be written")?;
    let bundle = begun.bundle(&begun.current()?.charter)?;
    let person = bundle.person_of_key(&line).ok_or_else(|| {
        Failure::of(
            ErrorCode::NoKey,
            "the key to sign with belongs to nobody in people.yaml of the charter in force",
        )
    })?;
    let gateway = begun.gateway()?;
    Ok((begun, Signer { person, key, gateway }))
}
