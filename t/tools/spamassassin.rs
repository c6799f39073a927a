//! `spamassassin` beside Debian's.

use super::place::{Place, programs};
use std::process::Output;

/// What of standard output is compared.
#[derive(Clone, Copy, Debug)]
enum Out {
    /// All, but for what no two runs have in common.
    Mail,
    /// The same, in any order of lines: SpamAssassin takes the messages of an mbox in none.
    Lines,
    /// The first line: what follows is about the program itself.
    FirstLine,
    /// Nothing: the texts are ours.
    Nothing,
}
use Out::{FirstLine, Lines, Mail, Nothing};

const HAM: &str = "From: a@example.com\nTo: b@example.com\nSubject: hello gamma\n\n\
    This has alpha-mark in it.\n\nAnd a second paragraph.\n";
const SPAM: &str = "Received: from x (x [192.0.2.1]) by y; Thu, 1 Jan 2026 00:00:00 +0000\n\
    From: a@example.com\nTo: b@example.com\nSubject: hello\nMessage-ID: <1@example.com>\n\n\
    This has beta-mark in it.\n";
const FROM: &str = "From a@example.com Thu Jan  1 00:00:00 2026\n";

/// Words after `spamassassin -L -C rules --siteconfigpath site`, standard input, and what is
/// compared.
const CASES: &[(&str, &str, Out)] = &[
    // Mail in, mail out.
    ("", HAM, Mail),
    ("", SPAM, Mail),
    ("", "", Mail),
    ("", "no header at all", Mail),
    ("-", HAM, Mail),
    ("- -", HAM, Mail),
    ("-x ham.eml", "", Mail),
    ("-x spam.eml ham.eml crlf.eml", "", Mail),
    ("-x -t", HAM, Mail),
    ("-x -t", SPAM, Mail),
    ("-x --test-mode --cf=report_safe|0", SPAM, Mail),
    ("-x --cf report_safe|0", SPAM, Mail),
    ("-x --cf report_safe|2", SPAM, Mail),
    ("-x --cf rewrite_header|Subject|[SPAM] --cf report_safe|0", SPAM, Mail),
    ("-x --cf clear_headers --cf clear_report_template -t", SPAM, Mail),
    ("-x --cf required_score|1", HAM, Mail),
    ("-x --pre loadplugin|Mail::SpamAssassin::Plugin::MIMEHeader", HAM, Mail),
    ("-x marked.eml", "", Mail),
    // Marks off.
    ("-x -d", HAM, Mail),
    ("-x -d", "", Nothing),
    ("-x -d marked.eml", "", Mail),
    ("-x --remove-markup marked.eml spam.eml", "", Mail),
    ("-x -d enclosed.eml", "", Mail),
    ("-x -d crlf.eml", "", Mail),
    ("-x -d -t enclosed.eml", "", Mail),
    ("-x -dt marked.eml", "", Mail),
    ("-x -d box.mbox", "", Mail),
    ("-x --despamassassinify -e 7 spam.eml", "", Mail),
    // Exit statuses.
    ("-x -e", HAM, Mail),
    ("-x -e", SPAM, Mail),
    ("-x -e 7 spam.eml", "", Mail),
    ("-x -e7 spam.eml ham.eml", "", Mail),
    ("-x -e0", SPAM, Mail),
    ("-x -e 256", SPAM, Mail),
    ("-x -e -3", SPAM, Mail),
    ("-et -x", SPAM, Mail),
    ("-e9xt", SPAM, Mail),
    ("-x --exit-code 9", SPAM, Mail),
    ("-x --error-code=9", SPAM, Mail),
    ("-x --exit-code=x", SPAM, Nothing),
    ("-x -e none.eml", "", Mail),
    // Where mail is found.
    ("-x none.eml", "", Mail),
    ("-x none.eml ham.eml", "", Mail),
    ("-x box.mbox", "", Mail),
    ("-x --mbox box", "", Lines),
    ("-x --mbox", BOX, Lines),
    ("-x :mbox:-", BOX, Lines),
    ("-x :mbox:box", "", Lines),
    ("-x h:file:box.mbox", "", Mail),
    ("-x ham:file:ham.eml spam:file:spam.eml", "", Mail),
    ("-x :none:box", "", Mail),
    ("-x --mbox ham.eml", "", Mail),
    ("-x --mbox none", "", Mail),
    ("-x --mbox boxes", "", Mail),
    ("-x --mbox --mbx folder.mbx", "", Mail),
    ("-x --mbx ham.eml", "", Nothing),
    ("-x --mbx empty", "", Nothing),
    ("-x dir", "", Mail),
    ("-x maildir", "", Mail),
    ("-x :dir:ham.eml", "", Nothing),
    ("-x :file:dir", "", Nothing),
    ("-x packed", "", Mail),
    ("-x empty", "", Mail),
    ("-x -- ham.eml", "", Mail),
    ("ham.eml -x -e7 spam.eml", "", Mail),
    // Preferences.
    ("ham.eml", "", Mail),
    ("-p prefs", HAM, Mail),
    ("--prefs-file=prefs", SPAM, Mail),
    ("-p made", HAM, Mail),
    ("-p none/made", HAM, Mail),
    ("-x -p made", HAM, Mail),
    ("--nocreate-prefs -p made", HAM, Mail),
    ("-x --create-prefs -p made", HAM, Mail),
    ("-p dir", HAM, Mail),
    ("-x -p prefs --cf score|ALPHA|2", HAM, Mail),
    // The rules.
    ("--lint", "", Mail),
    ("--lint --cf no_such|thing --cf required_score|many", "", Nothing),
    ("--lint -p wrong", "", Nothing),
    ("-p wrong", HAM, Mail),
    ("-x --cf no_such|thing", HAM, Mail),
    ("--lint -C none", "", Nothing),
    ("-C none -x", HAM, Nothing),
    // What else there is to say.
    ("-V", "", FirstLine),
    ("-h", "", Nothing),
    ("-?", "", Nothing),
    ("--no-such-option", "", Nothing),
    ("--cf", "", Nothing),
    ("-P -S -x", HAM, Mail),
    ("-l log -x", HAM, Mail),
    ("-F 1", HAM, Mail),
    ("--add-from", HAM, Mail),
    ("-w", HAM, Mail),
    ("-M list", HAM, Mail),
    ("-4 -x --net -u somebody", HAM, Mail),
    ("-6 --ipv4-only -x", HAM, Mail),
];

const BOX: &str = "what stands before belongs to none\n\
    From a@example.com Thu Jan  1 00:00:00 2026\nSubject: alpha\n\nFrom here alpha-mark\n\n\
    From b@example.com  Thu Jan  1 00:00:00 2026\nSubject: beta\n\nbeta-mark\n";

/// A place with one file of each kind.
fn place() -> Place {
    let mut place = Place::new();
    let marked = format!(
        "X-Spam-Checker-Version: SpamAssassin 4.0.1 (2024-03-25) on\n\tmx.example.org\n\
         X-Spam-Level: *\n{HAM}"
    );
    let enclosed = format!(
        "From: a@example.com\nX-Spam-Flag: YES\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=\"----------=_1.2\"\n\nReport\n\n\
         ------------=_1.2\nContent-Type: text/plain\n\nReport\n\n------------=_1.2\n\
         Content-Type: message/rfc822; x-spam-type=original\nContent-Disposition: inline\n\n\
         {SPAM}\n------------=_1.2--\n\n"
    );
    for (name, text) in [
        ("ham.eml", HAM.to_owned()),
        ("spam.eml", SPAM.to_owned()),
        ("crlf.eml", HAM.replace('\n', "\r\n")),
        ("marked.eml", marked),
        ("enclosed.eml", enclosed),
        ("empty", String::new()),
        ("box", BOX.to_owned()),
        ("box.mbox", format!("{FROM}{SPAM}")),
        ("boxes/one", format!("{FROM}{HAM}")),
        ("boxes/a b", format!("{FROM}{SPAM}")),
        ("boxes/.hidden", format!("{FROM}{SPAM}")),
        ("boxes/sub/none", format!("{FROM}{SPAM}")),
        ("dir/sub/,gone", SPAM.to_owned()),
        ("dir/sub/1 2", HAM.to_owned()),
        ("maildir/tmp/1", SPAM.to_owned()),
        ("maildir/new/.2", SPAM.to_owned()),
        ("maildir/cur/3:2,ST", SPAM.to_owned()),
        ("maildir/cur/4:2,S", HAM.to_owned()),
        ("prefs", "score ALPHA 3\nbody OWN /paragraph/\nscore OWN 4\npriority OWN 3\n".to_owned()),
        ("wrong", "no_such thing\nscore ALPHA 3\n".to_owned()),
        (
            "folder.mbx",
            format!(
                "*mbx*\r\n{:2041} 3-Jun-2026 12:01:02 +0200,{};000000000000-00000001\r\n{HAM}",
                "",
                HAM.len()
            ),
        ),
    ] {
        place.write(name, text);
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    std::io::Write::write_all(&mut packed, SPAM.as_bytes()).unwrap();
    place.write("packed", packed.finish().unwrap());
    place.given = place.files();
    place
}

#[test]
fn spamassassin_writes_says_and_returns_what_the_real_one_does() {
    let mut different = Vec::new();
    for (words, stdin, out) in CASES {
        let (here, there) = (place(), place());
        let (ours, Some(theirs)) = programs(&here, "spamassassin") else { return };
        let words: Vec<String> =
            words.split_whitespace().map(|word| word.replace('|', " ")).collect();
        let mut all = vec!["-L", "-C", "rules", "--siteconfigpath", "site"];
        all.extend(words.iter().map(String::as_str));
        let mine = here.run(&ours, &all, stdin.as_bytes());
        let other = there.run(&theirs, &all, stdin.as_bytes());
        std::fs::remove_file(&ours).unwrap();
        let found = |output: &Output, place: &Place| {
            let text = match out {
                Mail => settled(&output.stdout),
                FirstLine => settled(&output.stdout).lines().next().unwrap_or_default().to_owned(),
                Lines => sorted(settled(&output.stdout).lines()),
                Nothing => String::new(),
            };
            let files: Vec<String> = place.files().difference(&place.given).cloned().collect();
            let said = classes(&output.stderr, output.status.code());
            format!("{:?}\n{text}\n{said}\n{}", output.status.code(), files.join(" "))
        };
        let (mine, other) = (found(&mine, &here), found(&other, &there));
        if mine != other {
            different.push(format!("== {words:?}\n{mine}\n-- but SpamAssassin:\n{other}"));
        }
    }
    println!("{} calls compared, {} differ", CASES.len(), different.len());
    assert!(different.is_empty(), "{} differ\n{}", different.len(), different.join("\n"));
}

/// `text` without what no two runs have in common: boundaries, and the Received line of a
/// report with its host and time.
fn settled(text: &[u8]) -> String {
    let text = text.escape_ascii().to_string().replace("\\n", "\n").replace("\\t", "\t");
    let mut settled = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        if line.starts_with("Received: from localhost by ") {
            let version = lines.next().unwrap_or_default();
            let time = lines.next().unwrap_or_default().len();
            settled.push_str(&format!("(received){version}({time} bytes of time)\n"));
            continue;
        }
        match line.split_once("----------=_") {
            Some((before, after)) => {
                let behind = after.trim_start_matches(|c: char| c.is_ascii_hexdigit() || c == '.');
                settled.push_str(&format!("{before}(boundary){behind}"));
            }
            None => settled.push_str(line),
        }
    }
    settled
}

/// What kinds of notes there are: level and area of each. Of a failed call only that
/// something was said.
fn classes(stderr: &[u8], status: Option<i32>) -> String {
    let text = String::from_utf8_lossy(stderr);
    if matches!(status, Some(64 | 255)) {
        return format!("said something: {}", !text.trim().is_empty());
    }
    let class = |line: &str| {
        let Some((_, note)) = line.split_once("] ") else { return "no note".to_owned() };
        let (level, note) = note.split_once(": ").unwrap_or_default();
        let area = note.split_once(':').map_or("", |(area, _)| area);
        format!("{level} {}", if area.contains(' ') { "" } else { area })
    };
    sorted(text.lines().map(class))
}

fn sorted(lines: impl Iterator<Item = impl Into<String>>) -> String {
    let mut lines: Vec<String> = lines.map(Into::into).collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn mail_that_cannot_be_written_is_an_error() {
    let place = place();
    let (ours, _) = programs(&place, "spamassassin");
    let status = std::process::Command::new(ours)
        .args(["-L", "-x", "-C", "rules", "--siteconfigpath", "site", "ham.eml"])
        .current_dir(&place.folder)
        .stdout(std::fs::File::create("/dev/full").unwrap())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    // What SpamAssassin ends with: the number of "No space left on device".
    assert_eq!(status.code(), Some(28));
}

#[test]
fn a_message_that_is_too_long_is_passed_on_as_it_is() {
    let place = place();
    place.write("mailprint.yaml", "limits:\n  message_bytes: 20\n");
    let (ours, _) = programs(&place, "spamassassin");
    for work in ["-x", "-xt", "-xd"] {
        let words = ["-L", "-C", "rules", "--siteconfigpath", "site", "-e", work];
        let output = place.run(&ours, &words, SPAM.as_bytes());
        assert_eq!(output.stdout, SPAM.as_bytes());
        assert_eq!(output.status.code(), Some(0));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("limits.message_bytes"), "{said}");
    }
}

#[test]
fn debug_says_what_people_look_for() {
    let place = place();
    let (ours, _) = programs(&place, "spamassassin");
    let said = |areas: &str| {
        let words = ["-L", "-x", "-C", "rules", "--siteconfigpath", "site", "-D", areas];
        String::from_utf8(place.run(&ours, &words, HAM.as_bytes()).stderr).unwrap()
    };
    let all = said("check,rules");
    for line in [
        "dbg: rules: ran header rule GAMMA ======> got hit: \"gamma\"",
        "dbg: rules: ran body rule ALPHA ======> got hit: \"alpha-mark\"",
        "dbg: check: is spam? score=1.2 required=5",
        "dbg: check: tests=ALPHA,GAMMA",
        "dbg: check: subtests=",
    ] {
        assert!(all.contains(line), "{line}: {all}");
    }
    assert!(!said("all,norules").contains("got hit") && said("info").is_empty());
}

#[test]
fn what_is_not_built_names_itself() {
    let place = place();
    let (ours, _) = programs(&place, "spamassassin");
    for (words, name) in [
        ("-r", "-r, --report"),
        ("--revoke", "-k, --revoke"),
        ("-W", "-W, --add-to-welcomelist"),
        ("--add-to-whitelist", "-W, --add-to-welcomelist"),
        ("-R", "-R, --remove-from-welcomelist"),
        ("--add-to-blocklist", "--add-to-blocklist"),
        ("--add-addr-to-welcomelist=a@b.c", "--add-addr-to-welcomelist"),
        ("--add-addr-to-blacklist=a@b.c", "--add-addr-to-blocklist"),
        ("--remove-addr-from-whitelist=a@b.c", "--remove-addr-from-welcomelist"),
    ] {
        let output = place.run(&ours, &[words], HAM.as_bytes());
        assert_eq!(output.status.code(), Some(69), "{words}");
        assert!(output.stdout.is_empty());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("the option {name} is not built")), "{said}");
    }
}
