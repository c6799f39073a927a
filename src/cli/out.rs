//! The only way to standard output.

use std::io::{self, BufWriter, StdoutLock, Write};

/// Standard output, locked and buffered. A reader that has seen enough ends the text, not
/// the command.
pub struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    /// Takes standard output until it is dropped.
    pub fn lock() -> Out {
        Out(BufWriter::new(io::stdout().lock()))
    }

    /// Writes `text` as it stands.
    pub fn text(&mut self, text: &[u8]) -> io::Result<()> {
        unless_closed(self.0.write_all(text))
    }

    /// Writes what is held back.
    pub fn end(mut self) -> io::Result<()> {
        unless_closed(self.0.flush())
    }
}

fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Standard output for mail: who does not read it to its end has lost some, and that is an error.
pub fn mail() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

/// Writes one text.
pub fn print(text: &[u8]) -> io::Result<()> {
    let mut out = Out::lock();
    out.text(text)?;
    out.end()
}
