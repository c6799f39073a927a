use super::*;
use crate::engine::markup::preview::preview;
use crate::limits::Limits;
use crate::rules::options::Options;

fn hit(name: &str, score: f64, count: u32, area: &'static str, description: &str) -> Hit {
    Hit {
        name: name.into(),
        score,
        count,
        area,
        description: description.as_bytes().into(),
        ..Hit::default()
    }
}

fn spam() -> Verdict {
    Verdict {
        hits: vec![
            hit("MISSING_DATE", 2.739, 1, "", "Missing Date: header"),
            hit("GTUBE", 1000.0, 1, "BODY: ", "Generic Test for Unsolicited Bulk Email"),
            hit(
                "HTML_FONT_LOW_CONTRAST",
                0.713,
                2,
                "BODY: ",
                "HTML font color similar or identical to background",
            ),
            hit("ADVANCE_FEE_2_NEW_MONEY", -0.001, 1, "", ""),
        ],
        score: 1004.2,
        required: 5.0,
        subtests: vec![("__B".into(), 2), ("__A".into(), 1)],
        autolearn: "no",
        autolearn_score: 0.5,
        subject_prefix: b"[X] ".to_vec(),
        ..Verdict::default()
    }
}

fn filled(template: &str, verdict: &Verdict) -> String {
    let other = |name: &[u8], argument: Option<&[u8]>| match name {
        b"LASTEXTERNALIP" => Some(argument.unwrap_or(b"192.0.2.1").to_vec()),
        b"PREVIEW" => Some(b"Hello _SCORE_\x1b\r\0 there\n".to_vec()),
        _ => None,
    };
    let (settings, surroundings) = (settings(), surroundings());
    let facts = Facts::new(verdict, &settings, &surroundings, &other);
    String::from_utf8(facts.filled(template.as_bytes())).unwrap()
}

fn settings() -> Settings {
    let settings = Settings::of(&Options::default(), &Limits::default());
    Settings { contact: b"postmaster"[..].into(), wrap_width: 75, ..settings }
}

fn surroundings() -> Surroundings {
    Surroundings { hostname: "mx.example.org".into(), ..Surroundings::default() }
}

#[test]
fn tags_are_replaced_and_the_unknown_stay() {
    let ham = Verdict { score: 4.96, required: 5.0, ..Verdict::default() };
    let cases: &[(&str, &str, &str)] = &[
        ("_YESNO_", "Yes", "No"),
        ("is_YESNO(, NOT)_ spam", "is spam", "is NOT spam"),
        ("_YESNOCAPS(yes,no)_", "YES", "NO"),
        ("_SCORE_/_REQD_", "1004.2/5.0", "4.9/5.0"),
        ("_SCORE(00)_", "1004.2", "004.9"),
        ("_HITS( )_", "1004.2", " 4.9"),
        ("_SCORE(x)_", "1004.2", "4.9"),
        ("_STARS(*)_", &"*".repeat(50), "****"),
        (
            "_TESTS_",
            "ADVANCE_FEE_2_NEW_MONEY,GTUBE,HTML_FONT_LOW_CONTRAST,HTML_FONT_LOW_CONTRAST,\
             MISSING_DATE",
            "none",
        ),
        ("_SUBTESTS( )_", "__A __B __B", "none"),
        ("_SUBTESTSCOLLAPSED( )_", "__A,__B(2)", "none"),
        ("_NO_SUCH_TAG_ _SCORE_", "_NO_SUCH_TAG_ 1004.2", "_NO_SUCH_TAG_ 4.9"),
        ("_REQD_SCORE_", "_REQD_SCORE_", "_REQD_SCORE_"),
        ("__REQD_SCORE", "_5.0SCORE", "_5.0SCORE"),
        ("_score_ _ __ _REQD", "_score_ _ __ _REQD", "_score_ _ __ _REQD"),
        ("_YESNO()_ _YESNO(a)_ _YESNO(,)_", "Yes a ", "No No "),
        ("_PREVIEW_", "Hello _SCORE_\x1b\r\0 there\n", "Hello _SCORE_\x1b\r\0 there\n"),
        ("_VERSION_ _SUBVERSION_", "4.0.1 2024-03-25", "4.0.1 2024-03-25"),
        ("_ADDEDHEADER_", "_ADDEDHEADER_", "_ADDEDHEADER_"),
        ("_REMOTEHOSTNAME_ _REMOTEHOSTADDR_", "localhost 127.0.0.1", "localhost 127.0.0.1"),
        ("_AUTOLEARN_ _AUTOLEARNSCORE_ _SUBJPREFIX_", "no 0.5 [X] ", " 0 "),
        ("_LASTEXTERNALIP_ _LASTEXTERNALIP(a)b)_", "192.0.2.1 a)b", "192.0.2.1 a)b"),
        ("_HOSTNAME_ _CONTACTADDRESS_", "mx.example.org postmaster", "mx.example.org postmaster"),
        ("_BAYES_", "0.5", "0.5"),
    ];
    for (template, for_spam, for_ham) in cases {
        assert_eq!(filled(template, &spam()), *for_spam, "{template}");
        assert_eq!(filled(template, &ham), *for_ham, "{template}");
    }
}

#[test]
fn the_table_has_the_columns_of_spamassassin() {
    assert_eq!(
        filled("_SUMMARY_", &spam()),
        " 2.7 MISSING_DATE           Missing Date: header\n\
         1000 GTUBE                  BODY: Generic Test for Unsolicited Bulk Email\n \
         0.7 HTML_FONT_LOW_CONTRAST BODY: HTML font color similar or identical to\n                            \
         background\n \
         0.7 HTML_FONT_LOW_CONTRAST BODY: HTML font color similar or identical to\n                            \
         background\n\
         -0.0 ADVANCE_FEE_2_NEW_MONEY No description available.\n"
    );
    assert!(
        filled("_REPORT_", &spam()).starts_with("\n*  2.7 MISSING_DATE Missing Date: header\n")
    );
}

#[test]
fn a_report_ends_with_one_empty_line() {
    let report = |template: &[u8]| {
        let settings = Settings { report: template.into(), ..settings() };
        let verdict = Verdict::default();
        let surroundings = surroundings();
        let value = |_: &[u8], _: Option<&[u8]>| Some(b"\x1b[2J\r\0\ta\nb".to_vec());
        Facts::new(&verdict, &settings, &surroundings, &value).report()
    };
    assert_eq!(report(b"a\n\n\n\n"), b"a\n\n");
    assert_eq!(report(b"a"), b"a\n\n");
    assert_eq!(report(b""), b"(no report template found)\n\n");
    assert_eq!(report(b"_X_"), b"[2J\ta\nb\n\n", "control characters do not come from mail");
}

#[test]
fn a_preview_is_short_clean_text() {
    let shown = |paragraphs: &[&str]| {
        let pieces = paragraphs.iter().map(|text| text.as_bytes());
        String::from_utf8(preview(pieces)).unwrap()
    };
    // Expectations seen in spamd's own reports of such messages.
    assert_eq!(shown(&["Lunch at noon?\n", "Ann\n"]), "Lunch at noon? Ann ");
    assert_eq!(shown(&[]), "");
    let gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
    assert_eq!(shown(&[&format!("{gtube}\n")]), format!("{gtube}\n   "));
    assert_eq!(shown(&["a ---------- b\u{1b}[2J\n"]), "a b[2J ");
    assert_eq!(shown(&["a -----Original Message----- b\n", "c\n"]), "a c ");
    let long = "word ".repeat(60);
    assert!(shown(&[&long, "never seen"]).ends_with("[...] "));
}

#[test]
fn what_a_test_says_stands_in_brackets_below_it() {
    let mut noted = hit("FREEMAIL_FROM", 0.001, 1, "", "A free mail address");
    noted.log = vec![
        b"someone(at)example.com".to_vec(),
        b"a text that is longer than forty-eight bytes and is cut at white space".to_vec(),
        vec![b'x'; 50],
    ];
    let verdict = Verdict { hits: vec![noted], ..Verdict::default() };
    let indent = " ".repeat(28);
    assert_eq!(
        filled("_SUMMARY_", &verdict),
        format!(
            " 0.0 FREEMAIL_FROM          A free mail address\n\
             {indent}[someone(at)example.com]\n\
             {indent}[a text that is longer than forty-eight bytes and]\n\
             {indent}[is cut at white space]\n{}[{}]\n",
            " ".repeat(26),
            "x".repeat(50)
        )
    );
    assert!(filled("_REPORT_", &verdict).contains(
        "\n*      [someone(at)example.com]\n[a text that is longer than forty-eight bytes and]\n"
    ));
}

proptest::proptest! {
    #[test]
    fn any_template_and_any_text_can_be_filled_in(
        template in "[_A-Z0-9() ,a\n]{0,80}",
        paragraphs in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..300), 0..5),
    ) {
        let shown = preview(paragraphs.iter().map(Vec::as_slice));
        let control = |byte: &u8| byte.is_ascii_control() && *byte != b'\n';
        proptest::prop_assert!(!shown.iter().any(control));
        filled(&template, &spam());
    }
}

#[test]
fn limit_filled_template() {
    let verdict = Verdict::default();
    let surroundings = surroundings();
    for (longest, expected) in [(5, "12345_X_"), (6, "1234512345"), (7, "1234512345")] {
        let settings = Settings { longest, ..settings() };
        let other = |_: &[u8], _: Option<&[u8]>| Some(b"12345".to_vec());
        let facts = Facts::new(&verdict, &settings, &surroundings, &other);
        assert_eq!(String::from_utf8_lossy(&facts.filled(b"_X__X_")), expected, "{longest}");
        assert_eq!(facts.reached().has(Limit::FilledTemplate), longest == 5);
    }
}
