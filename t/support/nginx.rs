//! Debian's nginx, serving what a test lays into a folder.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A web server. Dropped, it ends.
pub struct Nginx {
    child: Child,
    folder: PathBuf,
    /// Where plain HTTP is.
    pub http: SocketAddr,
    /// Where HTTPS is, with the certificate `tls.pem` of the folder.
    pub https: SocketAddr,
}

/// Where the program is; `None` says why a test is skipped.
pub fn program() -> Option<PathBuf> {
    let found = ["/usr/sbin/nginx", "/usr/bin/nginx"].iter().map(PathBuf::from);
    let program = found.into_iter().find(|path| path.exists());
    if program.is_none() {
        println!("skipped: there is no nginx");
    }
    program
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Nginx {
    /// Serves `folder`/www; `locations` is what a server block has besides.
    pub fn start(folder: &Path, locations: &str) -> Option<Nginx> {
        Nginx::start_at(folder, locations, free(), free())
    }

    /// The same at addresses of a server that has ended.
    pub fn start_at(
        folder: &Path,
        locations: &str,
        http: SocketAddr,
        https: SocketAddr,
    ) -> Option<Nginx> {
        let program = program()?;
        std::fs::create_dir_all(folder.join("www")).unwrap();
        if !folder.join("tls.pem").exists() {
            certificate(&folder.join("tls.pem"));
        }
        let folder_name = folder.display();
        let user = if nix::unistd::getuid().is_root() { "user root;" } else { "" };
        let inner =
            format!("root {folder_name}/www; default_type application/octet-stream; {locations}");
        let conf = format!(
            "{user} worker_processes 1; daemon off; error_log {folder_name}/error.log; \
             pid {folder_name}/nginx.pid;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log {folder_name}/access.log;\n\
             client_body_temp_path {folder_name}/t1; proxy_temp_path {folder_name}/t2;\n\
             fastcgi_temp_path {folder_name}/t3; uwsgi_temp_path {folder_name}/t4;\n\
             scgi_temp_path {folder_name}/t5;\n\
             server {{ listen {http}; {inner} }}\n\
             server {{ listen {https} ssl; ssl_certificate {folder_name}/tls.pem;\n\
             ssl_certificate_key {folder_name}/tls.pem; {inner} }} }}\n"
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, conf).unwrap();
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(&path);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let nginx = Nginx { child, folder: folder.to_owned(), http, https };
        for _ in 0..500 {
            if TcpStream::connect(http).is_ok() {
                return Some(nginx);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nginx does not answer: {}", nginx.errors());
    }

    /// What it complains about.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.join("error.log")).unwrap_or_default()
    }

    /// A URL of what is below `www`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.http)
    }

    /// The same by HTTPS.
    pub fn secure_url(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.https.port())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        use nix::sys::signal::{Signal, kill};
        let _ = kill(nix::unistd::Pid::from_raw(self.child.id() as i32), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

/// A certificate for localhost that signs itself, with its key, in one file.
pub fn certificate(path: &Path) {
    let key = path.with_extension("key");
    // Debian's own configuration would make a CA of it, which no server may be.
    let conf = path.with_extension("cnf");
    std::fs::write(&conf, "[req]\ndistinguished_name = dn\n[dn]\n").unwrap();
    let made = Command::new("openssl")
        .args(["req", "-config"])
        .arg(&conf)
        .args(["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "30", "-subj", "/CN=localhost", "-addext"])
        .args(["subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(path)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success(), "openssl makes a certificate");
    let both = [std::fs::read(path).unwrap(), std::fs::read(&key).unwrap()].concat();
    std::fs::write(path, both).unwrap();
}

/// A folder of its own for a test, that goes with this value.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("mailprint-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
