//! Servers that lists are fetched from: nginx over TLS, rsync's daemon, and one that breaks off.

use crate::world::{free_address, until};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A CA and a server's certificate of it.
const MAKE: &str = "set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \\
    -keyout ca.key -out ca.pem -subj /CN=ca
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' >server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \\
    -extfile server.ext -out server.pem
";

/// A web server whose files lie in `www` of its folder.
pub struct Web {
    child: Option<Child>,
    pub address: SocketAddr,
    folder: PathBuf,
}

impl Web {
    /// Starts nginx over TLS; `None` where it, or openssl, is not installed.
    pub fn start(folder: &Path) -> Option<Web> {
        std::fs::create_dir_all(folder.join("www")).unwrap();
        std::fs::create_dir_all(folder.join("tmp")).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", MAKE]).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        let is_made = shell.status().is_ok_and(|status| status.success());
        let is_there = Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok();
        if !is_made || !is_there {
            println!("skipped: nginx or openssl is not installed");
            return None;
        }
        let mut web = Web { child: None, address: free_address(), folder: folder.to_owned() };
        web.resume();
        Some(web)
    }

    /// Starts it again at the same address.
    pub fn resume(&mut self) {
        let folder = self.folder.display();
        let text = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error;\n\
             events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/tmp;\n\
             proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;\n\
             uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp; server {{\n\
             listen {} ssl; root {folder}/www; ssl_certificate {folder}/server.pem;\n\
             ssl_certificate_key {folder}/server.key; }} }}\n",
            self.address
        );
        std::fs::write(self.folder.join("nginx.conf"), text).unwrap();
        let mut nginx = Command::new("nginx");
        nginx
            .arg("-c")
            .arg(self.folder.join("nginx.conf"))
            .arg("-e")
            .arg(self.folder.join("error"));
        self.child = Some(nginx.stderr(Stdio::null()).spawn().unwrap());
        until("nginx answers", || TcpStream::connect(self.address).is_ok());
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Puts a file there, whole or not at all.
    pub fn publish(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.folder.join("www/new"), text).unwrap();
        std::fs::rename(self.folder.join("www/new"), self.folder.join("www").join(name)).unwrap();
    }

    pub fn url(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.address.port())
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stop();
    }
}

/// rsync's daemon with a module `lists`.
pub struct Rsync {
    child: Child,
    pub address: SocketAddr,
}

impl Rsync {
    /// `None` where rsync is not installed.
    pub fn start(folder: &Path) -> Option<Rsync> {
        let address = free_address();
        std::fs::create_dir_all(folder.join("lists")).unwrap();
        let text = format!(
            "use chroot = no\nmunge symlinks = no\n[lists]\npath = {}\n",
            folder.join("lists").display()
        );
        let file = folder.join("rsyncd.conf");
        std::fs::write(&file, text).unwrap();
        let mut rsync = Command::new("rsync");
        rsync.args(["--daemon", "--no-detach", "--address=127.0.0.1"]);
        rsync.arg(format!("--port={}", address.port())).arg(format!("--config={}", file.display()));
        let Ok(child) = rsync.stdin(Stdio::null()).stderr(Stdio::null()).spawn() else {
            println!("skipped: rsync is not installed");
            return None;
        };
        until("rsync answers", || TcpStream::connect(address).is_ok());
        Some(Rsync { child, address })
    }
}

impl Drop for Rsync {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A web server that promises more than it sends.
pub fn broken_off(text: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len() + 1000);
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(text.as_bytes());
        }
    });
    address
}
