//! rbldnsd and our own listener, with the same zones, and a client that asks both.

use super::message::Question;
use arc_swap::ArcSwap;
use mailprint::dns::Name;
use mailprint::limits::Limits;
use mailprint::zones::listener::Listener;
use mailprint::zones::{Dataset, File, Format, Options, Served, Zone, load};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A zone as rbldnsd's command line has it.
#[derive(Clone, Debug)]
pub struct Spec {
    pub zone: String,
    pub datasets: Vec<(Format, Vec<PathBuf>)>,
}

impl Spec {
    pub fn new(zone: &str, format: Format, file: &Path) -> Spec {
        Spec { zone: zone.to_owned(), datasets: vec![(format, vec![file.to_owned()])] }
    }

    /// Our zone of it.
    pub fn load(&self, options: &Options) -> Zone {
        let datasets: Vec<Dataset> = self
            .datasets
            .iter()
            .map(|(format, files)| {
                let files = files.iter().map(|path| File::on_disk(path).unwrap()).collect();
                Dataset::new(*format, files)
            })
            .collect();
        load(&Name::new(&self.zone).unwrap(), &datasets, options).unwrap().0
    }
}

/// What zones are loaded with that have bad lines on purpose.
pub fn options() -> Options {
    let now = std::fs::metadata("/proc/self/stat").unwrap().modified().unwrap();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    Options { bad_share: 1000, ..Options::new(now, Limits::default()) }
}

/// rbldnsd, until it is dropped.
pub struct Judge {
    process: Child,
    pub place: SocketAddr,
}

/// Debian's rbldnsd, if it is here.
pub fn rbldnsd() -> Option<&'static Path> {
    let path = Path::new("/usr/sbin/rbldnsd");
    path.exists().then_some(path)
}

impl Judge {
    /// Starts it with these zones. Files must be readable by everybody.
    pub fn start(program: &Path, specs: &[Spec], log: &Path) -> Judge {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::fs::File::create(log).unwrap();
        let mut command = Command::new(program);
        command.args(["-n", "-c", "0", "-b", &format!("127.0.0.1/{port}")]);
        if nix::unistd::geteuid().is_root() {
            command.args(["-u", "nobody"]);
        }
        for spec in specs {
            for (format, files) in &spec.datasets {
                let files: Vec<String> =
                    files.iter().map(|file| file.display().to_string()).collect();
                command.arg(format!("{}:{}:{}", spec.zone, format.name(), files.join(",")));
            }
        }
        let process = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let place = SocketAddr::from(([127, 0, 0, 1], port));
        let judge = Judge { process, place };
        let client = Client::new(place);
        let question = Question::new(&specs[0].zone, super::message::A).bytes(1);
        for _ in 0..600 {
            if client.try_ask(&question).is_some() {
                return judge;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("rbldnsd does not answer");
    }

    /// Its process.
    #[allow(dead_code, reason = "of those who share this file, one measures memory")]
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Our own server of these zones.
pub fn ours(zones: Vec<Arc<Zone>>, threads: usize) -> Listener {
    let served = Arc::new(ArcSwap::from_pointee(Served::new(zones)));
    let place = SocketAddr::from(([127, 0, 0, 1], 0));
    Listener::start(&[place], threads, Arc::new(|_| true), served, &Limits::default()).unwrap()
}

/// Who asks, one question after the other.
pub struct Client {
    socket: UdpSocket,
}

impl Client {
    pub fn new(place: SocketAddr) -> Client {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(place).unwrap();
        Client { socket }
    }

    /// The answer, of a server that may not be there yet.
    pub fn try_ask(&self, question: &[u8]) -> Option<Vec<u8>> {
        self.socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        self.socket.send(question).ok()?;
        self.receive().ok()
    }

    fn receive(&self) -> std::io::Result<Vec<u8>> {
        let mut answer = [0; 4096];
        self.socket.recv(&mut answer).map(|length| answer[..length].to_vec())
    }

    /// The answer.
    pub fn ask(&self, question: &[u8]) -> Vec<u8> {
        self.socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        self.socket.send(question).unwrap();
        loop {
            let answer = self.receive().unwrap();
            if answer[..2] == question[..2] {
                return answer;
            }
        }
    }

    /// The answer to a packet that may get none: then `next`, a question that does, is answered
    /// first.
    pub fn ask_or_not(&self, packet: &[u8], next: &[u8]) -> Option<Vec<u8>> {
        self.socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        self.socket.send(packet).unwrap();
        self.socket.send(next).unwrap();
        let first = self.receive().unwrap();
        if first[..2] == next[..2] {
            return None;
        }
        let second = self.receive().unwrap();
        assert_eq!(second[..2], next[..2]);
        Some(first)
    }
}
