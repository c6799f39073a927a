//! What hostile inputs are given to.

use mailprint::cli::archive::mailbox::Mbox;
use mailprint::engine::{Curve, Engine, Options, Worker};
use mailprint::fingerprint;
use mailprint::limits::Limits;
use mailprint::message::headers::Field;
use mailprint::message::{address, content_type::ContentType, encoded_word};
use mailprint::rules::Sources;
use mailprint::text::charset::{Trust, to_utf8};
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let rules = load(include_bytes!("../fuzz/rules.cf"));
    Engine::new(Arc::new(rules), Curve::default(), &Limits::default())
});
thread_local!(static WORKER: RefCell<Worker> = RefCell::new(ENGINE.worker()));

fn load(lines: &[u8]) -> mailprint::rules::RuleSet {
    let sources = Sources {
        site: Vec::new(),
        distribution: Vec::new(),
        local_tests_only: true,
        pre_lines: include_bytes!("../fuzz/rules.pre").to_vec(),
        cf_lines: lines.to_vec(),
        own: mailprint::rules::own::FILES.to_vec(),
        ..Sources::default()
    };
    mailprint::rules::load(&sources, &Limits::default())
}

/// What a message is recognised by.
pub fn fingerprints(mail: &[u8]) {
    let limits = Limits::default();
    let message = mailprint::message::Message::parse(mail.to_vec(), &limits);
    black_box(fingerprint::of(&message, &fingerprint::common::Nothing, &limits));
}

/// The whole road, every view, a rule of each kind.
pub fn scan(mail: &[u8]) {
    let options = Options { subtests: true, report: true, ..Options::default() };
    WORKER.with_borrow_mut(|worker| {
        black_box(ENGINE.scan(worker, mail.to_vec(), &options));
    });
}

/// An address list, far beyond `limits.addresses`.
pub fn addresses(value: &[u8]) {
    black_box(address::parse(value, 100_000));
}

/// One Received line.
pub fn received(value: &[u8]) {
    black_box(mailprint::message::received::parse(value));
}

/// One header value with encoded words.
pub fn words(value: &[u8]) {
    let field = Field { name: b"Subject".to_vec(), raw: value.to_vec() };
    black_box(encoded_word::decoded(&field));
}

/// A text in every charset that has states or tables.
pub fn charsets(text: &[u8]) {
    for charset in ["utf-7", "iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "gb18030", "utf-8", "x"] {
        for trust in [Trust::Hint, Trust::Declared] {
            black_box(to_utf8(text, Some(charset.as_bytes()), trust));
        }
    }
}

/// A Content-Type.
pub fn types(value: &[u8]) {
    black_box(ContentType::parse(Some(value)));
}

/// All messages of an mbox.
pub fn mailboxes(text: &[u8]) {
    let mut mbox = Mbox::new(text);
    while let Ok(Some(mut message)) = mbox.next_message() {
        _ = black_box(std::io::copy(&mut message, &mut std::io::sink()));
    }
}

/// A request that comes in pieces of a hundred bytes, heads of any length allowed.
pub fn requests(text: &[u8]) {
    let any = usize::MAX;
    let limits = Limits { request_line: any, request_head: any, ..Limits::default() };
    let limits = Limits { request_headers: any, ..limits };
    let mut reading = mailprint::protocol::request::Reading::new(&limits);
    _ = reading.feed(b"CHECK SPAMC/1.5\r\n");
    for piece in text.chunks(100) {
        _ = black_box(reading.feed(piece));
    }
}

/// Lines of a rule file.
pub fn rule_files(lines: &[u8]) {
    black_box(load(lines));
}
