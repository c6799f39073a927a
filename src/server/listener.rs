//! Listeners: connections in, each with a permit or a refusal.

use super::connection::{self, Client};
use super::handle::come_back;
use super::{Server, StartError};
use crate::config::{Config, Listen};
use crate::limits::Limit;
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::sync::OwnedSemaphorePermit;

/// A socket that is listened on.
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// TCP with TLS on it.
    Tls(TcpListener),
    /// A UNIX socket; the file is removed when the listener is dropped.
    Unix(UnixListener, SocketFile),
}

/// The file of a UNIX socket.
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may be gone already, or another server's by now; neither is our concern.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// The address, as the log names it.
    pub fn name(&self) -> String {
        match self {
            Listener::Tcp(listener) | Listener::Tls(listener) => {
                listener.local_addr().map_or_else(|_| "?".to_owned(), |addr| addr.to_string())
            }
            Listener::Unix(_, file) => file.0.display().to_string(),
        }
    }

    /// The TCP address, for who asked for port 0.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Listener::Tcp(listener) | Listener::Tls(listener) => listener.local_addr().ok(),
            Listener::Unix(..) => None,
        }
    }
}

/// Opens every place that `config` names.
pub async fn open(config: &Config) -> Result<Vec<Listener>, StartError> {
    let mut listeners = Vec::new();
    for place in config.places().map_err(StartError::Setting)? {
        match &place {
            Listen::Unix(path) => listeners.push(unix(path, config)?),
            Listen::Tcp { .. } => listeners.append(&mut tcp(&place).await?),
        }
    }
    Ok(listeners)
}

/// Listens on every address of a place; one that can be had is enough.
async fn tcp(place: &Listen) -> Result<Vec<Listener>, StartError> {
    let kind = match place {
        Listen::Tcp { tls: true, .. } => Listener::Tls,
        _ => Listener::Tcp,
    };
    let mut listeners = Vec::new();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for host in place.hosts() {
        let addresses = match tokio::net::lookup_host(host).await {
            Ok(addresses) => addresses,
            Err(error) => {
                last = error;
                continue;
            }
        };
        for address in addresses {
            match bind(address) {
                Ok(listener) => listeners.push(kind(listener)),
                Err(error) => last = error,
            }
        }
    }
    if listeners.is_empty() {
        let what =
            format!("cannot listen on {place}; is another server there, or the port below 1024?");
        return Err(StartError::System { what, why: last });
    }
    Ok(listeners)
}

/// Listens on one address; many may knock before the first is let in.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => {
            let socket = TcpSocket::new_v6()?;
            // IPv4 has a socket of its own, where it is wanted.
            setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
            socket
        }
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// Listens on a UNIX socket; a file that an ended server has left there is replaced.
fn unix(path: &Path, config: &Config) -> Result<Listener, StartError> {
    let what = format!("cannot listen on {}", path.display());
    let system = |why| StartError::System { what: what.clone(), why };
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path).map_err(system)?;
    }
    let listener = UnixListener::bind(path).map_err(system)?;
    let file = SocketFile(path.to_owned());
    let mode = crate::config::table::mode(&config.socket_mode).map_err(StartError::Setting)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(system)?;
    Ok(Listener::Unix(listener, file))
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
        Listener::Tls(listener) => {
            let (stream, peer) = listener.accept().await?;
            if let Some((client, line)) = tcp_client(&stream, peer, listener, server) {
                admit(Stream::Tls(stream, line), client, server).await;
            }
        }
        Listener::Unix(listener, file) => {
            let (stream, _) = listener.accept().await?;
            let path = file.0.display().to_string();
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
        stream.as_raw_fd()
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
    Tls(TcpStream, String),
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
            Stream::Tls(stream, line) => {
                connection::serve_tls(stream, client, line, server.clone(), arrival).await
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
