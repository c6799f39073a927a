//! HTTP and HTTPS.

use super::nginx::{Folder, Nginx, certificate};
use super::{cause, fetch, fetcher, limits};
use mailprint::fetch::{Credentials, Fetcher, Got, Source};
use mailprint::limits::Limits;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

/// A server that answers each connection with `reply` and then keeps it open.
fn rude(reply: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(reply);
            if reply.ends_with(b"cut") {
                continue;
            }
            open.push(stream);
        }
    });
    url
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_and_the_old_stays_until_the_new_is_kept() {
    let folder = Folder::new("fetch-again");
    let Some(nginx) = Nginx::start(&folder.0, "") else { return };
    fs::write(folder.at("www/list"), "one").unwrap();
    let (fetcher, place) = (fetcher(Credentials::default()), folder.at("kept/list"));
    let url = nginx.url("list");
    let download = fetch(&fetcher, &url, &place, None).await.unwrap().unwrap();
    assert!(!place.exists() && download.bytes() == 3);
    let stamp = download.keep().unwrap();
    assert!(stamp.etag.is_some() && stamp.modified.is_some());
    assert_eq!(fs::read(&place).unwrap(), b"one");
    assert!(fetch(&fetcher, &url, &place, Some(&stamp)).await.unwrap().is_none());
    fs::write(folder.at("www/list"), "two and more").unwrap();
    let download = fetch(&fetcher, &url, &place, Some(&stamp)).await.unwrap().unwrap();
    assert_eq!(fs::read(&place).unwrap(), b"one");
    drop(download);
    assert_eq!(names(&folder.at("kept")), ["list"]);
    // Without the file its stamp is worth nothing.
    fs::remove_file(&place).unwrap();
    fs::write(folder.at("www/list"), "one").unwrap();
    assert!(fetch(&fetcher, &url, &place, Some(&stamp)).await.unwrap().is_some());
    let got = fetcher.get(&Source::parse(&url).unwrap(), None, 3).await.unwrap();
    assert!(matches!(got, Got::New { bytes, .. } if bytes == b"one"));
}

#[tokio::test]
async fn limit_fetch_bytes_counts_what_is_unpacked() {
    let folder = Folder::new("fetch-size");
    let Some(nginx) = Nginx::start(&folder.0, "gzip on; gzip_types *; gzip_min_length 1;") else {
        return;
    };
    let most = limits().fetch_bytes;
    let place = folder.at("list");
    let fetcher = fetcher(Credentials::default());
    for (length, fits) in [(most - 1, true), (most, true), (most + 1, false), (most * 40, false)] {
        fs::write(folder.at("www/list"), vec![b'a'; length]).unwrap();
        let fetched = fetch(&fetcher, &nginx.url("list"), &place, None).await;
        assert_eq!(fetched.is_ok(), fits, "{length}");
    }
    // The bomb went over the wire as what it is.
    let log = fs::read_to_string(folder.at("access.log")).unwrap();
    let sent = log.lines().map(|line| line.split(' ').nth(9).unwrap().parse::<u64>().unwrap());
    assert!(sent.max().unwrap() < 100_000, "{log}");
    let source = Source::parse(&nginx.url("list")).unwrap();
    assert_eq!(fetcher.get(&source, None, 10).await.unwrap_err().cause(), "large");
    assert_eq!(names(&folder.0).iter().filter(|name| name.ends_with(".part")).count(), 0);
}

#[tokio::test]
async fn only_who_is_believed_is_asked_and_shows_what_it_is_given() {
    let folder = Folder::new("fetch-tls");
    certificate(&folder.at("client.pem"));
    let locations = format!(
        "ssl_client_certificate {0}; ssl_verify_client optional;\n\
         location /mine {{ if ($ssl_client_verify != SUCCESS) {{ return 403; }} }}\n\
         location /token {{ return 200 \"$http_x_token.\"; }}",
        folder.at("client.pem").display()
    );
    let Some(nginx) = Nginx::start(&folder.0, &locations) else { return };
    fs::write(folder.at("www/list"), "one").unwrap();
    fs::write(folder.at("www/mine"), "mine").unwrap();
    fs::write(folder.at("headers"), "# a comment\nX-Token: secret\n").unwrap();
    let place = folder.at("list");
    let unknown = fetcher(Credentials::default());
    assert_eq!(cause(&unknown, &nginx.secure_url("list"), &place).await, "unreachable");
    let believed = Credentials { ca_file: Some(folder.at("tls.pem")), ..Credentials::default() };
    let fetcher_of = |credentials: &Credentials| fetcher(credentials.clone());
    let plain = fetcher_of(&believed);
    assert!(fetch(&plain, &nginx.secure_url("list"), &place, None).await.unwrap().is_some());
    assert_eq!(cause(&plain, &nginx.secure_url("mine"), &place).await, "refused");
    let shown = Credentials {
        client_file: Some(folder.at("client.pem")),
        header_file: Some(folder.at("headers")),
        ..believed
    };
    let shows = fetcher_of(&shown);
    let token = fetch(&shows, &nginx.secure_url("token"), &place, None).await.unwrap().unwrap();
    assert_eq!(fs::read(token.path()).unwrap(), b"secret.");
    assert!(fetch(&shows, &nginx.secure_url("mine"), &place, None).await.unwrap().is_some());
    fs::write(folder.at("headers"), "no field\n").unwrap();
    assert_eq!(cause(&fetcher_of(&shown), &nginx.secure_url("list"), &place).await, "settings");
    let missing = Credentials { ca_file: Some(folder.at("none.pem")), ..Credentials::default() };
    assert_eq!(cause(&fetcher_of(&missing), &nginx.url("list"), &place).await, "settings");
}

#[tokio::test]
async fn limit_fetch_redirects_and_nobody_is_led_from_https_to_http_or_given_secrets() {
    let folder = Folder::new("fetch-redirect");
    let other = Folder::new("fetch-other");
    let Some(second) = Nginx::start(&other.0, "location /token { return 200 \"$http_x_token.\"; }")
    else {
        return;
    };
    let locations = format!(
        "location ~ ^/hop/(?<n>.)$ {{ return 302 /hop$n; }}\n\
         location /hop5 {{ return 301 /hop4; }} location /hop4 {{ return 301 /hop3; }}\n\
         location /hop3 {{ return 307 /hop2; }} location /hop2 {{ return 308 /hop1; }}\n\
         location /hop1 {{ return 302 /list; }}\n\
         location /round {{ return 302 /round; }} location /nowhere {{ return 302 ''; }}\n\
         location /file {{ return 302 file:///etc/passwd; }}\n\
         location /down {{ return 302 {}; }} location /away {{ return 302 {}; }}",
        second.url("token"),
        second.url("token"),
    );
    let Some(nginx) = Nginx::start(&folder.0, &locations) else { return };
    fs::write(folder.at("www/list"), "one").unwrap();
    fs::write(folder.at("headers"), "X-Token: secret\n").unwrap();
    let place = folder.at("list");
    let credentials = Credentials {
        ca_file: Some(folder.at("tls.pem")),
        header_file: Some(folder.at("headers")),
        ..Credentials::default()
    };
    let fetcher = fetcher(credentials);
    assert!(fetch(&fetcher, &nginx.url("hop5"), &place, None).await.unwrap().is_some());
    assert_eq!(cause(&fetcher, &nginx.url("hop/5"), &place).await, "redirect");
    assert_eq!(cause(&fetcher, &nginx.url("round"), &place).await, "redirect");
    assert_eq!(cause(&fetcher, &nginx.url("file"), &place).await, "redirect");
    assert_eq!(cause(&fetcher, &nginx.secure_url("down"), &place).await, "redirect");
    let away = fetch(&fetcher, &nginx.url("away"), &place, None).await.unwrap().unwrap();
    assert_eq!(fs::read(away.path()).unwrap(), b".", "the header is for its own server");
}

#[tokio::test]
async fn codes_are_told_apart_and_a_servers_wish_is_heard() {
    let folder = Folder::new("fetch-codes");
    let locations = "location /busy { add_header Retry-After 77 always; return 503; }\n\
                     location /odd { return 204; }";
    let Some(nginx) = Nginx::start(&folder.0, locations) else { return };
    let (fetcher, place) = (fetcher(Credentials::default()), folder.at("list"));
    assert_eq!(cause(&fetcher, &nginx.url("none"), &place).await, "missing");
    assert_eq!(cause(&fetcher, &nginx.url("odd"), &place).await, "refused");
    let busy = fetch(&fetcher, &nginx.url("busy"), &place, None).await.map(drop).unwrap_err();
    assert_eq!(busy.wait(), Some(Duration::from_secs(77)));
    let url = nginx.url("list");
    drop(nginx);
    assert_eq!(cause(&fetcher, &url, &place).await, "unreachable");
}

#[tokio::test]
async fn what_is_torn_is_not_taken() {
    let folder = Folder::new("fetch-torn");
    let (fetcher, place) = (fetcher(Credentials::default()), folder.at("list"));
    let cut = rude(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut");
    assert_eq!(cause(&fetcher, &cut, &place).await, "torn");
    let chunked = rude(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncut");
    assert_eq!(cause(&fetcher, &chunked, &place).await, "torn");
    let gzip = rude(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nx-cut");
    assert_eq!(cause(&fetcher, &gzip, &place).await, "torn");
    assert_eq!(cause(&fetcher, &rude(b"nonsense\r\n\r\ncut"), &place).await, "unreachable");
    assert!(names(&folder.0).is_empty());
}

#[tokio::test]
async fn limit_fetch_milliseconds_and_fetch_stall_milliseconds_and_fetch_connect_milliseconds() {
    let folder = Folder::new("fetch-late");
    let place = folder.at("list");
    let with = |change: fn(&mut Limits)| {
        let mut limits = limits();
        change(&mut limits);
        Fetcher::new(Credentials::default(), &limits)
    };
    let stalls = rude(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    let fetcher = with(|limits| limits.fetch_stall_milliseconds = 200);
    assert_eq!(cause(&fetcher, &stalls, &place).await, "late");
    let fetcher = with(|limits| limits.fetch_milliseconds = 200);
    assert_eq!(cause(&fetcher, &stalls, &place).await, "late");
    // It accepts, and never shakes hands.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/x", silent.local_addr().unwrap());
    let fetcher = with(|limits| limits.fetch_connect_milliseconds = 200);
    assert_eq!(cause(&fetcher, &url, &place).await, "unreachable");
}
