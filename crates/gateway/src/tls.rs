//! TLS for listeners: a certificate chain and its key, from files the operator names.
//!
//! Session resumption is off: a resumed session would skip what a full handshake proves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};

/// Where a listener's certificate chain and key lie, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The leaf's private key.
    pub key: PathBuf,
}

/// Why a certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as PEM.
    #[error("{path}: not readable as PEM: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason, without content.
        cause: String,
    },
    /// Certificate and key do not belong together, or are of a kind TLS does not take.
    #[error("certificate and key cannot be used together: {0}")]
    Unusable(String),
}

/// Accepts TLS connections.
#[derive(Clone)]
pub(crate) struct TlsAcceptor(tokio_rustls::TlsAcceptor);

impl TlsAcceptor {
    /// Reads the files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub(crate) fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_file_iter(&files.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|cause| unreadable(&files.certificate, &cause))?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|cause| unreadable(&files.key, &cause))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| TlsError::Unusable(cause.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|cause| TlsError::Unusable(cause.to_string()))?;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(tokio_rustls::TlsAcceptor::from(Arc::new(config))))
    }

    /// The handshake.
    pub(crate) async fn accept<S>(
        &self,
        stream: S,
    ) -> std::io::Result<tokio_rustls::server::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.0.accept(stream).await
    }
}

impl std::fmt::Debug for TlsAcceptor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("TlsAcceptor")
    }
}

fn unreadable(path: &Path, cause: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { path: path.to_owned(), cause: cause.to_string() }
}
