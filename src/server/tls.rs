//! TLS on a listener: key and certificates, clients' certificates, handshakes.
//!
//! In go PEM files, out comes what a handshake needs, swapped whole when the files are read
//! again; connections that stand keep what they began with. TLS 1.2 and 1.3 by rustls with
//! ring; spamd's options are `--ssl`, `--server-key`, `--server-cert`, `--ssl-verify`,
//! `--ssl-ca-file` and `--ssl-ca-path` (`spamd(8p)`).

use crate::config::Config;
use crate::log::Log;
use arc_swap::ArcSwap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    self, CipherSuite, RootCertStore, ServerConfig, ServerConnection, SupportedCipherSuite,
};

/// Where the certificates of public CAs are, when clients shall have one of theirs.
const SYSTEM_CAS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The key and certificates in force.
pub struct Tls {
    files: Files,
    in_force: ArcSwap<ServerConfig>,
}

/// The files that they come from.
struct Files {
    key: PathBuf,
    cert: PathBuf,
    verify: bool,
    ca_file: Option<PathBuf>,
    ca_path: Option<PathBuf>,
}

/// Why TLS cannot be spoken, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The server's key.
    #[error(
        "no key in {}: {why}; --server-key names a PEM file with a key without passphrase",
        path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: pem::Error,
    },
    /// A file of certificates.
    #[error("no certificate in {}: {why}; a PEM file is wanted", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: pem::Error,
    },
    /// A folder of certificates.
    #[error(
        "no CA's certificate in {}; --ssl-ca-path names a folder that `openssl rehash` was run on",
        .0.display()
    )]
    NoCas(PathBuf),
    /// A folder that cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// None of the system's own files is there.
    #[error("this system's CAs are not found; name some with --ssl-ca-file or --ssl-ca-path")]
    NoSystemCas,
    /// Key and certificate do not go together, or are of a kind that is not known.
    #[error("key and certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The CAs cannot be used.
    #[error("the CAs cannot be used: {0}")]
    Cas(#[from] VerifierBuilderError),
}

impl Tls {
    /// Reads the files that `config` names.
    pub fn load(config: &Config) -> Result<Tls, TlsError> {
        let files = Files {
            key: config.tls_key.clone(),
            cert: config.tls_cert.clone(),
            verify: config.verifies_clients(),
            ca_file: config.tls_ca_file.clone(),
            ca_path: config.tls_ca_path.clone(),
        };
        let in_force = ArcSwap::from_pointee(files.read()?);
        Ok(Tls { files, in_force })
    }

    /// Reads the files again. What cannot be used changes nothing: so it is with a key that
    /// only root can read, once the server is somebody else.
    pub fn reload(&self, log: &Log) {
        match self.files.read() {
            Ok(config) => self.in_force.store(Arc::new(config)),
            Err(why) => {
                log.error(&format!(
                    "spamd: TLS goes on with the key and certificate it has: {why}"
                ));
            }
        }
    }

    /// What a handshake is made with.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.in_force.load_full())
    }
}

impl Files {
    fn read(&self) -> Result<ServerConfig, TlsError> {
        let wrong = |why| TlsError::Key { path: self.key.clone(), why };
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(wrong)?;
        let certificates = certificates(&self.cert)?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match self.verifier(provider)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        Ok(builder.with_single_cert(certificates, key)?)
    }

    /// What looks at the certificates of clients, if they must have one.
    fn verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
        if !self.verify {
            return Ok(None);
        }
        let mut cas = Vec::new();
        if let Some(file) = &self.ca_file {
            cas.extend(certificates(file)?);
        }
        if let Some(folder) = &self.ca_path {
            cas.extend(hashed(folder)?);
        }
        if self.ca_file.is_none() && self.ca_path.is_none() {
            let system = SYSTEM_CAS.iter().map(Path::new).find(|file| file.exists());
            cas.extend(certificates(system.ok_or(TlsError::NoSystemCas)?)?);
        }
        let mut roots = RootCertStore::empty();
        // What of them cannot be read vouches for nobody; none at all is an error below.
        roots.add_parsable_certificates(cas);
        Ok(Some(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?))
    }
}

/// All the certificates of a PEM file, of which there is at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |why| TlsError::Certificates { path: path.to_owned(), why };
    let all = CertificateDer::pem_file_iter(path).map_err(wrong)?;
    let all = all.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if all.is_empty() { Err(wrong(pem::Error::NoItemsFound)) } else { Ok(all) }
}

/// The certificates of a folder whose files are named by hash, `2e5ac55d.0`: OpenSSL sees no
/// others there, so these alone are trusted.
fn hashed(folder: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |why| TlsError::Folder { path: folder.to_owned(), why };
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_hashed) {
            all.extend(certificates(&path)?);
        }
    }
    if all.is_empty() { Err(TlsError::NoCas(folder.to_owned())) } else { Ok(all) }
}

/// Eight hexadecimal digits, a dot, a number.
fn is_hashed(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        let hex = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `TLSv1_3/TLS_AES_256_GCM_SHA384`: what was agreed on, as spamd's log writes it.
pub fn agreed(connection: &ServerConnection) -> String {
    let version = connection.protocol_version().and_then(|version| version.as_str());
    let suite = connection.negotiated_cipher_suite().map(|suite| openssl_name(suite));
    format!("{}/{}", version.unwrap_or("?"), suite.unwrap_or("?"))
}

/// OpenSSL's name of a cipher suite.
fn openssl_name(suite: SupportedCipherSuite) -> &'static str {
    match suite.suite() {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "ECDHE-ECDSA-CHACHA20-POLY1305"
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_openssl_looks_for_count() {
        for name in ["2e5ac55d.0", "ABCDEF01.12"] {
            assert!(is_hashed(name), "{name}");
        }
        for name in ["ca.pem", "2e5ac55d", "2e5ac55d.", "2e5ac55d.r0", "2e5ac55d.pem", "x.0"] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn every_suite_that_can_be_agreed_on_has_its_name() {
        for suite in ring::default_provider().cipher_suites {
            assert_ne!(openssl_name(suite), "?", "{suite:?}");
        }
    }
}
