use super::*;
use proptest::prelude::*;

fn all(bytes: &[u8]) -> Result<Request, RequestError> {
    match parse_all(bytes, &Limits::default())? {
        Progress::Complete(request) => Ok(request),
        Progress::Incomplete => panic!("a whole input cannot be incomplete: {bytes:?}"),
    }
}

fn error(bytes: &[u8]) -> String {
    all(bytes).unwrap_err().to_string()
}

#[test]
fn a_request_carries_verb_version_user_and_message() {
    let request = all(b"CHECK SPAMC/1.5\r\nUser: me\r\nContent-length: 4\r\n\r\nA: b").unwrap();
    assert_eq!(request.verb, Verb::Check);
    assert_eq!(request.version, 1.5);
    assert_eq!(request.user.as_deref(), Some(&b"me"[..]));
    assert_eq!(request.message, b"A: b");
}

#[test]
fn the_command_is_found_anywhere_in_the_first_line() {
    let cases: &[(&str, Verb, f64)] = &[
        ("XXCHECK SPAMC/1.2\r\n\r\n", Verb::Check, 1.2),
        ("CHECK SPAMC/1.0\n", Verb::Check, 1.0),
        ("REPORT_IFSPAM SPAMC/1.4 x\r\n\r\n", Verb::ReportIfSpam, 1.4),
        ("PING SPAMC/1.2 CHECK SPAMC/1.1\r\n\r\n", Verb::Check, 1.1),
        ("CHECK SPAMC/1.0 REPORT SPAMC/1.5\r\n", Verb::Check, 1.0),
        ("SYMBOLS SPAMC/\r\n", Verb::Symbols, 0.0),
    ];
    for (bytes, verb, version) in cases {
        let request = all(bytes.as_bytes()).unwrap();
        assert_eq!((request.verb, request.version), (*verb, *version), "{bytes:?}");
    }
}

#[test]
fn ping_and_skip_need_an_empty_line_from_version_1_5_on() {
    let limits = Limits::default();
    let complete = |bytes: &[u8]| parse(bytes, &limits) != Ok(Progress::Incomplete);
    assert!(complete(b"PING SPAMC/1.2\r\n"));
    assert!(!complete(b"PING SPAMC/1.5\r\n"));
    assert!(complete(b"PING SPAMC/1.5\r\n\r\n"));
    assert!(complete(b"SKIP SPAMC/1.4\r\n"));
}

#[test]
fn broken_requests_get_the_words_of_spamd() {
    let cases: &[(&str, &str)] = &[
        ("", "(closed before headers)"),
        ("HELO there\r\n", "HELO there"),
        ("check SPAMC/1.5\r\n\r\n", "check SPAMC/1.5"),
        ("CHECK SPAMC/1.5\r\n", "(EOF during headers)"),
        ("CHECK SPAMC/1.5\r\nContent-length: 3", "(EOF during headers)"),
        ("CHECK SPAMC/1.5\r\nnothing\r\n\r\n", "(header not in 'Name: value' format)"),
        ("CHECK SPAMC/1.5\nUser: a\n\nx", "(header not in 'Name: value' format)"),
        (
            "CHECK SPAMC/1.5\r\nContent-length: 3x\r\n\r\nabc",
            "(Content-Length contains non-numeric bytes)",
        ),
        ("CHECK SPAMC/1.5\r\nUser: a\x07b\r\n\r\n", "(User header contains control chars)"),
        ("CHECK SPAMC/1.5\r\nCompress: gzip\r\n\r\n", "(compression type not supported: gzip)"),
        (
            "CHECK SPAMC/1.5\r\nCompress: ZLIB\r\n\r\n",
            "(compression not supported: Compress: zlib is not built yet)",
        ),
        (
            "CHECK SPAMC/1.5\r\nContent-length: 10\r\n\r\nshort",
            "(Content-Length mismatch: Expected 10 bytes, got 5 bytes)",
        ),
        (
            "CHECK SPAMC/1.5\r\nContent-length: 003\r\n\r\nabcdef\nx",
            "(Content-Length mismatch: Expected 003 bytes, got 7 bytes)",
        ),
        (
            "CHECK SPAMC/1.5\r\nContent-length:\r\n\r\nab\ncd\n",
            "(Content-Length mismatch: Expected  bytes, got 3 bytes)",
        ),
    ];
    for (bytes, text) in cases {
        assert_eq!(error(bytes.as_bytes()), format!("Bad header line: {text}"), "{bytes:?}");
    }
}

#[test]
fn verbs_of_later_are_refused_by_name_once_their_head_is_whole() {
    let limits = Limits::default();
    let not_built = "Service Unavailable: PROCESS is not built yet";
    assert_eq!(parse(b"PROCESS SPAMC/1.5\r\n", &limits), Ok(Progress::Incomplete));
    assert_eq!(error(b"PROCESS SPAMC/1.5\r\n\r\n"), not_built);
    assert_eq!(error(b"PROCESS SPAMC/1.0\r\n"), not_built);
    let tell = parse(b"TELL SPAMC/1.0\r\nSet: local\r\n\r\n", &limits).unwrap_err();
    assert_eq!(tell.code(), Code::Unavailable);
}

#[test]
fn header_names_are_case_sensitive_and_the_unknown_is_ignored() {
    let request =
        all(b"CHECK SPAMC/1.5\r\nContent-Length: 1\r\nX-Foo: bar\r\nuser: x\r\n\r\nabc").unwrap();
    assert_eq!((request.user, request.message), (None, b"abc".to_vec()));
}

#[test]
fn a_message_is_complete_with_its_last_announced_byte() {
    let limits = Limits::default();
    let head = b"CHECK SPAMC/1.5\r\nContent-length: 3\r\n\r\n";
    let mut reading = Reading::new(&limits);
    assert_eq!(reading.feed(head), Ok(Progress::Incomplete));
    assert_eq!(reading.feed(b"ab"), Ok(Progress::Incomplete));
    let Ok(Progress::Complete(request)) = reading.feed(b"\nsurplus") else {
        panic!("a line that ends with the last byte needs nothing more")
    };
    assert_eq!(request.message, b"ab\n");
}

#[test]
fn limit_request_line_holds_at_its_height() {
    let limits = Limits { request_line: 40, ..Limits::default() };
    for (extra, fits) in [(0, true), (1, true), (2, false)] {
        let value = "x".repeat(40 - "X-A: ".len() - 1 + extra);
        let bytes = format!("CHECK SPAMC/1.5\r\nX-A: {value}\r\n\r\n");
        assert_eq!(parse_all(bytes.as_bytes(), &limits).is_ok(), fits, "{extra}");
        let unended = format!("CHECK SPAMC/1.5\r\nX-A: {value}");
        assert_eq!(parse(unended.as_bytes(), &limits).is_ok(), fits, "{extra} without end");
    }
}

#[test]
fn limit_request_headers_counts_as_spamd_does() {
    for (headers, fits) in [(254, true), (255, true), (256, false)] {
        let bytes = format!("PING SPAMC/1.5\r\n{}\r\n", "A: b\r\n".repeat(headers));
        let result = parse_all(bytes.as_bytes(), &Limits::default());
        assert_eq!(result.is_ok(), fits, "{headers}");
        if !fits {
            let error = result.unwrap_err();
            assert_eq!(error.to_string(), "Bad header line: (too many headers)");
            assert_eq!(error.limit(), Some(Limit::RequestHeaders));
        }
    }
}

#[test]
fn limit_request_head_holds_at_its_height() {
    let bytes = b"PING SPAMC/1.5\r\nA: 123456\r\n\r\n";
    for (height, fits) in [(bytes.len() + 1, true), (bytes.len(), true), (bytes.len() - 1, false)] {
        let limits = Limits { request_head: height, ..Limits::default() };
        assert_eq!(parse_all(bytes, &limits).is_ok(), fits, "{height}");
    }
}

#[test]
fn limit_message_bytes_holds_with_and_without_a_length() {
    let limits = Limits { message_bytes: 10, ..Limits::default() };
    for (bytes, fits) in [(9, true), (10, true), (11, false)] {
        let message = "m".repeat(bytes);
        let open = format!("CHECK SPAMC/1.5\r\n\r\n{message}");
        assert_eq!(parse_all(open.as_bytes(), &limits).is_ok(), fits, "{bytes}");
        let announced = format!("CHECK SPAMC/1.5\r\nContent-length: {bytes}\r\n");
        assert_eq!(parse(announced.as_bytes(), &limits).is_ok(), fits, "{bytes} announced");
    }
    let huge = b"CHECK SPAMC/1.5\r\nContent-length: 99999999999999999999999999\r\n";
    let error = parse(huge, &limits).unwrap_err();
    assert_eq!(error.limit(), Some(Limit::MessageBytes));
}

proptest! {
    #[test]
    fn any_input_in_any_portions_gives_the_same(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        head in prop::sample::select(vec![
            &b""[..],
            b"CHECK SPAMC/1.5\r\n",
            b"REPORT SPAMC/1.2\r\nContent-length: 20\r\n\r\n",
            b"PING SPAMC/1.5\r\n",
        ]),
        cut in 1usize..50,
    ) {
        let limits = Limits { request_line: 100, ..Limits::default() };
        let input = [head, &bytes].concat();
        let mut reading = Reading::new(&limits);
        let mut outcome = Ok(Progress::Incomplete);
        for portion in input.chunks(cut) {
            outcome = reading.feed(portion);
            if outcome != Ok(Progress::Incomplete) {
                break;
            }
        }
        if outcome == Ok(Progress::Incomplete) {
            outcome = reading.finish();
        }
        // Surplus that has not arrived yet cannot be complained of, which is the one
        // difference that portions may make.
        let whole = parse_all(&input, &limits);
        let mismatch = |outcome: &Result<Progress, RequestError>| {
            matches!(outcome, Err(RequestError::LengthMismatch { .. }))
        };
        let nan = |outcome: &Result<Progress, RequestError>| {
            matches!(outcome, Ok(Progress::Complete(request)) if request.version.is_nan())
        };
        if !mismatch(&whole) && !nan(&whole) {
            prop_assert_eq!(outcome, whole);
        }
    }
}

#[test]
fn what_follows_a_request_without_a_message_is_no_part_of_it() {
    for verb in ["PING", "SKIP"] {
        let text = format!("{verb} SPAMC/1.2\r\nmore");
        let Ok(Progress::Complete(request)) = parse(text.as_bytes(), &Limits::default()) else {
            panic!("{verb}")
        };
        assert_eq!(request.message, b"");
    }
}
