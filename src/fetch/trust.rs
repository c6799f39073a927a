//! Who is believed, and what is shown to them: TLS and credentials from files.

use super::{Credentials, FetchError};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// What a client of the web believes and shows.
pub(super) fn client(shown: &Credentials) -> Result<ClientConfig, FetchError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder
        .map_err(|why| FetchError::Unreachable { url: "TLS".into(), why: why.to_string() })?
        .with_root_certificates(roots(shown.ca_file.as_deref())?);
    let Some(path) = &shown.client_file else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(path)?;
    let key = PrivateKeyDer::from_pem_file(path)
        .map_err(|why| wrong(path, format!("there is no key in it ({why}); add one in PEM")))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|why| wrong(path, format!("its key and certificate will not do: {why}")))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, FetchError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let (added, _) = roots.add_parsable_certificates(certificates(path)?);
            if added == 0 {
                return Err(wrong(path, "none of its certificates can be believed".into()));
            }
        }
        // None at all are no error here: a source that is asked by http needs none, and one
        // that is asked by https will be told that its CA is not known.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let read = |why| wrong(path, format!("{why}; it should hold certificates in PEM"));
    let all = CertificateDer::pem_file_iter(path).map_err(read)?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(read)?;
    if all.is_empty() {
        return Err(wrong(path, "there is no certificate in it; add one in PEM".into()));
    }
    Ok(all)
}

/// The header fields of a source that wants some.
pub(super) fn headers(shown: &Credentials) -> Result<HeaderMap, FetchError> {
    let mut headers = HeaderMap::new();
    let Some(path) = &shown.header_file else { return Ok(headers) };
    let text = std::fs::read_to_string(path).map_err(|why| FetchError::disk(path, why))?;
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        // What is wrong is not shown: it may be a secret.
        let field = || wrong(path, "each line should be `Name: value`".into());
        let (name, value) = line.split_once(':').ok_or_else(field)?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| field())?;
        let mut value = HeaderValue::try_from(value.trim()).map_err(|_| field())?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

fn wrong(path: &Path, why: String) -> FetchError {
    FetchError::Credentials { path: path.to_owned(), why }
}
