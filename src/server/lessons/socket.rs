//! The socket in the store's folder, where commands hand their lessons to the server.
//!
//! Whoever may write to it may teach: it is the server's, and its group's. A client costs a
//! thread; there are [`lesson_connections`](crate::limits::Limits) of them at most, and one that
//! is slow, sends too much or nothing sensible is sent away.

use super::wire::{self, Answer, Request};
use super::{Lessons, refused};
use crate::fingerprint::store::StoreError;
use crate::limits::Limits;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Its name in the folder.
pub const NAME: &str = "lessons.sock";

/// A socket that is listened on; closed and removed when dropped.
pub struct Listening {
    path: PathBuf,
    ended: Arc<AtomicBool>,
}

/// Listens for clients of `lessons`, which has the store in `folder` open: so nobody else listens
/// there, and what an ended server has left is removed.
pub fn listen(
    folder: &Path,
    lessons: Arc<Lessons>,
    limits: &Limits,
) -> Result<Listening, StoreError> {
    let path = folder.join(NAME);
    let left = std::fs::symlink_metadata(&path);
    if left.is_ok_and(|file| file.file_type().is_socket()) {
        std::fs::remove_file(&path).map_err(|why| refused(&path, why))?;
    }
    let listener = UnixListener::bind(&path).map_err(|why| refused(&path, why))?;
    let mode = std::fs::Permissions::from_mode(0o660);
    std::fs::set_permissions(&path, mode).map_err(|why| refused(&path, why))?;
    let ended = Arc::new(AtomicBool::new(false));
    let accepting = Accepting { lessons, limits: limits.clone(), ended: ended.clone() };
    let thread = std::thread::Builder::new().name("lessons-in".into());
    thread.spawn(move || accepting.run(&listener)).map_err(|why| refused(&path, why))?;
    Ok(Listening { path, ended })
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts. Both may fail only if somebody has removed the file.
        let _ = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
    }
}

struct Accepting {
    lessons: Arc<Lessons>,
    limits: Limits,
    ended: Arc<AtomicBool>,
}

impl Accepting {
    fn run(self, listener: &UnixListener) {
        let open = Arc::new(AtomicUsize::new(0));
        for stream in listener.incoming() {
            if self.ended.load(Ordering::Relaxed) {
                return;
            }
            let Ok(stream) = stream else {
                // Out of descriptors, most likely.
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            let place = Place(open.clone());
            if open.fetch_add(1, Ordering::Relaxed) >= self.limits.lesson_connections {
                continue;
            }
            let (lessons, limits) = (self.lessons.clone(), self.limits.clone());
            let serve = move || {
                let _place = place;
                // What is wrong with a connection ends it; the client is told by that.
                let _ = serve(stream, &lessons, &limits);
            };
            // Without a thread the connection is closed.
            let _ = std::thread::Builder::new().name("lessons-of".into()).spawn(serve);
        }
    }
}

/// One of the connections that are open.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve(mut stream: UnixStream, lessons: &Lessons, limits: &Limits) -> io::Result<()> {
    let patience = Duration::from_millis(limits.lesson_milliseconds.max(1) as u64);
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    while let Some(bytes) = wire::receive(&mut stream, limits.lesson_request)? {
        let Some(request) = Request::of_bytes(&bytes) else {
            let why = "this is no request; is the command of another version than the server?";
            return wire::send(&mut stream, &Answer::Failed(why.to_owned()).to_bytes());
        };
        wire::send(&mut stream, &lessons.ask(request).to_bytes())?;
    }
    Ok(())
}
