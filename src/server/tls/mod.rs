//! TLS on a listener: key and certificates, clients' certificates, handshakes.
//!
//! In go PEM files, out comes what a handshake needs, swapped whole when the files are read
//! again; connections that stand keep what they began with. TLS 1.2 and 1.3 by rustls with
//! ring; [`clients`] judges clients' certificates, [`certificate`] reads those that rustls
//! does not. spamd's options are `--ssl`, `--server-key`, `--server-cert`, `--ssl-verify`,
//! `--ssl-ca-file` and `--ssl-ca-path` (`spamd(8p)`).

mod certificate;
mod clients;

use crate::config::Config;
use crate::log::Log;
use arc_swap::ArcSwap;
use certificate::Certificate;
use clients::Clients;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::VerifierBuilderError;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{
    self, CipherSuite, ServerConfig, ServerConnection, SupportedCipherSuite,
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
    /// They do not go together.
    #[error("the key in {} is not that of the first certificate in {}", key.display(), cert.display())]
    Mismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        cert: PathBuf,
    },
    /// The key is of a kind that is not known.
    #[error("the key cannot be used: {0}")]
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
        let in_force = ArcSwap::from_pointee(files.read(&|path| File::open(path))?);
        Ok(Tls { files, in_force })
    }

    /// Reads the files again, opened by `open`: only root may open a key, and the server is
    /// somebody else by now. What cannot be used changes nothing.
    pub fn reload(&self, log: &Log, open: Open<'_>) {
        match self.files.read(open) {
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

/// Opens a file.
pub type Open<'a> = &'a dyn Fn(&Path) -> io::Result<File>;

impl Files {
    fn read(&self, open: Open<'_>) -> Result<ServerConfig, TlsError> {
        let wrong = |why| TlsError::Key { path: self.key.clone(), why };
        let file = open(&self.key).map_err(|why| wrong(pem::Error::Io(why)))?;
        let key = PrivateKeyDer::from_pem_reader(BufReader::new(file)).map_err(wrong)?;
        let certificates = certificates(&self.cert, open)?;
        let provider = Arc::new(ring::default_provider());
        let key = provider.key_provider.load_private_key(key)?;
        let read = certificates.first().and_then(|first| Certificate::parse(first));
        if key.public_key().zip(read).is_none_or(|(key, read)| key.as_ref() != read.key_info) {
            return Err(TlsError::Mismatch { key: self.key.clone(), cert: self.cert.clone() });
        }
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match self.clients(provider, open)? {
            Some(clients) => builder.with_client_cert_verifier(Arc::new(clients)),
            None => builder.with_no_client_auth(),
        };
        let certified = CertifiedKey::new(certificates, key);
        Ok(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
    }

    /// What looks at the certificates of clients, if they must have one.
    fn clients(
        &self,
        provider: Arc<CryptoProvider>,
        open: Open<'_>,
    ) -> Result<Option<Clients>, TlsError> {
        if !self.verify {
            return Ok(None);
        }
        let mut cas = Vec::new();
        if let Some(file) = &self.ca_file {
            cas.extend(certificates(file, open)?);
        }
        if let Some(folder) = &self.ca_path {
            cas.extend(hashed(folder)?);
        }
        if self.ca_file.is_none() && self.ca_path.is_none() {
            let system = SYSTEM_CAS.iter().map(Path::new).find(|file| file.exists());
            cas.extend(certificates(system.ok_or(TlsError::NoSystemCas)?, &|path| {
                File::open(path)
            })?);
        }
        Ok(Some(Clients::new(cas, provider)?))
    }
}

/// All the certificates of a PEM file, of which there is at least one.
fn certificates(path: &Path, open: Open<'_>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |why| TlsError::Certificates { path: path.to_owned(), why };
    let file = open(path).map_err(|why| wrong(pem::Error::Io(why)))?;
    let all = CertificateDer::pem_reader_iter(BufReader::new(file));
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
            all.extend(certificates(&path, &|path| File::open(path))?);
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
    let suite = connection.negotiated_cipher_suite().map(openssl_name);
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
