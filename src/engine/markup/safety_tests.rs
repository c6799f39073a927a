//! Whatever stands in a message, it cannot write a header or a boundary of its own.

use super::*;
use crate::engine::{Curve, Engine, Options};
use crate::limits::Limits;
use crate::rules::{Sources, UserPrefs, load};
use proptest::prelude::*;

/// Every way in which text of a message may come into a header.
const RULES: &str = "body SPAM /spam/\nscore SPAM 10\ndescribe SPAM Says so\n\
    add_header all Quoted _HEADER(Subject)_ _HEADER(Subject:raw)_ _HEADER(From:name)_\n\
    add_header all Lines a\\nb _HEADER(ALL)_ _PREVIEW_\n\
    add_header all Relays _RELAYSUNTRUSTED_ _LASTEXTERNALHELO_ _SENDERDOMAIN_\n\
    rewrite_header Subject X _HEADER(Subject:raw)_\n\
    rewrite_header From _HEADER(From:raw)_\nrewrite_header To _HEADER(X-Own)_\n\
    subjprefix SPAM _HEADER(Subject)_\n\
    report_safe_copy_headers X-Own Received\n\
    report _HEADER(ALL)_ _PREVIEW_ _REPORT_\nunsafe_report _HEADER(X-Own)_\n";

fn engine(lines: &str, limits: &Limits) -> Engine {
    let sources = Sources::of_lines(lines);
    Engine::new(Arc::new(load(&sources, limits)), Curve::default(), limits)
}

fn rewritten(engine: &Engine, mail: &[u8], options: Options) -> Rewritten {
    let options = Options { rewrite: true, ..options };
    engine.scan(&mut engine.worker(), mail.to_vec(), &options).rewritten.unwrap()
}

/// The names of the fields in a head, each once for each field.
fn names(head: &[u8]) -> Vec<String> {
    let lines = head.split_inclusive(|&byte| byte == b'\n');
    let first = lines.filter(|line| !pristine::is_continuation(line));
    let name = |line: &[u8]| line.split(|&byte| byte == b':').next().unwrap_or_default().to_vec();
    let names = first.map(|line| String::from_utf8_lossy(&name(line)).trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// Values with everything that could end a line, or look like the end of a header.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r".to_vec()),
        Just(b"\0".to_vec()),
        Just(b"\n ".to_vec()),
        Just(b"\r\n\t".to_vec()),
        Just(b"=?utf-8?Q?=0D=0AX-Evil:_1=0A=0A?=".to_vec()),
        Just(b"=?utf-8?B?DQpYLUV2aWw6IDEKCg==?=".to_vec()),
        Just(b"\"a\\\r\n b\" <c@d.org>".to_vec()),
        Just(b"X-Evil: 1".to_vec()),
        Just(b"_REPORT_ ----------=_".to_vec()),
        Just("ü\u{85}\u{2028}".as_bytes().to_vec()),
        Just(b"\xe4\xff".to_vec()),
        Just(vec![b'x'; 300]),
        Just(b", , ".to_vec()),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn values_of_a_message_add_no_header(
        subject in value(), from in value(), own in value(), crlf: bool, safe in 0..3,
    ) {
        let (subject, from, own) = (&subject[..], &from[..], &own[..]);
        let fields =
            [b"Subject: ", subject, b"\nFrom: ", from, b"\nTo: a@b.org\nX-Own: ", own, b"\n\nspam\n"];
        let mail = fields.concat();
        let mail = if crlf {
            String::from_utf8_lossy(&mail).replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
        } else {
            mail
        };
        let engine = engine(&format!("{RULES}report_safe {safe}\n"), &Limits::default());
        let whole = rewritten(&engine, &mail, Options::default());
        let mut names = names(&whole.head);
        names.sort();
        let mut expected = vec![
            "From", "Subject", "To", "X-Own", "X-Spam-Checker-Version", "X-Spam-Lines",
            "X-Spam-Quoted", "X-Spam-Relays",
        ];
        expected.extend(match safe {
            0 => vec!["X-Spam-Prev-From", "X-Spam-Prev-Subject", "X-Spam-Prev-To", "X-Spam-Report"],
            _ => vec!["Content-Type", "MIME-Version", "Received"],
        });
        expected.sort_unstable();
        prop_assert_eq!(names, expected, "{}", whole.head.escape_ascii());
        if safe > 0 {
            let text = String::from_utf8_lossy(&whole.head).into_owned();
            let (_, boundary) = text.split_once("boundary=\"").unwrap();
            let boundary = format!("--{}", boundary.split('"').next().unwrap());
            let finder = memchr::memmem::Finder::new(boundary.as_bytes());
            prop_assert_eq!(finder.find_iter(&whole.body).count(), 3);
        }
    }
}

#[test]
fn limit_rewritten_fields() {
    let limits = Limits { rewritten_fields: 2, ..Limits::default() };
    let lines = "body SPAM /spam/\nscore SPAM 10\nreport_safe 0\nrewrite_header Subject X\n";
    let engine = engine(lines, &limits);
    for (fields, rewritten_fields) in [(1, 1), (2, 2), (3, 2)] {
        let mail = format!("{}\nspam\n", "Subject: a\n".repeat(fields));
        let whole = rewritten(&engine, mail.as_bytes(), Options::default());
        let head = String::from_utf8(whole.head.clone()).unwrap();
        assert_eq!(head.matches("Subject: X a\n").count(), rewritten_fields, "{head}");
        let plain = remove([whole.head, whole.body].concat(), &limits);
        assert_eq!(String::from_utf8(plain).unwrap(), mail);
    }
}

#[test]
fn a_user_decides_how_his_mail_looks() {
    let limits = Limits::default();
    let lines = "body SPAM /spam/\nscore SPAM 10\ndescribe SPAM Theirs\nreport _SUMMARY_\n\
        rewrite_header Subject SITE\nadd_header all Site 1\n";
    let engine = engine(lines, &limits);
    let own = b"report_safe 0\nrewrite_header subject OWN\nrewrite_header from me\n\
        describe SPAM Mine\nadd_header spam Own _REQD_\nrequired_score 2\nremove_header all site\n";
    let prefs = UserPrefs::read(Arc::clone(engine.rules()), "user_prefs", own, &limits);
    let profile = Some(Arc::new(engine.profile(&prefs)));
    let mail = b"From: a@b.org\nSubject: x\n\nspam\n";
    let of_user = rewritten(&engine, mail, Options { profile, ..Options::default() });
    let of_user = String::from_utf8(of_user.head).unwrap();
    for line in ["Subject: OWN x\n", "From: (me) a@b.org\n", "X-Spam-Own: 2.0\n", "SPAM BODY: Mine"]
    {
        assert!(of_user.contains(line), "{line}{of_user}");
    }
    assert!(!of_user.contains("X-Spam-Site"));
    let of_site = rewritten(&engine, mail, Options::default());
    assert!(String::from_utf8(of_site.head).unwrap().contains("\nSubject: SITE x\n"));
    assert!(String::from_utf8(of_site.body).unwrap().contains(" 10 SPAM"));
}
