//! Which clients' certificates are good.
//!
//! rustls decides, and where it refuses two more questions are asked, whose answers OpenSSL's
//! are: is the certificate itself among the trusted ones, as in a house with a single
//! self-signed one; is it of version 1, which rustls does not read, and signed by a trusted CA?

use super::certificate::Certificate;
use std::sync::Arc;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};

/// Looks at the certificates of clients.
#[derive(Debug)]
pub struct Clients {
    by_chain: Arc<dyn ClientCertVerifier>,
    trusted: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Clients {
    /// Trusts who has one of the certificates in `trusted`, or one signed by them.
    pub fn new(
        trusted: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Clients, VerifierBuilderError> {
        let mut roots = RootCertStore::empty();
        // What of them cannot be read vouches for nobody; none at all is an error below.
        roots.add_parsable_certificates(trusted.iter().cloned());
        let algorithms = provider.signature_verification_algorithms;
        let by_chain =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        Ok(Clients { by_chain, trusted, algorithms })
    }

    /// Is `client` good although rustls has refused it?
    fn is_good(&self, client: &CertificateDer<'_>, now: i64) -> bool {
        let Some(read) = Certificate::parse(client).filter(|read| read.holds_at(now)) else {
            return false;
        };
        let cas = self.trusted.iter().filter_map(|ca| Certificate::parse(ca));
        self.trusted.iter().any(|trusted| trusted == client)
            || (read.is_old
                && cas
                    .filter(|ca| ca.subject == read.issuer && ca.holds_at(now))
                    .any(|ca| self.has_signed(&ca, &read)))
    }

    fn has_signed(&self, ca: &Certificate<'_>, client: &Certificate<'_>) -> bool {
        let fitting = self.algorithms.all.iter().filter(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == ca.key_algorithm
                && algorithm.signature_alg_id().as_ref() == client.signature_algorithm
        });
        let mut checked = fitting
            .map(|algorithm| algorithm.verify_signature(ca.key, client.signed, client.signature));
        checked.any(|outcome| outcome.is_ok())
    }

    /// Checks what the key of an old certificate has signed in a handshake of TLS 1.2.
    fn signed_by_old(
        &self,
        message: &[u8],
        client: &Certificate<'_>,
        signed: &DigitallySignedStruct,
    ) -> bool {
        let mapping = self.algorithms.mapping.iter();
        let mut fitting = mapping
            .filter(|(scheme, _)| *scheme == signed.scheme)
            .flat_map(|(_, algorithms)| algorithms.iter())
            .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == client.key_algorithm);
        fitting.any(|algorithm| {
            algorithm.verify_signature(client.key, message, signed.signature()).is_ok()
        })
    }
}

/// The certificate, if it is of a version that rustls does not read.
fn old<'a>(client: &'a CertificateDer<'_>) -> Option<Certificate<'a>> {
    Certificate::parse(client).filter(|client| client.is_old)
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.by_chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        client: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.by_chain.verify_client_cert(client, intermediates, now).or_else(|why| {
            let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
            if self.is_good(client, now) { Ok(ClientCertVerified::assertion()) } else { Err(why) }
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        client: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_chain.verify_tls12_signature(message, client, signed).or_else(|why| {
            match old(client) {
                Some(old) if self.signed_by_old(message, &old, signed) => {
                    Ok(HandshakeSignatureValid::assertion())
                }
                _ => Err(why),
            }
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        client: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(old) = old(client) else {
            return self.by_chain.verify_tls13_signature(message, client, signed);
        };
        let key = SubjectPublicKeyInfoDer::from(old.key_info);
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_chain.supported_verify_schemes()
    }
}
