//! What all clients need: a scratch folder, programs found and run, three messages, and the
//! files of `contrib/` with their ports and paths put in.

use mailprint::clock::Tick;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use regex::bytes::Regex;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The string that every rule set takes for spam (SpamAssassin's GTUBE).
pub const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/// The last line of each message.
pub const END: &str = "That was all.";

/// A body that a careless filter would change: 8-bit bytes, a dot alone, blanks at a line's end,
/// a line that looks like an mbox separator, a tab, a long line.
fn body() -> String {
    let long = "long ".repeat(150);
    format!(
        "Grüße!\n.\n..two dots\nblanks at the end   \n\n>From a friend\n\tindented\n{long}\n\n{END}\n"
    )
}

fn message(from: &str, name: &str, first_line: &str) -> Vec<u8> {
    let subject = if name == "spam" { "spam offer" } else { name };
    format!(
        "From: {from}\nTo: bob@example.org\nSubject: {subject} for Bob\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\nMessage-ID: <{name}@example.com>\n\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\n\n{first_line}\n\n{}",
        body()
    )
    .into_bytes()
}

/// Ordinary mail.
pub fn ham() -> Vec<u8> {
    message("Ann <ann@example.com>", "ham", "Hello Bob,")
}

/// Mail that is spam by six and a half points: marked, but not refused.
pub fn marked() -> Vec<u8> {
    message("Eve <eve@example.com>", "marked", "Here are six-point-marks for you.")
}

/// Mail that scores a thousand points.
pub fn spam() -> Vec<u8> {
    message("News <newsletter@example.com>", "spam", GTUBE)
}

/// A folder of its own, gone with this value.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = std::process::id();
        let name = format!("mailprint-clients-{id}-{number}-{name}");
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file below the folder.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that runs beside the test and ends with this value.
pub struct Daemon {
    child: Child,
    ends_on: Signal,
}

impl Daemon {
    pub fn start(command: &mut Command) -> Daemon {
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Daemon { child, ends_on: Signal::SIGTERM }
    }

    /// One that takes no notice of SIGTERM.
    pub fn start_stubborn(command: &mut Command) -> Daemon {
        let mut daemon = Daemon::start(command);
        daemon.ends_on = Signal::SIGKILL;
        daemon
    }

    /// Has it ended by itself?
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = Pid::from_raw(self.child.id() as i32);
        let _ = kill(pid, self.ends_on);
        let _ = self.child.wait();
    }
}

/// What a program left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

/// Runs a program on `input` and waits for it. No thread is needed: all three streams are files,
/// and a thread in a room (see `room.rs`) could not start one.
pub fn run(command: &mut Command, input: &[u8]) -> Outcome {
    let scratch = Scratch::new("run");
    let file = |name: &str, bytes: &[u8]| {
        let path = scratch.write(name, bytes);
        std::fs::File::options().read(true).write(true).open(path).unwrap()
    };
    let (out, err) = (file("out", b""), file("err", b""));
    let status = command
        .stdin(file("in", input))
        .stdout(out)
        .stderr(err)
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let written = |name: &str| std::fs::read(scratch.path().join(name)).unwrap();
    Outcome { code: status.code(), out: written("out"), err: written("err") }
}

/// Runs a program that must succeed.
pub fn must(command: &mut Command) -> Vec<u8> {
    let outcome = run(command, b"");
    assert_eq!(outcome.code, Some(0), "{command:?}: {}{}", text(&outcome.out), text(&outcome.err));
    outcome.out
}

/// Where a program is: in the folders of the system, or among those that `t/run` has unpacked
/// beside what cargo built.
pub fn installed(name: &str) -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_BIN_EXE_mailprint"));
    let unpacked = built.ancestors().nth(2).unwrap().join("clients/usr/sbin");
    let mut folders = vec![unpacked];
    folders.extend(["/usr/bin", "/usr/sbin", "/bin", "/sbin"].map(PathBuf::from));
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists())
}

/// `None`, and a word why, where one of the programs is not installed.
pub fn all_installed(names: &[&str]) -> Option<()> {
    for name in names {
        if installed(name).is_none() {
            println!("skipped: {name} is not installed");
            return None;
        }
    }
    Some(())
}

/// A file of `contrib/`, with the texts on the left, all of which it must hold, replaced.
pub fn contrib(name: &str, replaced: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(name);
    let mut recipe = std::fs::read_to_string(&path).unwrap();
    for (from, to) in replaced {
        assert!(recipe.contains(from), "{} does not hold {from:?}", path.display());
        recipe = recipe.replace(from, to);
    }
    recipe
}

/// Waits until something is so, and says what it waited for in vain.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let since = Tick::now();
    while !so() {
        assert!(since.elapsed() < Duration::from_secs(30), "waited half a minute in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The mails of an mbox file, once there are `count` and the last is whole.
pub fn mailbox(path: &Path, count: usize) -> Vec<Vec<u8>> {
    let mut mails = Vec::new();
    until(&format!("{count} mails in {}", path.display()), || {
        let bytes = std::fs::read(path).unwrap_or_default();
        mails = split_mbox(&bytes);
        mails.len() == count && mails.last().is_none_or(|mail| text(mail).contains(END))
    });
    mails
}

/// Mails without their `From ` lines and the empty line that ends each.
fn split_mbox(bytes: &[u8]) -> Vec<Vec<u8>> {
    let separator = Regex::new(r"(?m-u)^From \S+ .*\n").unwrap();
    let pieces = separator.split(bytes).skip(1);
    pieces.map(|mail| mail.strip_suffix(b"\n").unwrap_or(mail).to_vec()).collect()
}

/// Clocks, process and queue numbers, and random boundaries made equal.
pub fn masked(bytes: &[u8]) -> Vec<u8> {
    const MASKS: [(&str, &str); 4] = [
        (r"-=_[0-9A-F]{8}\.[0-9A-F]{8}", "-=_BOUNDARY"),
        (r"[A-Z][a-z]{2}, +\d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "DATE"),
        (r"\bid [^\s;]{6,}", "id QUEUE"),
        (r"\(Postfix, from userid \d+\)", "(Postfix)"),
    ];
    MASKS.iter().fold(bytes.to_vec(), |bytes, (pattern, mask)| {
        Regex::new(&format!("(?-u){pattern}"))
            .unwrap()
            .replace_all(&bytes, mask.as_bytes())
            .into_owned()
    })
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The value of a header, unfolded; the empty text if there is none.
pub fn header(mail: &[u8], name: &str) -> String {
    let head = text(mail);
    let head =
        head.split("\n\n").next().unwrap_or_default().replace("\n\t", " ").replace("\n ", " ");
    let prefix = format!("{name}: ").to_lowercase();
    head.lines()
        .find(|line| line.to_lowercase().starts_with(&prefix))
        .map(|line| line[prefix.len()..].to_owned())
        .unwrap_or_default()
}

/// What comes after the header.
pub fn body_of(mail: &[u8]) -> &[u8] {
    let at = mail.windows(2).position(|two| two == b"\n\n").map_or(mail.len(), |at| at + 2);
    &mail[at..]
}

/// Does `mail` hold `original`, as the attachment of a report does?
pub fn holds(mail: &[u8], original: &[u8]) -> bool {
    mail.windows(original.len()).any(|window| window == original)
}
