//! Replies beside Debian's spamd's, byte for byte.
//!
//! Every request of `t/server/requests.rs` goes to both, with TELL allowed and without it.
//! `t/replies` compares them all, the test suite a sample.

use super::harness::*;
use super::requests;
use super::spamd::{Marks, Program, Spamd};

/// What spamd passes on as it came and we escape (`doc/DIFFERENCES.md`).
fn escaped(reply: Vec<u8>) -> Vec<u8> {
    let echo = reply.starts_with(b"SPAMD/1.0 76 Bad header line: ");
    let Some(line) = reply.strip_suffix(b"\r\n").filter(|_| echo) else { return reply };
    let line = mailprint::text::shown::shown(line) + "\r\n";
    line.into_bytes()
}

/// A reply without the boundary, which is made up anew each time, and the time of day.
fn masked(reply: Vec<u8>) -> Vec<u8> {
    let changing = r"-=_[0-9A-F]{8}\.[0-9A-F]{8}|\d\d:\d\d:\d\d [+-]\d{4}";
    let changing = regex::bytes::Regex::new(changing).unwrap();
    changing.replace_all(&reply, &b"*"[..]).into_owned()
}

/// Asks both and tells of every difference.
fn compare(marks: &Marks, options: &[&str], requests: &[Vec<u8>]) -> Option<Vec<String>> {
    let theirs = Spamd::start(&marks.rules(), &marks.site(), options)?;
    let ours = Program::start(&marks.rules(), &marks.site(), options);
    let mut different = Vec::new();
    for request in requests {
        let (their, our) = (ask(theirs.address, request), ask(ours.address, request));
        let (their, our) = (masked(escaped(their)), masked(our));
        if their != our {
            different.push(format!(
                "{}\n  spamd:     {}\n  mailprint: {}",
                request.escape_ascii(),
                their.escape_ascii(),
                our.escape_ascii()
            ));
        }
    }
    println!("{} requests with {options:?}: {} differ", requests.len(), different.len());
    Some(different)
}

#[test]
fn replies_are_those_of_the_real_spamd() {
    let marks = Marks::write("replies");
    let requests = requests::all();
    assert!(requests.len() >= 300);
    let step = if std::env::var_os("REPLIES").is_some() { 1 } else { 7 };
    let sample: Vec<Vec<u8>> = requests.into_iter().step_by(step).collect();
    let mut different = Vec::new();
    for options in [&[][..], &["--allow-tell"][..]] {
        let Some(found) = compare(&marks, options, &sample) else { return };
        different.extend(found);
    }
    assert!(different.is_empty(), "{} differ\n{}", different.len(), different.join("\n"));
}
