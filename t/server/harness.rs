//! A server with stand-in rules in this process, and clients of all manners.

use mailprint::clock::Tick;
use mailprint::config::Config;
use mailprint::engine::markup::preview::preview;
use mailprint::engine::markup::{Facts, Settings};
use mailprint::engine::{Hit, Verdict};
use mailprint::limits::Limits;
use mailprint::log::{Level, Log, Target};
use mailprint::rules::options::Options;
use mailprint::server::tls::Tls;
use mailprint::server::{Loaded, Mail, Server, listener};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// The stand-in's rules: name, where the mark is sought, mark, score, listed once for each
/// match, area, description. `t/server/spamd.rs` writes the same as a .cf file.
pub const RULES: &[(&str, &str, &str, f64, bool, &str, &str)] = &[
    ("MARK_C", "header", "gamma-mark", -0.3, false, "", ""),
    ("MARK_A", "body", "alpha-mark", 1.5, false, "BODY: ", "The letter that comes first"),
    (
        "MARK_B",
        "body",
        "beta-mark",
        12.0,
        true,
        "BODY: ",
        "A description that is too long for one line of a report, so that it has to be wrapped twice by whoever writes it",
    ),
    ("MARK_D", "rawbody", "delta-mark", 3.45, false, "RAW: ", "Raw"),
    ("MARK_WITH_A_VERY_LONG_NAME_INDEED", "body", "omega-mark", 0.001, false, "BODY: ", "Last"),
];

/// The stand-in's report template.
pub const TEMPLATE: &str = "\
Report of _HOSTNAME_: is_YESNO(, NOT)_ spam, _YESNO_/_YESNOCAPS_; ask _CONTACTADDRESS_.
_SCORE_ of _REQD_; _SCORE(00)_ [_STARS(*)_] _TESTS(, )_ _TESTSSCORES_ _BAYES_ _NO_SUCH_

Preview:  _PREVIEW_

_SUMMARY_
_REPORT_
_VERSION_ _SUBVERSION_ _REMOTEHOSTNAME_ _REMOTEHOSTADDR_
";

/// Scans as [`RULES`] say; some words make the scan slow or let it panic.
pub fn stand_in(mail: &Mail, settings: &Settings) -> Verdict {
    let text = String::from_utf8_lossy(&mail.bytes);
    if text.contains("panic-please") {
        panic!("as the message asks");
    }
    if let Some((_, rest)) = text.split_once("sleep-milliseconds=") {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        std::thread::sleep(Duration::from_millis(digits.parse().unwrap()));
    }
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut verdict = Verdict { required: 5.0, ..Verdict::default() };
    for (name, place, mark, score, multiple, area, description) in RULES {
        let seen = if *place == "header" { head } else { body }.matches(mark).count() as u32;
        let count = if *multiple { seen } else { seen.min(1) };
        if count > 0 {
            verdict.score += score * f64::from(count);
            verdict.hits.push(Hit {
                name: (*name).into(),
                score: *score,
                count,
                description: description.as_bytes().into(),
                log: Vec::new(),
                area,
                ..Hit::default()
            });
        }
    }
    let paragraphs: Vec<String> =
        body.split("\n\n").map(|part| part.trim_end().replace('\n', " ") + "\n").collect();
    let preview = preview(paragraphs.iter().map(|part| part.as_bytes()));
    let other = |name: &[u8], _: Option<&[u8]>| (name == b"PREVIEW").then(|| preview.clone());
    let facts = Facts::new(&verdict, settings, &mail.surroundings, &other);
    verdict.report = mail.report.then(|| facts.report());
    verdict
}

/// What the stand-in's report is made from.
pub fn settings() -> Settings {
    Settings {
        report: TEMPLATE.as_bytes().into(),
        contact: b"the postmaster"[..].into(),
        hostname: b"mx.example.org"[..].into(),
        wrap_width: 75,
        ..Settings::of(&Options::default(), &Limits::default())
    }
}

pub fn loaded(limits: Limits) -> Loaded {
    loaded_with(limits, settings())
}

/// The stand-in with such settings.
pub fn loaded_with(limits: Limits, settings: Settings) -> Loaded {
    let scanner = move || {
        let settings = settings.clone();
        mailprint::server::at_once(move |mail: Mail| stand_in(&mail, &settings))
    };
    Loaded { scanner: Arc::new(scanner), rules: RULES.len(), limits, ..Loaded::default() }
}

/// A server on a port of its own; it ends with this value.
pub struct Running {
    /// The first place's.
    pub address: SocketAddr,
    pub addresses: Vec<SocketAddr>,
    pub tls: Option<Arc<Tls>>,
    pub server: Arc<Server>,
    pub runtime: tokio::runtime::Runtime,
}

impl Running {
    pub fn with(limits: Limits) -> Running {
        Running::start(Config::default(), Box::new(move || Ok(loaded(limits.clone()))))
    }

    pub fn start(mut config: Config, load: mailprint::server::Load) -> Running {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        if config.socket.is_none() && config.listen == Config::default().listen {
            config.listen = vec!["127.0.0.1:0".into()];
        }
        if config.workers == 0 {
            config.workers = 2;
        }
        let log = Log::open(&Target::Null, Level::Info).unwrap();
        let server = Server::start(&config, log, load).unwrap();
        let listeners = runtime.block_on(listener::open(&config)).unwrap();
        let addresses: Vec<SocketAddr> =
            listeners.iter().filter_map(|listener| listener.address()).collect();
        let address = addresses.first().copied().unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
        let tls = listeners.iter().find_map(|listener| listener.tls()).cloned();
        for listener in listeners {
            runtime.spawn(listener::accept(listener, server.clone()));
        }
        Running { address, addresses, tls, server, runtime }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends `request`, half-closes, and reads to the end.
    pub fn ask(&self, request: &[u8]) -> Vec<u8> {
        ask(self.address, request)
    }

    /// Is an ordinary request answered, and soon?
    pub fn assert_answers(&self) {
        let since = Tick::now();
        let reply = self.ask(&check(b"Subject: x\n\nalpha-mark\n"));
        let expected = "SPAMD/1.1 0 EX_OK\r\nSpam: False ; 1.5 / 5.0\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&reply), expected);
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    }

    pub fn limit_hits(&self, name: &str) -> u64 {
        self.server.metrics.limit_hits.with_label_values(&[name]).get()
    }

    /// Waits until no connection is open.
    pub fn until_idle(&self) {
        until(Duration::from_secs(10), || self.server.metrics.open_connections.get() == 0);
    }
}

/// Waits until something is so.
pub fn until(most: Duration, mut so: impl FnMut() -> bool) {
    let since = Tick::now();
    while !so() {
        assert!(since.elapsed() < most, "waited {most:?} in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends `request`, half-closes, and reads to the end.
pub fn ask(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    rest(&mut stream)
}

/// What still comes.
pub fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    reply
}

pub fn request(verb: &str, version: &str, message: &[u8]) -> Vec<u8> {
    let length = message.len();
    let head = format!("{verb} SPAMC/{version}\r\nContent-length: {length}\r\n\r\n");
    [head.as_bytes(), message].concat()
}

pub fn check(message: &[u8]) -> Vec<u8> {
    request("CHECK", "1.5", message)
}

/// The first line of a reply.
pub fn status(reply: &[u8]) -> String {
    let text = String::from_utf8_lossy(reply);
    text.lines().next().unwrap_or_default().to_owned()
}

/// `message` as `Compress: zlib` wants it.
pub fn deflated(message: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(message).unwrap();
    encoder.finish().unwrap()
}

/// Bytes of this process in memory.
pub fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
