//! Whom TLS trusts: the operating system's certificate authorities, or a list handed in.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::SetupError;

/// Certificate authorities that may vouch for a provider.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// The operating system's (`SSL_CERT_FILE` and `SSL_CERT_DIR` replace them, as elsewhere).
    #[default]
    System,
    /// These only: a private authority.
    Only(Vec<CertificateDer<'static>>),
    /// Nobody: no HTTPS peer is believed, and loopback over plain HTTP still works.
    Nobody,
}

/// TLS 1.2 and 1.3 over aws-lc-rs, verifying against `roots`; no client certificate.
pub(crate) fn tls_config(roots: Roots) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(SetupError::Tls)?
        .with_root_certificates(store(roots)?)
        .with_no_client_auth();
    Ok(config)
}

fn store(roots: Roots) -> Result<RootCertStore, SetupError> {
    let (certificates, missing) = match roots {
        Roots::Nobody => return Ok(RootCertStore::empty()),
        Roots::Only(certificates) => (certificates, "an empty list was given".to_owned()),
        Roots::System => {
            let loaded = rustls_native_certs::load_native_certs();
            let missing = match loaded.errors.first() {
                Some(error) => error.to_string(),
                None => "none is installed".to_owned(),
            };
            (loaded.certs, missing)
        }
    };
    let mut store = RootCertStore::empty();
    // Systems ship some that do not parse; they are left out, and none of them would verify.
    store.add_parsable_certificates(certificates);
    if store.is_empty() { Err(SetupError::NoRoots(missing)) } else { Ok(store) }
}
