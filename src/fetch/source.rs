//! Where a file comes from.

use super::FetchError;
use reqwest::Url;
use std::fmt;
use std::path::PathBuf;

/// Where a file comes from: `https://…`, `http://…` where somebody writes that on purpose,
/// `rsync://host/module/path`, or the absolute path of a local file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A web server.
    Web(Url),
    /// An rsync daemon.
    Rsync(String),
    /// A file of this machine, looked at for changes.
    File(PathBuf),
}

const KINDS: &str = "it begins with https://, http://, rsync:// or, for a local file, with /";

impl Source {
    /// What `text` names.
    pub fn parse(text: &str) -> Result<Source, FetchError> {
        let wrong = |why| FetchError::Source { text: text.to_owned(), why };
        if text.contains(|c: char| c.is_control()) {
            return Err(wrong("there is a control character in it"));
        }
        if text.starts_with('/') {
            return Ok(Source::File(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|_| wrong(KINDS))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it names no host"));
        }
        if url.host_str().is_some_and(|host| host.starts_with('-')) {
            return Err(wrong("no host's name begins with -"));
        }
        match url.scheme() {
            "https" | "http" if url.password().is_some() || !url.username().is_empty() => {
                Err(wrong("a password in an address is seen by everybody; use a header_file"))
            }
            "https" | "http" => Ok(Source::Web(url)),
            "rsync" if url.password().is_some() => {
                Err(wrong("a password in an address is seen by everybody; use a password_file"))
            }
            "rsync" if url.path().split('/').any(|name| name.starts_with('-')) => {
                Err(wrong("a name that begins with - is an option to some servers"))
            }
            "rsync" if url.path().trim_matches('/').contains('/') => Ok(Source::Rsync(url.into())),
            "rsync" => Err(wrong("it names no file: rsync://host/module/file")),
            _ => Err(wrong(KINDS)),
        }
    }

    /// The source of what lies `below` this one, which is taken as a folder.
    pub fn below(&self, below: &str) -> Source {
        match self {
            Source::Web(url) => {
                let mut url = url.clone();
                let path = format!("{}/{below}", url.path().trim_end_matches('/'));
                url.set_path(&path);
                Source::Web(url)
            }
            Source::Rsync(url) => Source::Rsync(format!("{}/{below}", url.trim_end_matches('/'))),
            Source::File(path) => Source::File(path.join(below)),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Web(url) => f.write_str(url.as_str()),
            Source::Rsync(url) => f.write_str(url),
            Source::File(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart_and_what_is_none_is_refused() {
        assert!(matches!(Source::parse("https://a.example/x"), Ok(Source::Web(_))));
        assert!(matches!(Source::parse("http://127.0.0.1:1/x"), Ok(Source::Web(_))));
        assert!(matches!(Source::parse("rsync://a.example/m/x"), Ok(Source::Rsync(_))));
        assert!(matches!(Source::parse("/srv/x"), Ok(Source::File(_))));
        for wrong in [
            "",
            "x",
            "--help",
            "-e sh",
            "ftp://a/x",
            "https://u:p@a/x",
            "rsync://u:p@a/m/x",
            "rsync://a/m",
            "rsync://a",
            "rsync://a/m/-e",
            "rsync://-a/m/x",
            "a::m/x",
            "file:///x",
            "/a\nb",
            "https://a/\0",
        ] {
            assert!(Source::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_lies_below_a_source_is_of_its_kind() {
        let below = |text: &str| Source::parse(text).unwrap().below("v1/head").to_string();
        assert_eq!(below("https://a.example/feed/"), "https://a.example/feed/v1/head");
        assert_eq!(below("https://a.example"), "https://a.example/v1/head");
        assert_eq!(below("/srv/feed"), "/srv/feed/v1/head");
    }
}
