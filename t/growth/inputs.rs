//! Hostile inputs, each as large as it is asked to be.

/// Where a generated text goes in.
pub type Parser = fn(&[u8]);

/// One kind of hostile input.
pub struct Case {
    pub name: &'static str,
    /// The size to begin with; what it counts is the generator's affair.
    pub size: usize,
    pub make: fn(usize) -> Vec<u8>,
    pub parser: Parser,
}

const HEAD: &str = "From: a@example.com\nTo: b@example.com\nSubject: x\n";

/// `head`, then `unit` so many times, then `tail`.
fn repeated(head: &str, unit: &str, count: usize, tail: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(head.len() + unit.len() * count + tail.len());
    text.extend_from_slice(head.as_bytes());
    text.extend_from_slice(unit.repeat(count).as_bytes());
    text.extend_from_slice(tail.as_bytes());
    text
}

/// So many numbered texts, one after the other.
fn numbered(head: &str, count: usize, unit: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = head.as_bytes().to_vec();
    (0..count).for_each(|number| text.extend_from_slice(unit(number).as_bytes()));
    text
}

fn typed(kind: &str, encoding: &str) -> String {
    format!("{HEAD}Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n")
}

fn html(unit: &str, count: usize) -> Vec<u8> {
    repeated(&typed("text/html", "8bit"), unit, count, "\n")
}

fn plain(unit: &str, count: usize) -> Vec<u8> {
    repeated(&typed("text/plain", "8bit"), unit, count, "\n")
}

fn mixed(text: &str) -> String {
    format!("{HEAD}Content-Type: multipart/mixed; boundary=b\n\n{text}")
}

macro_rules! cases {
    ($parser:expr; $($name:literal $size:expr, |$n:ident| $make:expr;)*) => {
        &[$(Case { name: $name, size: $size, make: |$n| $make, parser: $parser },)*]
    };
}

/// The MIME tree.
pub const TREES: fn(Parser) -> Vec<Case> = |scan| {
    let cases: &[Case] = cases! { |_| ();
        "nested multiparts" 100_000, |n| numbered(HEAD, n, |i| {
            format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")
        });
        "nested multiparts, all closed" 50_000, |n| {
            let mut text = numbered(HEAD, n, |i| {
                format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")
            });
            (0..n).rev().for_each(|i| text.extend_from_slice(format!("--b{i}--\n").as_bytes()));
            text
        };
        "nested multiparts, one boundary" 100_000, |n| {
            repeated(HEAD, "Content-Type: multipart/mixed; boundary=b\n\n--b\n", n, "")
        };
        "nested messages" 100_000, |n| repeated(HEAD, "Content-Type: message/rfc822\n\n", n, "x\n");
        "messages in multiparts" 50_000, |n| numbered(HEAD, n, |i| format!(
            "Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\nContent-Type: message/rfc822\n\n"
        ));
        "parts" 1_000_000, |n| repeated(&mixed(""), "--b\n\nx\n", n, "--b--\n");
        "parts of parts" 1000, |n| {
            let part = "--c\n\nx\n".repeat(1000);
            let head = "--b\nContent-Type: multipart/mixed; boundary=c\n\n";
            repeated(&mixed(""), &format!("{head}{part}"), n.min(20_000), "--b--\n")
        };
        "parts of a digest" 200_000, |n| {
            let head = format!("{HEAD}Content-Type: multipart/digest; boundary=b\n\n");
            repeated(&head, "--b\n\nSubject: x\n\ny\n", n, "")
        };
        "parts that reuse the boundary" 200_000, |n| repeated(
            &mixed(""), "--b\nContent-Type: multipart/mixed; boundary=b\n\n", n, ""
        );
        "lines like boundaries" 1_000_000, |n| repeated(&mixed("--b\n\n"), "--b x\n", n, "");
        "boundaries and blanks" 1000, |n| {
            repeated(&mixed("--b\n\n"), &format!("--b{}x\n", " ".repeat(2000)), n, "")
        };
        "long boundaries, nearly met" 1000, |n| {
            let name = "b".repeat(7000);
            let head = format!("{HEAD}Content-Type: multipart/mixed; boundary=\"{name}\"\n\n");
            repeated(&head, &format!("--{}x\n", "b".repeat(6999)), n, "")
        };
        "long lines below twenty multiparts" 4_000_000, |n| {
            let head = numbered(HEAD, 18, |i| {
                format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")
            });
            repeated(&format!("{}\n", String::from_utf8_lossy(&head)), "x", n, "\n")
        };
        "lines of 2048 below twenty multiparts" 2000, |n| {
            let head = numbered(HEAD, 18, |i| {
                format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")
            });
            let line = format!("{}\n", "x".repeat(2048));
            repeated(&format!("{}\n", String::from_utf8_lossy(&head)), &line, n, "")
        };
        "blank lines" 2_000_000, |n| plain("\n", n);
        "blank lines of blanks" 2000, |n| plain(&format!("{}\n", " ".repeat(1000)), n);
        "no line end" 8_000_000, |n| plain("x", n);
        "carriage returns" 4_000_000, |n| plain("\r", n);
        "CRLF lines" 2_000_000, |n| {
            repeated("Subject: x\r\nContent-Type: text/plain\r\n\r\n", "x\r\n", n, "")
        };
        "NULs" 4_000_000, |n| plain("\0", n);
        "base64" 4_000_000, |n| {
            repeated(&typed("text/plain", "base64"), "YWJj\n", n / 5, "")
        };
        "base64 of nothing" 4_000_000, |n| repeated(&typed("text/html", "base64"), "=\n", n / 2, "");
        "quoted-printable" 4_000_000, |n| {
            repeated(&typed("text/plain", "quoted-printable"), "=3D=\n", n / 5, "")
        };
        "quoted-printable blanks" 4_000_000, |n| {
            repeated(&typed("text/plain", "quoted-printable"), " ", n, "x")
        };
        "words of one character" 25_000_000, |n| plain("x ", n / 2);
    };
    with(cases, scan)
};

/// Header fields, through the whole road.
pub const HEADS: fn(Parser) -> Vec<Case> = |scan| {
    let cases: &[Case] = cases! { |_| ();
        "header fields" 100_000, |n| numbered("", n, |i| format!("X-{i}: y\n"));
        "fields of one name" 100_000, |n| repeated("", "Subject: y\n", n, "\n");
        "fields of a part" 100_000, |n| {
            repeated(&mixed("--b\n"), "Content-Type: text/plain\n", n, "\nx\n")
        };
        "Content-Types" 100_000, |n| {
            repeated(HEAD, "Content-Type: multipart/mixed; boundary=a; boundary=b\n", n, "\n")
        };
        "folds" 500_000, |n| repeated("Subject: x\n", "\ty\n", n, "\n");
        "fields of blanks" 500_000, |n| repeated("Subject", " ", n, ": x\n\n");
        "Received lines" 256, |n| {
            let hop = "from a.example ([192.0.2.1]) by b.example with ESMTP id x ";
            let line = format!("Received: {}\n", hop.repeat(65_536 / hop.len()));
            repeated("", &line, n, "\n")
        };
        "short Received lines" 20_000, |n| repeated(
            "", "Received: from a.example (b [192.0.2.1]) by c with SMTP id x; date\n", n, "\n"
        );
        "addresses" 1_000_000, |n| repeated("To: ", "a@example.com,", n, "\n\n");
        "To fields" 20_000, |n| repeated("", "To: \"A, B\" <a@example.com>, c@d (e)\n", n, "\n");
        "comments in From, Date and Received" 100_000, |n| {
            let open = "(".repeat(n);
            format!("From: {open}\nDate: {open}\nReceived: from {open}\n\n").into_bytes()
        };
        "encoded words" 200_000, |n| repeated("Subject: ", "=?utf-8?Q?=C3=A9?= ", n, "\n\n");
        "encoded words in many fields" 10_000, |n| {
            let line = format!("Subject: {}\n", "=?iso-8859-1?B?6Q==?= ".repeat(20));
            repeated("", &line, n, "\n")
        };
    };
    with(cases, scan)
};

/// HTML and URIs, through the whole road.
pub const PAGES: fn(Parser) -> Vec<Case> = |scan| {
    let cases: &[Case] = cases! { |_| ();
        "deep div" 500_000, |n| html("<div>", n);
        "deep styles" 100_000, |n| html("<div style='color:red;font-size:2em'>", n);
        "font after font" 200_000, |n| html("<font color=red size=+1>", n);
        "unclosed tags" 1_000_000, |n| html("<b", n);
        "unclosed elements" 500_000, |n| html("<p><td><a>", n / 3);
        "end tags" 500_000, |n| html("</b>", n);
        "crossed tags" 200_000, |n| html("<b><i></b></i>", n);
        "opened, then closed" 200_000, |n| {
            [html("<a href=x>", n), "</a>".repeat(n).into_bytes()].concat()
        };
        "attributes" 100_000, |n| {
            let text = numbered("<p ", n, |i| format!("a{i}=b "));
            html(&format!("{}>", String::from_utf8_lossy(&text)), 1)
        };
        "tags of attributes" 5000, |n| html(&format!("<p {}>", "a=b ".repeat(100)), n);
        "open angles" 4_000_000, |n| html("<", n);
        "open quotes" 500_000, |n| html("<a b=\"", n);
        "ampersands" 2_000_000, |n| html("&", n);
        "entities" 1_000_000, |n| html("&eacute;&#233;", n / 2);
        "long entities" 4_000_000, |n| repeated(&typed("text/html", "8bit"), "&#", 1, &"1".repeat(n));
        "comments" 500_000, |n| html("<!-- x -->", n);
        "open comments" 1_000_000, |n| html("<!--", n);
        "dashes" 4_000_000, |n| html("-", n);
        "comment of dashes" 4_000_000, |n| html(&format!("<!{}", "-".repeat(n)), 1);
        "declarations" 500_000, |n| html("<!DOCTYPE x [", n);
        "marked sections" 500_000, |n| html("<![CDATA[", n);
        "ignored sections" 200_000, |n| html("<![IGNORE[x]]>", n);
        "processing" 1_000_000, |n| html("<?x", n);
        "scripts" 500_000, |n| html("<script></b>", n);
        "open titles" 200_000, |n| html("<title>x", n);
        "style sheets" 200_000, |n| html("<style>p{color:red}", n);
        "declarations of style" 200_000, |n| {
            html(&format!("<p style=\"{}\">", "color:red;/*".repeat(n)), 1)
        };
        "tables" 200_000, |n| html("<table><tr><td>", n);
        "anchors" 100_000, |n| html("<a href='http://a.example/'>x", n);
        "bases" 100_000, |n| html("<base href='http://a.example/b/'><a href=c>x</a>", n);
        "images" 100_000, |n| html("<img src=x width=9 height=9>", n);
        "words cut by tags" 500_000, |n| html("a<b>c</b>", n);
        "links" 100_000, |n| {
            numbered(&typed("text/html", "8bit"), n, |i| format!("<a href=http://a{i}.example/>x</a>"))
        };
        "URIs" 100_000, |n| {
            numbered(&typed("text/plain", "8bit"), n, |i| format!("http://a{i}.example.com/ "))
        };
        "a long URI" 8_000_000, |n| repeated(&typed("text/plain", "8bit"), "http://a.com/", 1, &"x".repeat(n));
        "a long link" 8_000_000, |n| {
            html(&format!("<a href=\"http://a.com/{}\">", "x".repeat(n)), 1)
        };
        "percent signs" 1_000_000, |n| plain(&format!("http://a.com/{} ", "%25".repeat(n)), 1);
        "linked percent signs" 1_000_000, |n| {
            html(&format!("<a href=\"http://a.com/{}\">", "%25".repeat(n)), 1)
        };
        "at signs" 1_000_000, |n| plain("@", n);
        "linked at signs" 1_000_000, |n| {
            html(&format!("<a href=\"http://{}a.com\">", "@".repeat(n)), 1)
        };
        "back slashes" 1_000_000, |n| plain(&format!("http:{}a.com ", "\\".repeat(n)), 1);
        "dots" 1_000_000, |n| plain(&format!("http://a{}com ", ".".repeat(n)), 1);
        "labels" 1_000_000, |n| plain(&format!("www.{}com ", "a.".repeat(n)), 1);
        "colons" 1_000_000, |n| plain("http:", n);
        "slashes" 1_000_000, |n| plain("http://", n);
        "redirectors" 100_000, |n| plain(&"http://a.com/go?to=".repeat(n), 1);
        "mail addresses" 200_000, |n| plain("a@b.com ", n);
    };
    with(cases, scan)
};

fn with(cases: &[Case], parser: Parser) -> Vec<Case> {
    let case = |case: &Case| Case { parser, ..Case { ..*case } };
    cases.iter().map(case).collect()
}

/// One parser each, without the limits that a message's parts have before they reach it.
pub const PARSERS: &[Case] = {
    use super::parsers::*;
    &[
        Case { name: "addresses", size: 500_000, make: |n| b"a@b.c,".repeat(n), parser: addresses },
        Case { name: "commas", size: 1_000_000, make: |n| b",".repeat(n), parser: addresses },
        Case { name: "quotes", size: 1_000_000, make: |n| b"\"".repeat(n), parser: addresses },
        Case { name: "angles", size: 1_000_000, make: |n| b"<".repeat(n), parser: addresses },
        Case { name: "comments", size: 100_000, make: |n| b"(".repeat(n), parser: addresses },
        Case { name: "closed comments", size: 100_000, make: closed, parser: addresses },
        Case { name: "escapes", size: 1_000_000, make: |n| b"\\(".repeat(n), parser: addresses },
        Case { name: "comments", size: 100_000, make: |n| b"(".repeat(n), parser: received },
        Case {
            name: "words",
            size: 100_000,
            make: |n| b"from a by b ".repeat(n),
            parser: received,
        },
        Case { name: "brackets", size: 100_000, make: |n| b"from [([".repeat(n), parser: received },
        Case { name: "blanks", size: 100_000, make: |n| b" ".repeat(n), parser: received },
        Case {
            name: "encoded",
            size: 100_000,
            make: |n| b"=?utf-8?Q?a?= ".repeat(n),
            parser: words,
        },
        Case { name: "begun", size: 500_000, make: |n| b"=?".repeat(n), parser: words },
        Case { name: "nearly", size: 200_000, make: |n| b"=?a?b?".repeat(n), parser: words },
        Case { name: "UTF-7", size: 1_000_000, make: |n| b"+AOk-".repeat(n), parser: charsets },
        Case { name: "open UTF-7", size: 1_000_000, make: |n| b"+".repeat(n), parser: charsets },
        Case {
            name: "escapes",
            size: 500_000,
            make: |n| b"\x1b$B\x1b(B".repeat(n),
            parser: charsets,
        },
        Case { name: "HZ", size: 500_000, make: |n| b"~{~}".repeat(n), parser: charsets },
        Case { name: "high", size: 1_000_000, make: |n| b"\xff\xe9a".repeat(n), parser: charsets },
        Case {
            name: "mbox",
            size: 100_000,
            make: |n| b"From a Thu Jan  1 00:00:00 2026\n".repeat(n),
            parser: mailboxes,
        },
        Case {
            name: "one line",
            size: 1_000_000,
            make: |n| b"From a ".repeat(n),
            parser: mailboxes,
        },
        Case { name: "types", size: 100_000, make: |n| b"boundary=\"".repeat(n), parser: types },
        Case { name: "parameters", size: 100_000, make: |n| b"; a=b".repeat(n), parser: types },
        Case { name: "names", size: 100_000, make: |n| b"name=\n;".repeat(n), parser: types },
        Case { name: "continuations", size: 100_000, make: continued, parser: types },
        Case { name: "lines", size: 200_000, make: |n| b"User: a\r\n".repeat(n), parser: requests },
        Case { name: "bytes", size: 100_000, make: |n| b"x".repeat(n), parser: requests },
        Case { name: "rules", size: 2000, make: rules, parser: rule_files },
        Case {
            name: "ifs",
            size: 20_000,
            make: |n| b"if (version > 1)\n".repeat(n),
            parser: rule_files,
        },
        Case {
            name: "scores",
            size: 50_000,
            make: |n| b"score A 1\n".repeat(n),
            parser: rule_files,
        },
        Case { name: "metas", size: 5000, make: metas, parser: rule_files },
        Case { name: "brackets", size: 50_000, make: bracketed, parser: rule_files },
    ]
};

fn closed(size: usize) -> Vec<u8> {
    [b"(".repeat(size), b")".repeat(size)].concat()
}

fn continued(size: usize) -> Vec<u8> {
    numbered("a/b", size, |i| format!("; name*{i}=x"))
}

fn rules(size: usize) -> Vec<u8> {
    numbered("", size, |i| format!("body R{i} /word{i}/\nscore R{i} 1\ndescribe R{i} x\n"))
}

/// Each rests on the one before.
fn metas(size: usize) -> Vec<u8> {
    numbered("body M0 /x/\n", size, |i| format!("meta M{} (M{i} && !M0) > 1\n", i + 1))
}

fn bracketed(size: usize) -> Vec<u8> {
    format!("meta A {}1{}\n", "(".repeat(size), ")".repeat(size)).into_bytes()
}
