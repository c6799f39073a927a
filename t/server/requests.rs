//! Requests of every shape that spamd's protocol has, whole ones and broken ones.

use super::harness::deflated;

const MESSAGES: &[&str] = &[
    "From: a@example.com\nSubject: nothing\n\nNothing to see here.\n",
    "From: a@example.com\nSubject: almost\n\nThis has alpha-mark and delta-mark in it.\n",
    "From: a@example.com\nSubject: gamma-mark\n\nbeta-mark here and beta-mark there.\n\nSecond \
     paragraph with alpha-mark.\n\nThird one, omega-mark.\n\nFourth.\n",
    "From: a@example.com\r\nSubject: crlf\r\n\r\nalpha-mark ends lines as mail does.\r\n",
    "From: a@example.com\r\nSubject: beta\r\n\r\nbeta-mark with delta-mark.\r\n\r\nEnd without a line end",
    "No header at all but beta-mark\n",
    "Subject: long\n\nA line with more than two hundred bytes goes on and on and on and on and \
     on and on and on and on and on and on and on and on and on and on and on and on and on and \
     on and on and on and on and on until its end.\n\n__________ a drawn line, and\n\n\
     -----Original Message----- what comes behind\n",
];

const VERSIONS: &[&str] =
    &["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "2.0", "1.29", "1.5 x", "", "abc", ".9", "1.2.9"];

const VERBS: &[&str] = &[
    "CHECK",
    "SYMBOLS",
    "REPORT",
    "REPORT_IFSPAM",
    "PROCESS",
    "HEADERS",
    "XXCHECK",
    "PING CHECK",
    "TELL PROCESS",
];

/// All of them.
pub fn all() -> Vec<Vec<u8>> {
    let mut all = whole();
    all.extend(compressed());
    all.extend(tell());
    all.extend(BROKEN.iter().map(|request| request.as_bytes().to_vec()));
    let many = |count: usize| format!("PING SPAMC/1.5\r\n{}\r\n", "A: b\r\n".repeat(count));
    all.extend([254, 255, 256, 300].map(|count| many(count).into_bytes()));
    all.push(b"CHECK SPAMC/1.5\r\nUser: \xff\xfe\r\nContent-length: 2\r\n\r\n\n\n".to_vec());
    all.push(b"CHECK SPAMC/1.5\r\nUser: a\x07\r\n\r\n".to_vec());
    all
}

/// Each verb in each version with each message.
fn whole() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for version in VERSIONS {
        for verb in VERBS {
            for message in MESSAGES {
                let with_headers = !matches!(*version, "1.0" | "" | "abc" | ".9");
                let length = message.len();
                let head = match (with_headers, *verb) {
                    (true, "SYMBOLS") => format!("User: me\r\nContent-length: {length}\r\n\r\n"),
                    (true, "REPORT") => "\r\n".to_owned(),
                    (true, _) => format!("Content-length: {length}\r\n\r\n"),
                    (false, _) => String::new(),
                };
                all.push(format!("{verb} SPAMC/{version}\r\n{head}{message}").into_bytes());
            }
        }
        all.push(format!("PING SPAMC/{version}\r\n\r\n").into_bytes());
        all.push(format!("SKIP SPAMC/{version}\r\n\r\n").into_bytes());
    }
    all
}

/// Compressed messages, and what is none.
fn compressed() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut ask = |verb: &str, version: &str, headers: &str, bytes: &[u8]| {
        let head = format!("{verb} SPAMC/{version}\r\n{headers}\r\n");
        all.push([head.as_bytes(), bytes].concat());
    };
    for message in
        MESSAGES.iter().chain(&["", "\n", "Subject: x\n\nno line end", "a: b\n\nc\n\n\n"])
    {
        let bytes = deflated(message.as_bytes());
        let length = format!("Compress: zlib\r\nContent-length: {}\r\n", bytes.len());
        for (verb, version) in
            [("CHECK", "1.5"), ("SYMBOLS", "1.2"), ("PROCESS", "1.4"), ("TELL", "1.3")]
        {
            ask(verb, version, &length, &bytes);
        }
    }
    let bytes = deflated(MESSAGES[2].as_bytes());
    let length = bytes.len();
    for method in ["zlib", "ZLIB", "xzlibx", "gzip", "", "deflate, zlib", "z lib"] {
        let headers = format!("Compress: {method}\r\nContent-length: {length}\r\n");
        ask("CHECK", "1.5", &headers, &bytes);
        ask("PING", "1.5", &headers, b"");
    }
    for length in ["", "0", "1", "9999", &(length - 1).to_string(), &(length + 1).to_string()] {
        let headers = format!("Compress: zlib\r\nContent-length: {length}\r\n");
        ask("SYMBOLS", "1.5", &headers, &bytes);
        ask("SYMBOLS", "1.5", &headers, &[&bytes, &b"surplus\n"[..]].concat());
    }
    let whole = format!("Compress: zlib\r\nContent-length: {length}\r\n");
    for damaged in [0, 1, 2, length / 2, length - 1] {
        let mut bytes = bytes.clone();
        bytes[damaged] ^= 0x55;
        ask("SYMBOLS", "1.5", &whole, &bytes);
        ask("SYMBOLS", "1.5", &whole, &bytes[..damaged]);
    }
    ask("SYMBOLS", "1.5", "Compress: zlib\r\n", &bytes);
    ask("TELL", "1.5", "Compress: zlib\r\n", &bytes);
    ask("SYMBOLS", "1.0", "Compress: zlib\r\n", &bytes);
    ask(
        "REPORT",
        "1.5",
        &format!("Content-length: {}\r\n", MESSAGES[1].len()),
        MESSAGES[1].as_bytes(),
    );
    all
}

/// TELL in every combination, with and without what it needs.
fn tell() -> Vec<Vec<u8>> {
    let marked = "From: a@example.com\nX-Spam-Checker-Version: x\nX-Spam-Flag: YES\nSubject: y\n\n\
         alpha-mark\n";
    let places = ["", "local", "remote", "local, remote", "Remote,LOCAL", "locality", "none"];
    let classes = ["", "Message-class: spam\r\n", "Message-class: ham\r\n", "Message-class: x\r\n"];
    let header = |name: &str, value: &str| match value {
        "" => String::new(),
        value => format!("{name}: {value}\r\n"),
    };
    let mut all = Vec::new();
    for (number, set) in places.iter().enumerate() {
        for (shift, remove) in places.iter().enumerate() {
            let class = classes[(number + shift) % classes.len()];
            let headers = [class, &header("Set", set), &header("Remove", remove)].concat();
            let length = marked.len();
            let version = VERSIONS[(number * places.len() + shift) % VERSIONS.len()];
            let text = format!(
                "TELL SPAMC/{version}\r\n{headers}Content-length: {length}\r\n\r\n{marked}"
            );
            all.push(text.into_bytes());
        }
    }
    for rest in [
        "\r\n",
        "Set: local\r\n\r\nSubject: x\n\nwithout a length",
        "Set: local\r\nContent-length: 3\r\n\r\nlonger\n",
        "Set: local\r\nContent-length: 30\r\n\r\nshorter\n",
        "Set: local\r\nSet: remote\r\nRemove: local\r\n\r\nx\n",
        "Set:local\r\nRemove:\tlocal\r\n\r\nx\n",
        "set: local\r\nremove: local\r\n\r\nx\n",
        "Message-class:\r\nMessage-class: spam\x07\r\n\r\nx\n",
        "Set: local\r\nUser: a\x07\r\n\r\nx\n",
        "Set: local\r\nCompress: gzip\r\n\r\nx\n",
        "Set: local\r\nContent-length: x\r\n\r\nx\n",
        "Set: local\r\nnothing\r\n\r\nx\n",
        "Set: local\r\n",
    ] {
        all.push(format!("TELL SPAMC/1.5\r\n{rest}").into_bytes());
    }
    all
}

const BROKEN: &[&str] = &[
    "",
    "\r\n",
    "\n",
    "HELO there\r\n",
    "HELO \"there\" \\ friend\n",
    "check SPAMC/1.5\r\n\r\n",
    "CHECK SPAMD/1.5\r\n\r\n",
    "CHECK  SPAMC/1.5\r\n\r\n",
    "CHECK SPAMC 1.5\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "PING SPAMC/1.5",
    "PING SPAMC/1.2",
    "PING SPAMC/1.5\r\n",
    "PING SPAMC/1.5\n\n",
    "PING SPAMC/1.5\r\nUser: x\n\r\n",
    "PING SPAMC/1.5\r\nnothing\r\n\r\n",
    "PING SPAMC/1.5\r\n \r\n\r\n",
    "PING SPAMC/1.5\r\n:\r\n\r\n",
    "PING SPAMC/1.5\r\nUser:\r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length: x\r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length: -1\r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length: 1 \r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length:    1\r\n\r\n",
    "PING SPAMC/1.5\r\nContent-length: 1\n\r\n",
    "PING SPAMC/1.5\r\nCompress: gzip\r\n\r\n",
    "PING SPAMC/1.5\r\nCompress:\r\n\r\n",
    "PING SPAMC/1.5\r\nX-Unknown: \x07\r\n\r\n",
    "PING SPAMC/1.5\r\n\rUser: x\r\n\r\n",
    "PING SPAMC/1.5 CHECK SPAMC/1.0\r\nSubject: x\n\nx\n",
    "SKIP SPAMC/1.5\r\nnothing\r\n\r\n",
    "TELL SPAMC/1.5",
    "XTELL SPAMC/abc\r\nSet: local\r\nContent-length: 1\r\n\r\n\n",
    "PING SPAMC/1.5\r\nSet: local\r\nRemove: local\r\n\r\n",
    "CHECK SPAMC/1.5\r\nSet: local\r\nRemove: local\r\nContent-length: 1\r\n\r\n\n",
    "PROCESS SPAMC/1.5\r\n\r\n",
    "PROCESS SPAMC/1.0\r\n",
    "HEADERS SPAMC/1.5\r\n\r\nSubject: no empty line\n",
    "HEADERS SPAMC/1.5\r\n\r\n\n\nSubject: none\n",
    "HEADERS SPAMC/1.1\r\n\r\nSubject: crlf\r\n\r\nalpha-mark\r\n\r\nmore\r\n",
    "PROCESS SPAMC/1.3\r\nContent-length: 8\r\n\r\nshort\n",
    "PROCESS SPAMC/1.3\r\nContent-length: 3\r\n\r\ntoo long\n",
    "CHECK SPAMC/1.5\r\n",
    "CHECK SPAMC/1.5\r\nContent-length: 3",
    "CHECK SPAMC/1.5\r\nContent-length: 10\r\n\r\nshort",
    "CHECK SPAMC/1.5\r\nContent-length: 0010\r\n\r\nshort",
    "CHECK SPAMC/1.5\r\nContent-length: 3\r\n\r\nabcdef\nmore\n",
    "CHECK SPAMC/1.5\r\nContent-length: 3\r\n\r\nabcdef",
    "CHECK SPAMC/1.5\r\nContent-length: 4\r\n\r\nabc\nmore\n",
    "CHECK SPAMC/1.5\r\nContent-length: 0\r\n\r\nabc\nmore\n",
    "CHECK SPAMC/1.5\r\nContent-length:\r\n\r\nabc\nmore\n",
    "CHECK SPAMC/1.5\r\nContent-length:\r\n\r\n",
    "CHECK SPAMC/1.5\r\nContent-length: 0\r\n\r\n",
    "CHECK SPAMC/1.5\r\nContent-length: 9\r\nContent-length: 3\r\n\r\nab\n",
    "CHECK SPAMC/1.5\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\nSubject: x\n\nalpha-mark\n",
    "CHECK SPAMC/1.5\nSubject: x\n\nalpha-mark\n",
    "SYMBOLS SPAMC/1.5\r\n\r\n",
    "REPORT SPAMC/1.1\r\n\r\n",
];
