//! A folder with rules, a program started in it, and a client.

use mailprint::clock::Tick;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A folder that goes with this value: `rules/`, `site/`, and what a test puts there.
pub struct World(pub PathBuf);

impl World {
    pub fn new(name: &str) -> World {
        let folder = std::env::temp_dir().join(format!("mailprint-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let world = World(folder);
        for inner in ["rules", "site"] {
            std::fs::create_dir_all(world.at(inner)).unwrap();
        }
        world.write("rules/a.cf", "util_rb_tld com\nbody HI /hello/\nscore HI 2\n");
        world.write("site/a.pre", "loadplugin Mail::SpamAssassin::Plugin::Check\n");
        // The server may be nobody.
        open_to_all(&world.0, 0o755);
        world
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap_or_default()
    }

    /// The options that every server here gets.
    pub fn options(&self, address: SocketAddr) -> Vec<String> {
        let path = |name: &str| self.at(name).display().to_string();
        let mut options = vec!["-L".to_owned(), "-C".to_owned(), path("rules")];
        options.extend(["--siteconfigpath".to_owned(), path("site")]);
        options.extend(["-i".to_owned(), address.ip().to_string()]);
        options.extend(["-p".to_owned(), address.port().to_string()]);
        options
    }

    /// The program with `options`, not started.
    pub fn program(&self, address: SocketAddr, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailprint"));
        command.arg("spamd").args(self.options(address)).args(options).stdin(Stdio::null());
        command.current_dir(&self.0);
        command
    }

    /// The program in the foreground, once it answers.
    pub fn start(&self, options: &[&str]) -> Running {
        let address = free_address();
        let child = self.program(address, options).spawn().unwrap();
        let running = Running { child, address };
        wait_for(address);
        running
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn open_to_all(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A server in the foreground.
pub struct Running {
    pub child: Child,
    pub address: SocketAddr,
}

impl Running {
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Ends it and waits until it has ended.
    pub fn end(mut self) {
        self.signal(Signal::SIGTERM);
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Sends `request`, half-closes, and reads to the end.
pub fn ask(address: SocketAddr, request: &[u8]) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8_lossy(&reply).into_owned()
}

/// A request for `user`, if one is given, with a message that [`World`]'s rule hits.
pub fn request(verb: &str, user: Option<&str>) -> Vec<u8> {
    let message = "Message-Id: <m1@x>\nSubject: x\n\nhello\n";
    let user = user.map_or(String::new(), |user| format!("User: {user}\r\n"));
    let length = message.len();
    format!("{verb} SPAMC/1.5\r\n{user}Content-length: {length}\r\n\r\n{message}").into_bytes()
}

/// The `Spam:` line's value of a CHECK for `user`.
pub fn check(address: SocketAddr, user: Option<&str>) -> String {
    let reply = ask(address, &request("CHECK", user));
    let line = reply.lines().find_map(|line| line.strip_prefix("Spam: "));
    line.unwrap_or_default().to_owned()
}

pub fn wait_for(address: SocketAddr) {
    until("the server answers", || ask(address, b"PING SPAMC/1.2\r\n") == "SPAMD/1.5 0 PONG\r\n");
}

/// Waits until something is so.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let since = Tick::now();
    while !so() {
        assert!(since.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
