use super::*;
use crate::engine::{Curve, Engine, Options};
use crate::rules::{Sources, load};
use proptest::prelude::*;
use std::sync::Arc;

/// An engine whose only rule hits mail with `spam` in its text.
fn engine(lines: &str) -> Engine {
    let rule = "body SPAM /spam/\nscore SPAM 10\ndescribe SPAM Says so\n\
        add_header all Status _YESNO_, score=_SCORE_\nreport report\n";
    let sources = Sources::of_lines(format!("{rule}{lines}"));
    let limits = Limits::default();
    Engine::new(Arc::new(load(&sources, &limits)), Curve::default(), &limits)
}

fn rewritten(engine: &Engine, mail: &[u8]) -> Vec<u8> {
    let options = Options { rewrite: true, ..Options::default() };
    let verdict = engine.scan(&mut engine.worker(), mail.to_vec(), &options);
    let rewritten = verdict.rewritten.unwrap();
    [rewritten.head, rewritten.body].concat()
}

fn removed(mail: Vec<u8>) -> String {
    String::from_utf8_lossy(&remove(mail, &Limits::default())).into_owned()
}

const REWRITES: &str = "rewrite_header Subject *****SPAM*****\nrewrite_header From SPAM\n\
    rewrite_header To SPAM\n";

const MAILS: &[&str] = &[
    "Subject: a\n b\nFrom: a@b\nTo: c@d,\n\te@f\n\nspam\n",
    "Return-Path: <a@b>\n\t(x)\nSubject: (nonexistent)\nFrom: a@b\n\nspam",
    "From a@b Thu Jan  1 00:00:00 2026\nsubject:x\nSUBJECT:y\n\nspam\n\n",
    "Subject: x\r\nFrom:  a@b\r\n\r\nspam\r\n",
    "Subject: *****SPAM***** x\nX-Spam-Prev-Subject: x\nFrom: a@b\n\nspam\n",
    "Subject: x\n\n--\nspam --\n\n",
    "Content-Type: multipart/mixed; boundary=\"a\"\nSubject: spam\n\n--a\n\n--ab\nspam\n--a--\n",
    "no header\nat all\n\nspam\n",
    "Subject: spam",
    "Subject: x\n\nspam\r",
    "\nspam\n",
    "Subject: ham\n\nham\n",
    "Subject: ham\nFrom: (SPAM) a@b\nX-Spam-Prev-Subject: old\n\nham\n",
];

#[test]
fn what_was_rewritten_is_put_back_byte_for_byte() {
    for safe in 0..3 {
        let engine = engine(&format!("{REWRITES}report_safe {safe}\n"));
        for mail in MAILS {
            let whole = rewritten(&engine, mail.as_bytes());
            assert_ne!(String::from_utf8_lossy(&whole), *mail);
            let again = rewritten(&engine, &whole);
            assert_eq!(removed(whole.clone()), *mail, "report_safe {safe}");
            if !mail.contains("ham") && safe > 0 {
                assert_eq!(remove(again, &Limits::default()), whole, "one layer at a time");
            }
        }
    }
}

#[test]
fn a_subject_that_there_was_not_is_taken_away() {
    let engine = engine(&format!("{REWRITES}report_safe 0\n"));
    let mail = "From: a@b (x)\nTo: c@d\n\nspam\n";
    let whole = rewritten(&engine, mail.as_bytes());
    assert!(String::from_utf8_lossy(&whole).contains("\nSubject: *****SPAM***** \n"));
    assert_eq!(removed(whole), mail);
}

#[test]
fn headers_of_another_filter_go_and_mail_without_any_stays() {
    let cases = [
        ("X-Spam-Flag: YES\nA: b\nx-spam-status: Yes,\n\tx\nC: d\n\nx\n", "A: b\nC: d\n\nx\n"),
        ("X-Spam-Prev-Subject: a\nSubject: b\n\nx\n", "X-Spam-Prev-Subject: a\nSubject: b\n\nx\n"),
        ("X-Spam-Flag: YES\nX-Spam-Prev-Subject: a\n\nx\n", "Subject: a\n\nx\n"),
        ("", ""),
        ("\n", "\n"),
    ];
    for (mail, plain) in cases {
        assert_eq!(removed(mail.as_bytes().to_vec()), plain);
    }
}

fn report_with(part: &str, behind: &str) -> Vec<u8> {
    format!(
        "Subject: x\nContent-Type: multipart/mixed; boundary=\"b\"\n\nA report.\n\n--b\n\
         Content-Type: text/plain\n\nwhy\n\n--b\n{part}{behind}"
    )
    .into_bytes()
}

#[test]
fn an_attached_original_is_found_however_it_is_wrapped() {
    let head = "Content-Type: message/rfc822; x-spam-type=original\n\n";
    let cases = [
        (head, "A: b\n\nc\n\n--b--\n\n", "A: b\n\nc\n"),
        (head, "A: b\n\nc\n--b--\n", "A: b\n\nc"),
        (head, "A: b\n\nc\n\n--b\n\na footer\n--b--\n", "A: b\n\nc\n"),
        // A boundary is a whole line.
        (head, "A: b\n\n--bc\n--b-\n --b\n\n--b--\n", "A: b\n\n--bc\n--b-\n --b\n"),
        // Broken off.
        (head, "A: b\n\nc\n", "A: b\n\nc\n"),
        (
            "content-type: text/plain;\n x-spam-type=original\nContent-Description: x\n\n",
            "A: b\r\n\r\n\r\n--b--\r\n",
            "A: b\r\n\r\n",
        ),
        (
            "Content-Description: original message before SpamAssassin\n\
             Content-Type: message/rfc822\n\n",
            "A: b\n\n\n--b--\n",
            "A: b\n\n",
        ),
    ];
    for (part, behind, original) in cases {
        assert_eq!(removed(report_with(part, behind)), original, "{part}{behind}");
    }
}

#[test]
fn what_only_looks_like_a_report_loses_nothing() {
    let head = "Content-Type: message/rfc822; x-spam-type=original\n\n";
    let cases = [
        (head, ""),
        (head, "--b--\n"),
        ("Content-Type: message/rfc822\n\n", "A: b\n\n\n--b--\n"),
        ("Content-Type: text/html; x-spam-type=original\n\n", "A: b\n\n\n--b--\n"),
    ];
    for (part, behind) in cases {
        let mail = report_with(part, behind);
        assert_eq!(remove(mail.clone(), &Limits::default()), mail);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_mail_is_put_back(
        names in prop::collection::vec("(?i)subject|from|to|cc|x-spam-prev-subject|a|return-path", 1..8),
        values in prop::collection::vec("[ \\t]{0,2}[a-z=?()@\\x01-\\x08\u{e4}]{0,12}(\n [a-z]{1,4})?", 8),
        body in "(spam|x|\n|-|=|_|--a){0,12}",
        crlf: bool,
        safe in 0..3,
    ) {
        let fields = names.iter().zip(&values).map(|(name, value)| format!("{name}:{value}\n"));
        let mail = format!("Subject: s\n{}\nspam{body}\n", fields.collect::<String>());
        let mail = if crlf { mail.replace('\n', "\r\n") } else { mail };
        let engine = engine(&format!("{REWRITES}report_safe {safe}\n"));
        prop_assert_eq!(removed(rewritten(&engine, mail.as_bytes())), mail);
    }

    #[test]
    fn nothing_panics_and_plain_mail_stays(mail in prop::collection::vec(any::<u8>(), 0..200)) {
        let plain = remove(mail.clone(), &Limits::default());
        if memchr::memmem::find(&mail.to_ascii_lowercase(), b"x-spam-").is_none() {
            prop_assert!(plain.len() >= mail.len());
        }
    }
}
