//! TLS as a client: whom connections of ours trust.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, ErrorKind, Result};

/// A configuration that trusts the certificates that the system trusts, among them those of `SSL_CERT_FILE`. Blocking.
///
/// *Errors*: `Failed` where TLS cannot be set up.
pub(crate) fn client_tls() -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (trusted, _) = roots.add_parsable_certificates(found.certs);
    if trusted == 0 {
        tracing::warn!("The system has no certificates to trust: connections with https will fail.");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::new(ErrorKind::Failed, "set up TLS").caused_by(source))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
