//! Downloads by HTTP and HTTPS (RFC 9110), conditional where something is known already.
//!
//! Redirects are followed here and not by the client, because credentials are for the source's
//! own server only, and no redirect may lead from https to http. Sizes count after unpacking, so
//! that a gzip bomb meets the same limit as a large file.

use super::{Credentials, FetchError, Stamp, Temporary, aside, trust};
use crate::limits::Limits;
use reqwest::header::{
    ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// What is asked for.
pub(super) struct Asked<'a> {
    /// Where.
    pub url: &'a Url,
    /// What there is of it.
    pub known: Option<&'a Stamp>,
    /// So many bytes are taken.
    pub most: u64,
}

/// What came of it; the bytes are where the caller wanted them.
pub(super) enum Answer {
    Unchanged { wait: Option<Duration> },
    New { stamp: Stamp, bytes: u64, wait: Option<Duration> },
}

/// Where bytes go.
pub(super) enum Sink {
    Memory(Vec<u8>),
    /// In pieces of some size, since writing may wait for the disk. `None` while that happens.
    File(Option<Temporary>, Vec<u8>),
}

/// The size of those pieces.
const PIECE: usize = 1 << 18;

impl Sink {
    pub fn file(file: Temporary) -> Sink {
        Sink::File(Some(file), Vec::new())
    }

    async fn put(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        match self {
            Sink::Memory(all) => all.extend_from_slice(bytes),
            Sink::File(_, held) => {
                held.extend_from_slice(bytes);
                if held.len() >= PIECE {
                    self.flush(false).await?;
                }
            }
        }
        Ok(())
    }

    /// Brings what is held to the file, and with `finally` to the disk.
    async fn flush(&mut self, finally: bool) -> Result<(), FetchError> {
        let Sink::File(file, held) = self else { return Ok(()) };
        let Some(mut open) = file.take() else { return Err(FetchError::Ended) };
        let piece = std::mem::take(held);
        let work = move || {
            open.write(&piece)?;
            if finally {
                open.sync()?;
            }
            Ok(open)
        };
        *file = Some(aside(work).await?);
        Ok(())
    }
}

/// The clients of one fetcher, built when first needed and again after something went wrong, so
/// that replaced certificates are read.
#[derive(Debug, Default)]
pub(super) struct Clients {
    own: Mutex<Option<Ready>>,
    others: Mutex<Option<Ready>>,
}

/// A client and the header fields that it sends.
#[derive(Clone, Debug)]
struct Ready {
    client: Client,
    headers: HeaderMap,
}

impl Clients {
    pub async fn ask(
        &self,
        credentials: &Credentials,
        limits: &Limits,
        asked: Asked<'_>,
        sink: &mut Sink,
    ) -> Result<Answer, FetchError> {
        let whole = Duration::from_millis(limits.fetch_milliseconds as u64);
        let url = asked.url.clone();
        let work = self.follow(credentials, limits, &asked, sink);
        let outcome = timeout(whole, work).await.unwrap_or_else(|_| {
            let seconds = whole.as_secs();
            Err(FetchError::Late { url: url.to_string(), seconds, limit: "fetch_milliseconds" })
        });
        if outcome.is_err() {
            self.forget();
        }
        outcome
    }

    async fn follow(
        &self,
        credentials: &Credentials,
        limits: &Limits,
        asked: &Asked<'_>,
        sink: &mut Sink,
    ) -> Result<Answer, FetchError> {
        let mut at = asked.url.clone();
        for _ in 0..=limits.fetch_redirects {
            let is_own = at.origin() == asked.url.origin();
            let ready = self.ready(is_own, credentials, limits)?;
            let response = send(&ready, &at, asked.known, limits).await?;
            match response.status() {
                StatusCode::NOT_MODIFIED => {
                    return Ok(Answer::Unchanged { wait: wait(response.headers()) });
                }
                StatusCode::OK => return read(response, asked, limits, sink).await,
                status if status.is_redirection() => {
                    at = redirected(&at, response.headers())?;
                }
                status => return Err(refused(&at, status, response.headers())),
            }
        }
        let url = asked.url.to_string();
        let why = format!("more than {} times (limits.fetch_redirects)", limits.fetch_redirects);
        Err(FetchError::Redirect { url, why })
    }

    fn ready(
        &self,
        own: bool,
        credentials: &Credentials,
        limits: &Limits,
    ) -> Result<Ready, FetchError> {
        let slot = if own { &self.own } else { &self.others };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*slot {
            return Ok(ready.clone());
        }
        let shown = if own {
            credentials.clone()
        } else {
            Credentials { ca_file: credentials.ca_file.clone(), ..Credentials::default() }
        };
        let ready = build(&shown, limits)?;
        *slot = Some(ready.clone());
        Ok(ready)
    }

    fn forget(&self) {
        for slot in [&self.own, &self.others] {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

fn build(shown: &Credentials, limits: &Limits) -> Result<Ready, FetchError> {
    let client = Client::builder()
        .tls_backend_preconfigured(trust::client(shown)?)
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_millis(limits.fetch_connect_milliseconds as u64))
        .read_timeout(Duration::from_millis(limits.fetch_stall_milliseconds as u64))
        .user_agent(concat!("mailprint/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .build()
        .map_err(|why| FetchError::Unreachable { url: "the web".into(), why: chain(&why) })?;
    Ok(Ready { client, headers: trust::headers(shown)? })
}

async fn send(
    ready: &Ready,
    at: &Url,
    known: Option<&Stamp>,
    limits: &Limits,
) -> Result<Response, FetchError> {
    let mut request = ready.client.get(at.clone()).headers(ready.headers.clone());
    if let Some(etag) = known.and_then(|known| known.etag.as_deref()) {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(modified) = known.and_then(|known| known.modified.as_deref()) {
        request = request.header(IF_MODIFIED_SINCE, modified);
    }
    request.send().await.map_err(|why| failed(at, &why, limits))
}

async fn read(
    mut response: Response,
    asked: &Asked<'_>,
    limits: &Limits,
    sink: &mut Sink,
) -> Result<Answer, FetchError> {
    let large = || FetchError::Large { what: asked.url.to_string(), most: asked.most };
    let said = |name| {
        let value = response.headers().get(name)?;
        Some(value.to_str().ok()?.to_owned())
    };
    let size = response.content_length();
    if size.is_some_and(|size| size > asked.most) {
        return Err(large());
    }
    let stamp = Stamp { etag: said(ETAG), modified: said(LAST_MODIFIED), size, ..Stamp::default() };
    let wait = wait(response.headers());
    let mut bytes = 0u64;
    while let Some(piece) = response.chunk().await.map_err(|why| failed(asked.url, &why, limits))? {
        bytes = bytes.saturating_add(piece.len() as u64);
        if bytes > asked.most {
            return Err(large());
        }
        sink.put(&piece).await?;
    }
    sink.flush(true).await?;
    Ok(Answer::New { stamp, bytes, wait })
}

fn redirected(at: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
    let wrong = |why: String| FetchError::Redirect { url: at.to_string(), why };
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| wrong("to nowhere".into()))?;
    let to = at.join(location).map_err(|_| wrong("to what is no address".into()))?;
    match (at.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => Ok(to),
        ("https", "http") => Err(wrong(format!("from https to http: {to}"))),
        _ => Err(wrong(format!("to what is neither https nor http: {to}"))),
    }
}

fn refused(at: &Url, status: StatusCode, headers: &HeaderMap) -> FetchError {
    let (url, code) = (at.to_string(), status.as_u16());
    match code {
        404 | 410 => FetchError::Missing { url, code },
        _ => FetchError::Refused { url, code, wait: wait(headers) },
    }
}

/// `Retry-After` in seconds; as a date it is not heard.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn failed(at: &Url, why: &reqwest::Error, limits: &Limits) -> FetchError {
    let url = at.to_string();
    if why.is_timeout() && !why.is_connect() {
        let seconds = limits.fetch_stall_milliseconds as u64 / 1000;
        return FetchError::Late { url, seconds, limit: "fetch_stall_milliseconds" };
    }
    match why.is_connect() || why.is_request() {
        true => FetchError::Unreachable { url, why: chain(why) },
        false => FetchError::Torn { url, why: chain(why) },
    }
}

/// The last two causes of an error, which say more than the first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        texts.push(cause.to_string());
        next = cause.source();
    }
    texts.dedup();
    let last = texts.split_off(texts.len().saturating_sub(2));
    last.join(": ")
}

impl Answer {
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Answer::Unchanged { wait } | Answer::New { wait, .. } => *wait,
        }
    }
}
