//! What lies in files beside the declaration: secrets, and the certificates of the authorities that are trusted.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use crate::error::{DirectoryError, Result};

/// Where Debian and its relatives keep the authorities that the system trusts.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Longest secret in bytes.
const MAX_SECRET: u64 = 4096;

/// Reads a secret; one line break at its end does not belong to it. A file that others can read is refused.
pub(crate) fn secret(setting: &'static str, path: &str) -> Result<Zeroizing<String>> {
    let wrong = |what: String| DirectoryError::Setting { setting, what: format!("{path}: {what}") };
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mode = file.metadata().map_err(|error| wrong(error.to_string()))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(wrong(format!("is open to others (mode {:o}); run `chmod 600` on it", mode & 0o777)));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_SECRET)
        .read_to_string(&mut text)
        .map_err(|error| wrong(format!("{error}; it must be UTF-8 text")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.contains(['\n', '\r', '\0']) {
        return Err(wrong("must hold exactly one line with the secret".to_owned()));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// The certificates of a PEM file, or those that the system trusts.
pub(crate) fn authorities(setting: &'static str, path: Option<&str>) -> Result<Vec<CertificateDer<'static>>> {
    let path = path.unwrap_or(SYSTEM_AUTHORITIES);
    let wrong = |what: String| DirectoryError::Setting {
        setting,
        what: format!("{path}: {what}; give a PEM file with the authority's certificate"),
    };
    let found = CertificateDer::pem_file_iter(Path::new(path))
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() { Err(wrong("holds no certificate".to_owned())) } else { Ok(found) }
}

/// A TLS client that trusts these authorities and nothing else.
pub(crate) fn tls_client(
    setting: &'static str,
    authorities: Vec<CertificateDer<'static>>,
) -> Result<Arc<rustls::ClientConfig>> {
    let wrong = |what: String| DirectoryError::Setting { setting, what };
    let mut roots = rustls::RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(authorities);
    if usable == 0 {
        return Err(wrong("no certificate of the file can be used".to_owned()));
    }
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The cryptography of every connection of this room.
pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
