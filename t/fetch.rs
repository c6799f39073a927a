//! Downloads, from Debian's nginx and rsync and from servers that behave badly.

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "support/nginx.rs"]
mod nginx;

#[path = "fetch/local.rs"]
mod local;
#[path = "fetch/rsync.rs"]
mod rsync;
#[path = "fetch/web.rs"]
mod web;

use mailprint::fetch::{Credentials, Download, FetchError, Fetched, Fetcher, Source, Stamp};
use mailprint::limits::Limits;
use std::path::Path;

/// Limits under which nothing takes long.
pub fn limits() -> Limits {
    Limits {
        fetch_bytes: 1 << 20,
        fetch_milliseconds: 5000,
        fetch_stall_milliseconds: 2000,
        fetch_connect_milliseconds: 1000,
        ..Limits::default()
    }
}

pub fn fetcher(credentials: Credentials) -> Fetcher {
    Fetcher::new(credentials, &limits())
}

pub async fn fetch(
    fetcher: &Fetcher,
    url: &str,
    place: &Path,
    known: Option<&Stamp>,
) -> Result<Option<Download>, FetchError> {
    let source = Source::parse(url).unwrap();
    Ok(match fetcher.fetch(&source, place, known, None).await? {
        Fetched::New(download) => Some(download),
        Fetched::Unchanged { .. } => None,
    })
}

/// Why nothing came.
pub async fn cause(fetcher: &Fetcher, url: &str, place: &Path) -> &'static str {
    let error = fetch(fetcher, url, place, None).await.map(drop).unwrap_err();
    println!("{error}");
    error.cause()
}
