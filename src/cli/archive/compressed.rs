//! Files that a program has compressed, by the bytes with which they begin.
//!
//! gzip is read here; what others made is read by the program itself, which has to be
//! installed.

use flate2::read::MultiGzDecoder;
use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// How a file was compressed: the bytes at its beginning, and who reads it.
const METHODS: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", GZIP),
    (b"BZh", "bzip2"),
    (b"BZ0", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP", "lzip"),
    (b"\x89LZO\0\x0d", "lzop"),
];

const GZIP: &str = "gzip";

/// The longest of those beginnings, in bytes.
const LONGEST: u64 = 6;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// What the system says.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The program that could is not there.
    #[error("{0} executable required")]
    NoProgram(&'static str),
}

/// A reader for what `source` holds, and the name of the method if it is compressed.
pub fn open(
    mut source: Box<dyn Read + Send>,
) -> Result<(Box<dyn Read>, Option<&'static str>), NotOpened> {
    let mut beginning = Vec::new();
    source.by_ref().take(LONGEST).read_to_end(&mut beginning)?;
    let method = METHODS.iter().find(|(magic, _)| beginning.starts_with(magic));
    let whole = io::Cursor::new(beginning).chain(source);
    Ok(match method {
        None => (Box::new(whole), None),
        Some((_, GZIP)) => (Box::new(MultiGzDecoder::new(whole)), Some(GZIP)),
        Some((_, program)) => (Box::new(Program::start(program, whole)?), Some(program)),
    })
}

/// What a program makes of its standard input.
struct Program {
    name: &'static str,
    child: Child,
    output: ChildStdout,
}

impl Program {
    fn start(
        name: &'static str,
        mut input: impl Read + Send + 'static,
    ) -> Result<Program, NotOpened> {
        let mut command = Command::new(name);
        let command = command.arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => NotOpened::NoProgram(name),
            _ => NotOpened::Read(error),
        })?;
        let (Some(mut stdin), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(NotOpened::NoProgram(name));
        };
        // Fed from a thread, since it writes before it has read everything. When it has had
        // enough, writing fails and the thread ends.
        std::thread::Builder::new().spawn(move || io::copy(&mut input, &mut stdin))?;
        Ok(Program { name, child, output })
    }
}

impl Read for Program {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.output.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            let status = self.child.wait()?;
            if !status.success() {
                return Err(io::Error::other(format!("{} ended with {status}", self.name)));
            }
        }
        Ok(count)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be in the middle of what nobody reads any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> (io::Result<Vec<u8>>, Option<&'static str>) {
        let (mut reader, method) = open(Box::new(io::Cursor::new(bytes.to_vec()))).unwrap();
        let mut out = Vec::new();
        (reader.read_to_end(&mut out).map(|_| out), method)
    }

    #[test]
    fn what_is_not_compressed_stays_as_it_is() {
        for text in [&b""[..], b"A", b"From: a\n\nBZh", b"BZ", b"\x1f"] {
            let (out, method) = read(text);
            assert_eq!((out.unwrap().as_slice(), method), (text, None));
        }
    }

    #[test]
    fn gzip_is_read_with_all_its_members() {
        let pack = |text: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let (out, method) = read(&[pack(b"one "), pack(b"two")].concat());
        assert_eq!((out.unwrap().as_slice(), method), (&b"one two"[..], Some("gzip")));
        let packed = pack(b"cut off");
        assert!(read(&packed[..packed.len() - 9]).0.is_err());
    }

    #[test]
    fn a_program_reads_its_own_and_its_failure_is_told() {
        let packed = Command::new("sh").args(["-c", "printf text | bzip2 -c"]).output().unwrap();
        if !packed.status.success() {
            eprintln!("skipped: bzip2 is not installed");
            return;
        }
        assert_eq!(read(&packed.stdout).0.unwrap(), b"text");
        assert!(read(b"BZh9 this is not so").0.is_err());
    }
}
