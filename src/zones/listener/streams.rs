//! Questions in streams: each with its length before it, answered in their order.

use super::{GLANCE, Shared};
use crate::clock;
use crate::zones::answer::{LARGEST, Room};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Answers streams until the server ends.
pub fn serve(listener: TcpListener, shared: &Shared) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    if let Ok(runtime) = runtime {
        // Without a listener there is nothing to do; packets are answered all the same.
        let _ = runtime.block_on(accept(listener, shared));
    }
}

async fn accept(listener: TcpListener, shared: &Shared) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let free = Arc::new(Semaphore::new(shared.limits.zone_connections));
    while !shared.end.load(Ordering::Relaxed) {
        let stream = match timeout(GLANCE, listener.accept()).await {
            Err(_) => continue,
            Ok(Ok((stream, from))) if (shared.may_ask)(from.ip().to_canonical()) => stream,
            Ok(Ok(_)) => continue,
            Ok(Err(_)) => {
                // No more descriptors, say: soon there are.
                tokio::time::sleep(GLANCE).await;
                continue;
            }
        };
        // One more than is allowed is closed.
        if let Ok(place) = Arc::clone(&free).try_acquire_owned() {
            let shared = shared.clone();
            tokio::spawn(async move {
                let _place = place;
                converse(stream, &shared).await
            });
        }
    }
    Ok(())
}

/// Answers questions until there are no more, or one takes too long or is none.
async fn converse(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let patience = Duration::from_millis(shared.limits.zone_idle_milliseconds as u64);
    let mut question = [0; LARGEST];
    let mut answer = Vec::new();
    loop {
        let turn = async {
            let length = usize::from(stream.read_u16().await?);
            // No question is longer than a packet may be.
            let Some(question) = question.get_mut(..length) else { return Ok(false) };
            stream.read_exact(question).await?;
            let served = shared.served.load_full();
            if !served.answer(question, Room::Stream, clock::unix_seconds(), &mut answer) {
                return Ok(false);
            }
            let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
            stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat()).await?;
            Ok(true)
        };
        match timeout(patience, turn).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) | Err(_) => return Ok(()),
            Ok(Err(error)) => return Err(error),
        }
    }
}
