use super::super::head::Places;
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

/// What comes of a TELL with these headers.
fn tell(headers: &str, allow_tell: bool) -> Result<Request, String> {
    let mut reading = Reading::new(&Limits::default()).allow_tell(allow_tell);
    let text = format!("TELL SPAMC/1.0\r\n{headers}\r\nx");
    let fed = reading.feed(text.as_bytes()).map_err(|error| error.to_string())?;
    match fed {
        Progress::Complete(request) => Ok(request),
        Progress::Incomplete => match reading.finish() {
            Ok(Progress::Complete(request)) => Ok(request),
            other => Err(format!("{other:?}")),
        },
    }
}

#[test]
fn tell_says_what_shall_be_known_where() {
    let request = tell("Message-class: spam\r\nSet: Local, remote\r\n", true).unwrap();
    let both = Places { local: true, remote: true };
    let class = Some(b"spam".to_vec());
    assert_eq!(request.tell, Tell { class, set: both, remove: Places::default() });
    let request = tell("Set: local\r\nSet: nothing\r\nRemove: locally\r\n", true).unwrap();
    assert_eq!(request.tell.set, Places::default());
    assert_eq!(request.tell.remove, Places { local: true, remote: false });
}

#[test]
fn tell_is_refused_as_spamd_refuses_it() {
    let not_allowed =
        "Service Unavailable: TELL commands are not enabled, set the --allow-tell switch.";
    let both = |place| {
        format!("Bad header line: Unable to set {place} and remove {place} in the same operation.")
    };
    let cases = [
        ("Set: local\r\n", false, not_allowed.to_owned()),
        ("Set: local\r\nRemove: local\r\n", false, not_allowed.to_owned()),
        ("Set: local, remote\r\nRemove: remote, local\r\n", true, both("local")),
        ("Set: local, remote\r\nRemove: remote\r\n", true, both("remote")),
        ("Compress: zlib\r\nSet: local\r\nRemove: local\r\n", true, both("local")),
    ];
    for (headers, allow_tell, words) in cases {
        assert_eq!(tell(headers, allow_tell), Err(words), "{headers:?}");
    }
}

fn compressed(verb: &str, more: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("{verb} SPAMC/1.5\r\nCompress: ZLIB\r\n{more}\r\n");
    [head.as_bytes(), bytes].concat()
}

#[test]
fn a_compressed_message_needs_its_length_and_its_end() {
    let stream = b"\x78\x9c\xabV*.MIMULQ\xa8\x05\0\x1a\x0a\x04\x62";
    assert_eq!(
        error(&compressed("CHECK", "", stream)),
        "Service Unavailable: Compress requires Content-length header"
    );
    let no_end = "Service Unavailable: zlib: failed to find end of zlib stream\n";
    assert_eq!(error(&compressed("CHECK", "Content-length: 9\r\n", b"plaintext")), no_end);
    assert_eq!(error(&compressed("CHECK", "Content-length:\r\n", stream)), no_end);
    assert_eq!(all(&compressed("PING", "", b"")).unwrap().verb, Verb::Ping);
}

#[test]
fn a_compressed_message_is_whole_with_its_last_announced_byte() {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, b"Subject: x\n\nbody").unwrap();
    let stream = encoder.finish().unwrap();
    let length = stream.len();
    let request = |announced: usize, bytes: &[u8]| {
        compressed("CHECK", &format!("Content-length: {announced}\r\n"), bytes)
    };
    let surplus = [&stream[..], b"surplus"].concat();
    for bytes in [request(length, &stream), request(length, &surplus)] {
        let Ok(Progress::Complete(request)) = parse(&bytes, &Limits::default()) else {
            panic!("all that was announced is there")
        };
        assert_eq!((request.message.as_slice(), request.size), (&b"Subject: x\n\nbody\n"[..], 16));
    }
    // Fewer bytes than announced will do at the end of the input, if nothing is missing.
    let early = request(length + 5, &stream);
    assert_eq!(parse(&early, &Limits::default()), Ok(Progress::Incomplete));
    assert_eq!(all(&early).unwrap().size, 16);
    assert!(all(&request(length - 1, &stream)).is_err());
}

#[test]
fn wishes_are_heard_under_their_exact_name() {
    let wishes = |name: &str| {
        let text = format!("CHECK SPAMC/1.5\r\n{name}: evidence\r\n\r\nx");
        all(text.as_bytes()).unwrap().wishes
    };
    assert!(wishes("X-Mailprint").evidence && !wishes("X-Mailprint").confidence);
    assert_eq!(wishes("x-mailprint"), Wishes::default());
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
fn the_limit_that_is_reached_first_is_told_of() {
    let bytes = format!("CHECK SPAMC/1.5\r\nX-A: {}\r\n\r\n", "x".repeat(100));
    for (request_head, limit) in [(56, Limit::RequestHead), (58, Limit::RequestLine)] {
        let limits = Limits { request_line: 40, request_head, ..Limits::default() };
        for size in [1, 7, 200] {
            let mut reading = Reading::new(&limits);
            let outcome: Result<Vec<_>, _> =
                bytes.as_bytes().chunks(size).map(|piece| reading.feed(piece)).collect();
            assert_eq!(outcome.unwrap_err().limit(), Some(limit), "{request_head}, by {size}");
        }
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
            b"TELL SPAMC/1.5\r\nSet: local\r\n",
            b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: 20\r\n\r\n\x78\x9c",
        ]),
        cut in 1usize..50,
        request_head in 100usize..300,
    ) {
        let limits = Limits { request_line: 100, request_head, ..Limits::default() };
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
