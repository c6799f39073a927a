//! One connection: a request read within its deadline, its reply written within another.
//!
//! spamd serves one request for each connection. Both deadlines are absolute, so that a
//! client with a byte a second gains nothing; the message counts for the memory that all
//! connections share.

use super::arrivals::Arrival;
use super::handle::{self, Reply};
use super::{Holding, Server, tls};
use crate::clock::Tick;
use crate::error::Code;
use crate::limits::{Limit, Limits};
use crate::protocol::request::Progress;
use crate::protocol::{Reading, Request, response};
use crate::text::shown::shown;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_rustls::Accept;

/// Who is at the other end, as log and reports name it.
#[derive(Clone, Debug)]
pub struct Client {
    /// `localhost`, or the address again: names are not looked up.
    pub host: String,
    /// The IP address; `127.0.0.1` on a UNIX socket, as with spamd.
    pub address: String,
    /// The port; the socket's path on a UNIX socket.
    pub port: String,
}

/// How reading a request ended.
enum Read {
    Request(Request),
    /// Something goes back without a scan.
    Refused(Reply),
    /// Somebody else needs the room, and needs it now.
    SentAway,
    /// Nobody is there any more, or the server stops before anything was asked.
    Nothing,
}

/// Serves the one request of a connection.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    client: Client,
    server: Arc<Server>,
    arrival: Arrival,
) {
    let deadline = deadline(&server);
    serve_until(stream, client, server, arrival, deadline).await;
}

/// Shakes hands and serves the one request; handshake and request have one deadline together.
/// The log says `line` with what was agreed on.
pub async fn serve_tls(
    handshake: Accept<TcpStream>,
    client: Client,
    line: String,
    server: Arc<Server>,
    arrival: Arrival,
) {
    let deadline = deadline(&server);
    let handshake = timeout_at(deadline.instant().into(), handshake);
    let shaken = tokio::select! {
        biased;
        shaken = handshake => shaken,
        () = arrival.sent_away() => return,
    };
    let why = match shaken {
        Ok(Ok(stream)) => {
            let agreed = tls::agreed(stream.get_ref().1);
            server.log.info(&format!("spamd: {line}, {agreed}"));
            return serve_until(stream, client, server, arrival, deadline).await;
        }
        Ok(Err(why)) => shown(why.to_string().as_bytes()),
        Err(_) => {
            server.metrics.limit_hit(Limit::ReadMilliseconds);
            "it took too long".to_owned()
        }
    };
    server.metrics.handshakes_failed.inc();
    server.log.info(&format!("spamd: no TLS with {line}: {why}"));
}

/// Until when a request has to be there that begins now.
fn deadline(server: &Server) -> Tick {
    let limits = &server.loaded().limits;
    Tick::now().plus(Duration::from_millis(limits.read_milliseconds as u64))
}

async fn serve_until<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    client: Client,
    server: Arc<Server>,
    arrival: Arrival,
    deadline: Tick,
) {
    let since = Tick::now();
    let limits = server.loaded().limits.clone();
    let mut holding = Holding { server: &server, bytes: 0 };
    let arriving = request(&mut stream, &server, &limits, &mut holding);
    let reply = match read(arriving, &server, &limits, arrival, deadline).await {
        Read::Request(request) => handle::handle(&server, request, &client).await,
        Read::Refused(reply) => reply,
        Read::SentAway => return send_away(&mut stream, &server).await,
        Read::Nothing => return,
    };
    server.metrics.replies.with_label_values(&[&reply.code.number().to_string()]).inc();
    write(&mut stream, &reply, &server, &limits).await;
    server.metrics.request_seconds.observe(since.elapsed().as_secs_f64());
    for note in &reply.notes {
        match reply.code {
            Code::Ok => server.log.info(&format!("spamd: {note}")),
            _ => server.log.warn(&format!("spamd: {note}")),
        }
    }
}

/// Reads until the request is whole, the deadline is over, or somebody else needs the room.
async fn read(
    arriving: impl Future<Output = Read>,
    server: &Server,
    limits: &Limits,
    arrival: Arrival,
    deadline: Tick,
) -> Read {
    let arriving = timeout_at(deadline.instant().into(), arriving);
    tokio::select! {
        biased;
        outcome = arriving => outcome.unwrap_or_else(|_| {
            server.metrics.limit_hit(Limit::ReadMilliseconds);
            let seconds = limits.read_milliseconds as f64 / 1000.0;
            let note = format!("timeout: ({seconds} second socket timeout reading input from client)");
            let bytes = response::read_timeout(seconds);
            Read::Refused(Reply { bytes, code: Code::Timeout, notes: vec![note] })
        }),
        () = arrival.sent_away() => Read::SentAway,
    }
}

/// Feeds what arrives to the parser.
async fn request<S: AsyncRead + Unpin>(
    stream: &mut S,
    server: &Server,
    limits: &Limits,
    holding: &mut Holding<'_>,
) -> Read {
    let mut reading = Reading::new(limits).allow_tell(server.allow_tell);
    let mut chunk = vec![0; CHUNK];
    let mut stopping = server.stopping();
    loop {
        let arrived = tokio::select! {
            biased;
            arrived = stream.read(&mut chunk) => arrived,
            _ = stopping.wait_for(|stop| *stop), if reading.is_empty() => return Read::Nothing,
        };
        let progress = match arrived {
            Ok(0) => reading.finish(),
            Ok(count) => reading.feed(chunk.get(..count).unwrap_or_default()),
            // A TLS client may go without a word of farewell; spamd takes it for the end too.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => reading.finish(),
            Err(_) => return Read::Nothing,
        };
        match progress {
            Ok(Progress::Complete(request)) => return Read::Request(request),
            Ok(Progress::Incomplete) => {}
            Err(error) => {
                if let Some(limit) = error.limit() {
                    server.metrics.limit_hit(limit);
                }
                return Read::Refused(handle::refuse(&error));
            }
        }
        if !holding.grow(reading.held(), limits) {
            server.metrics.limit_hit(Limit::RequestBytes);
            let why = "too many large messages at once, come back later (limits.request_bytes)";
            return Read::Refused(handle::come_back(why));
        }
    }
}

/// Bytes asked of the system at a time.
const CHUNK: usize = 16 * 1024;

/// A word for a client that has to make room; nobody waits until it has read it.
async fn send_away<S: AsyncWrite + Unpin>(stream: &mut S, server: &Server) {
    let why = "too many connections, the oldest request makes room (limits.connections)";
    let reply = handle::come_back(why);
    server.metrics.replies.with_label_values(&["75"]).inc();
    let _ = timeout(Duration::from_millis(10), stream.write_all(&reply.bytes)).await;
}

/// Writes the reply and the end of the stream. Then reads for a moment what the client has
/// still to say: a socket closed with unread bytes would take the reply away again.
async fn write<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    reply: &Reply,
    server: &Server,
    limits: &Limits,
) {
    let height = Duration::from_millis(limits.write_milliseconds as u64);
    let written = timeout(height, async {
        stream.write_all(&reply.bytes).await?;
        stream.shutdown().await
    });
    match written.await {
        Err(_) => server.metrics.limit_hit(Limit::WriteMilliseconds),
        Ok(Err(_)) => {}
        Ok(Ok(())) => {
            let height = Duration::from_millis(limits.linger_milliseconds as u64);
            let rest = async {
                let mut chunk = vec![0; CHUNK];
                while stream.read(&mut chunk).await.is_ok_and(|count| count > 0) {}
            };
            // Whoever still sends after that loses the reply by his own doing.
            let _ = timeout(height, rest).await;
        }
    }
}
