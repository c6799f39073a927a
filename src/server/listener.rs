//! Listeners: connections in, each with a permit or a refusal.
//!
//! Sockets are bound while the process may still bind them ([`bind`]); a runtime adopts them
//! later.

use super::connection::{self, Client};
use super::handle::come_back;
use super::systemd::Given;
use super::tls::Tls;
use super::{Server, StartError, privileges};
use crate::config::{Config, Listen};
use crate::limits::Limit;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::Accept;

/// A socket that is bound and not served yet.
pub enum Bound {
    /// TCP.
    Tcp(std::net::TcpListener),
    /// TCP with TLS on it.
    Tls(std::net::TcpListener, Arc<Tls>),
    /// A UNIX socket.
    Unix(std::os::unix::net::UnixListener, SocketFile),
}

/// A socket that is listened on.
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// TCP with TLS on it.
    Tls(TcpListener, Arc<Tls>),
    /// A UNIX socket; the file is removed when the listener is dropped.
    Unix(UnixListener, SocketFile),
}

/// The file of a UNIX socket.
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode of the file that we have made, and remove.
    ours: Option<(u64, u64)>,
}

impl SocketFile {
    /// The file of a socket that somebody else has made.
    pub fn of_another(socket: &std::os::unix::net::UnixListener) -> SocketFile {
        let address = socket.local_addr().ok();
        let path = address.as_ref().and_then(|address| address.as_pathname());
        SocketFile { path: path.unwrap_or(Path::new("?")).to_owned(), ours: None }
    }

    fn of_ours(path: &Path) -> SocketFile {
        SocketFile { path: path.to_owned(), ours: identity(path) }
    }
}

/// Device and inode of a file, by which it is told from another at the same place.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    let file = std::fs::symlink_metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may be gone already, or another server's by now; neither is our concern.
        if self.ours.is_some() && identity(&self.path) == self.ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Bound {
    /// Serves it with the runtime that runs.
    pub fn adopt(self) -> io::Result<Listener> {
        Ok(match self {
            Bound::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                Listener::Tcp(TcpListener::from_std(listener)?)
            }
            Bound::Tls(listener, tls) => {
                listener.set_nonblocking(true)?;
                Listener::Tls(TcpListener::from_std(listener)?, tls)
            }
            Bound::Unix(listener, file) => {
                listener.set_nonblocking(true)?;
                Listener::Unix(UnixListener::from_std(listener)?, file)
            }
        })
    }

    /// The file of a UNIX socket that has to be removed at the end.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Bound::Unix(_, file) => file.ours.map(|_| file.path.as_path()),
            Bound::Tcp(_) | Bound::Tls(..) => None,
        }
    }
}

impl Listener {
    /// The socket as spamd's log names it.
    pub fn name(&self) -> String {
        let tcp = |kind: &str, listener: &TcpListener| match listener.local_addr() {
            Ok(here) => format!("{kind} [{}]:{}", here.ip(), here.port()),
            Err(_) => kind.to_owned(),
        };
        match self {
            Listener::Tcp(listener) => tcp("IO::Socket::IP", listener),
            Listener::Tls(listener, _) => tcp("IO::Socket::SSL", listener),
            Listener::Unix(_, file) => format!("UNIX domain socket {}", file.path.display()),
        }
    }

    /// The TCP address, for who asked for port 0.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Listener::Tcp(listener) | Listener::Tls(listener, _) => listener.local_addr().ok(),
            Listener::Unix(..) => None,
        }
    }

    /// The key and certificates in use there.
    pub fn tls(&self) -> Option<&Arc<Tls>> {
        match self {
            Listener::Tls(_, tls) => Some(tls),
            Listener::Tcp(_) | Listener::Unix(..) => None,
        }
    }
}

/// Opens every place that `config` names.
pub async fn open(config: &Config) -> Result<Vec<Listener>, StartError> {
    adopt(bind(config, Given::default())?)
}

/// Serves what is bound with the runtime that runs.
pub fn adopt(bound: Vec<Bound>) -> Result<Vec<Listener>, StartError> {
    let system = |why| StartError::System { what: "a socket cannot be served".into(), why };
    bound.into_iter().map(|bound| bound.adopt().map_err(system)).collect()
}

/// Binds every place that `config` names, unless systemd has handed sockets over. Keys are
/// read here too, which nobody but root may be able to.
pub fn bind(config: &Config, given: Given) -> Result<Vec<Bound>, StartError> {
    let handed_over = !given.spamd.is_empty();
    let places = match handed_over {
        true => Vec::new(),
        false => config.places().map_err(StartError::Setting)?,
    };
    let some = places.iter().any(|place| matches!(place, Listen::Tcp { tls: true, .. }));
    let tls = match some || (handed_over && config.tls_everywhere()) {
        true => Some(Arc::new(Tls::load(config)?)),
        false => None,
    };
    let shaking_hands = |bound| match (bound, &tls) {
        (Bound::Tcp(listener), Some(tls)) => Bound::Tls(listener, tls.clone()),
        (bound, _) => bound,
    };
    if handed_over {
        return Ok(given.spamd.into_iter().map(shaking_hands).collect());
    }
    let mut bound = Vec::new();
    for place in places {
        match &place {
            Listen::Unix(path) => bound.push(unix(path, config)?),
            Listen::Tcp { tls: false, .. } => bound.append(&mut tcp(&place, &config.families)?),
            Listen::Tcp { tls: true, .. } => {
                bound.extend(tcp(&place, &config.families)?.into_iter().map(shaking_hands));
            }
        }
    }
    Ok(bound)
}

/// Listens on every address of a place; one that can be had is enough. A server that is still
/// ending is waited for, as spamd waits for it.
fn tcp(place: &Listen, families: &str) -> Result<Vec<Bound>, StartError> {
    const TRIES: usize = 10;
    let mut tried = 0;
    loop {
        tried += 1;
        let why = match tcp_once(place, families) {
            Ok(bound) => return Ok(bound),
            Err(why) => why,
        };
        if why.kind() != io::ErrorKind::AddrInUse || tried == TRIES {
            let what = format!(
                "cannot listen on {place}; is another server there, or the port below 1024?"
            );
            return Err(StartError::System { what, why });
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn tcp_once(place: &Listen, families: &str) -> io::Result<Vec<Bound>> {
    let mut bound = Vec::new();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    let wanted = |address: &SocketAddr| match families {
        "ipv4" => address.is_ipv4(),
        "ipv6" => address.is_ipv6(),
        _ => true,
    };
    for address in resolve(place)?.into_iter().filter(wanted) {
        match bind_to(address) {
            Ok(listener) => bound.push(Bound::Tcp(listener)),
            Err(error) => last = error,
        }
    }
    if bound.is_empty() { Err(last) } else { Ok(bound) }
}

/// The addresses of a TCP place; a name may be asked for in the DNS.
pub fn resolve(place: &Listen) -> io::Result<Vec<SocketAddr>> {
    let mut all = Vec::new();
    let mut last = None;
    for host in place.hosts() {
        match host.to_socket_addrs() {
            Ok(addresses) => all.extend(addresses),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) if all.is_empty() => Err(error),
        _ => Ok(all),
    }
}

/// Listens on one address; many may knock before the first is let in.
fn bind_to(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `*` has a socket for each family.
        socket.set_only_v6(true)?;
    }
    socket.bind(&SockAddr::from(address))?;
    socket.listen(4096)?;
    Ok(socket.into())
}

/// Listens on a UNIX socket; a file that an ended server has left there is replaced.
fn unix(path: &Path, config: &Config) -> Result<Bound, StartError> {
    let what = format!("cannot listen on {}", path.display());
    let system = |why| StartError::System { what: what.clone(), why };
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path).map_err(system)?;
    }
    let listener = std::os::unix::net::UnixListener::bind(path).map_err(system)?;
    let file = SocketFile::of_ours(path);
    let (owner, group) = privileges::owner(config)?;
    if owner.is_some() || group.is_some() {
        nix::unistd::chown(path, owner, group).map_err(|why| system(why.into()))?;
    }
    let mode = crate::config::table::mode(&config.socket_mode).map_err(StartError::Setting)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(system)?;
    Ok(Bound::Unix(listener, file))
}

/// Accepts connections until the server stops.
pub async fn accept(listener: Listener, server: Arc<Server>) {
    let mut stopping = server.stopping();
    let mut resting = false;
    loop {
        let accepted = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            accepted = admit_next(&listener, &server) => accepted,
        };
        match accepted {
            Ok(()) => resting = false,
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                if !std::mem::replace(&mut resting, true) {
                    server.log.error(&format!("spamd: cannot accept a connection: {error}"));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn admit_next(listener: &Listener, server: &Arc<Server>) -> io::Result<()> {
    match listener {
        Listener::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            if let Some((client, line)) = tcp_client(&stream, peer, listener, server) {
                server.log.info(&format!("spamd: {line}"));
                admit(Stream::Tcp(stream), client, server).await;
            }
        }
        Listener::Tls(listener, tls) => {
            let (stream, peer) = listener.accept().await?;
            if let Some((client, line)) = tcp_client(&stream, peer, listener, server) {
                let handshake = tls.acceptor().accept(stream);
                admit(Stream::Tls(Box::new(handshake), line), client, server).await;
            }
        }
        Listener::Unix(listener, file) => {
            let (stream, _) = listener.accept().await?;
            let path = file.path.display().to_string();
            server.log.info(&format!("spamd: got connection over {path}"));
            let client =
                Client { host: "localhost".into(), address: "127.0.0.1".into(), port: path };
            admit(Stream::Unix(stream), client, server).await;
        }
    }
    Ok(())
}

/// Who has come, and the line that the log says it with; `None` for who is not served.
fn tcp_client(
    stream: &TcpStream,
    peer: SocketAddr,
    listener: &TcpListener,
    server: &Server,
) -> Option<(Client, String)> {
    let address = peer.ip().to_canonical();
    let host = if address.is_loopback() { "localhost".to_owned() } else { address.to_string() };
    let here = listener.local_addr().map_or(0, |here| here.port());
    let line = format!(
        "connection from {host} [{address}]:{} to port {here}, fd {}",
        peer.port(),
        listener.as_raw_fd()
    );
    if !server.allowed.contains(address) {
        server.metrics.connections.with_label_values(&["unauthorized"]).inc();
        server.log.warn(&format!("spamd: unauthorized {line}"));
        return None;
    }
    // Replies are written in one piece; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let client = Client { host, address: address.to_string(), port: peer.port().to_string() };
    Some((client, line))
}

enum Stream {
    Tcp(TcpStream),
    /// With the line that the log gets once the handshake is done.
    Tls(Box<Accept<TcpStream>>, String),
    Unix(UnixStream),
}

/// Starts a task for the connection, if there is a permit.
async fn admit(stream: Stream, client: Client, server: &Arc<Server>) {
    let Some(permit) = permit(server).await else {
        server.metrics.connections.with_label_values(&["refused"]).inc();
        let reply = come_back("too many connections, come back later (limits.connections)");
        // Whoever cannot take these few bytes at once goes without.
        let _ = match &stream {
            Stream::Tcp(stream) => stream.try_write(&reply.bytes),
            Stream::Unix(stream) => stream.try_write(&reply.bytes),
            // Nothing can be said before a handshake.
            Stream::Tls(..) => Ok(0),
        };
        return;
    };
    server.metrics.connections.with_label_values(&["served"]).inc();
    let server = server.clone();
    // Begun here, not in the task: one that has not run yet can be sent away too.
    let arrival = server.arrivals.begin();
    tokio::spawn(async move {
        let open = Open::new(&server, permit);
        match stream {
            Stream::Tcp(stream) => connection::serve(stream, client, server.clone(), arrival).await,
            Stream::Unix(stream) => {
                connection::serve(stream, client, server.clone(), arrival).await
            }
            Stream::Tls(handshake, line) => {
                connection::serve_tls(*handshake, client, line, server.clone(), arrival).await
            }
        }
        drop(open);
    });
}

/// A free permit, or that of the request that has been arriving for longest.
async fn permit(server: &Server) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = server.permits.clone().try_acquire_owned() {
        return Some(permit);
    }
    server.metrics.limit_hit(Limit::Connections);
    // Some more than needed, so that in a flood not every connection waits for this.
    let several = (server.connections / 64).max(1);
    let sent_away = (0..several).take_while(|_| server.arrivals.send_oldest_away()).count();
    if sent_away == 0 {
        return None;
    }
    let freed = server.permits.clone().acquire_owned();
    // Whoever knocks meanwhile waits in the system's own queue.
    tokio::time::timeout(Duration::from_secs(2), freed).await.ok()?.ok()
}

/// An open connection; counts itself, and whether it ended in a panic.
struct Open {
    server: Arc<Server>,
    _permit: OwnedSemaphorePermit,
}

impl Open {
    fn new(server: &Arc<Server>, permit: OwnedSemaphorePermit) -> Open {
        server.metrics.open_connections.inc();
        Open { server: server.clone(), _permit: permit }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.server.metrics.open_connections.dec();
        if std::thread::panicking() {
            self.server.metrics.panics.with_label_values(&["connection"]).inc();
        }
    }
}
