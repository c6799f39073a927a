//! The HTTP listener for whoever watches the server: `/metrics`, `/livez`, `/readyz`.
//!
//! Optional, without any password, meant for a loopback address. A client has ten seconds
//! and there are sixteen at most: nothing here may cost the mail anything.
//!
//! Ring 4.

use crate::config::{Listen, Unsaid};
use crate::server::{Server, StartError, listener};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Clients at once, and how long each may stay.
const CLIENTS: usize = 16;
const SECONDS: u64 = 10;

/// Binds `place`, a `host:port`.
pub fn bind(place: &str) -> Result<std::net::TcpListener, StartError> {
    let place = Listen::parse(place, &Unsaid::default()).map_err(StartError::Setting)?;
    let what = format!("cannot serve HTTP on {place}");
    let system = |why| StartError::System { what: what.clone(), why };
    let addresses = listener::resolve(&place).map_err(system)?;
    if addresses.is_empty() {
        return Err(StartError::Setting(format!("{what}: it takes a host and a port")));
    }
    std::net::TcpListener::bind(addresses.as_slice()).map_err(system)
}

/// Serves until the task is ended.
pub async fn serve(listener: std::net::TcpListener, server: Arc<Server>) {
    let log = server.clone();
    let served = async {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let bounded = Bounded { listener, permits: Arc::new(Semaphore::new(CLIENTS)) };
        axum::serve(bounded, router(server)).await
    };
    if let Err(error) = served.await {
        log.log.error(&format!("http: {error}"));
    }
}

/// The paths.
fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .with_state(server)
}

async fn metrics(State(server): State<Arc<Server>>) -> Response {
    match server.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn readyz(State(server): State<Arc<Server>>) -> Response {
    match server.ready() {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

/// A listener that lets few in at once, each for a short time.
struct Bounded {
    listener: TcpListener,
    permits: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Visit;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visit, SocketAddr) {
        loop {
            let permit = self.permits.clone().acquire_owned().await;
            match (self.listener.accept().await, permit) {
                (Ok((stream, address)), Ok(permit)) => {
                    let until = Box::pin(sleep(Duration::from_secs(SECONDS)));
                    return (Visit { stream, until, _permit: permit }, address);
                }
                _ => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One client's connection, with its end.
struct Visit {
    stream: TcpStream,
    until: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl Visit {
    /// Is the time over?
    fn over(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.until.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Visit {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.over(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Visit {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.over(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
