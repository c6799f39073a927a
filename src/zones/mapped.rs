//! A file mapped into memory: the one place in this room with `unsafe`.

use std::fs::File;
use std::io;
use std::ops::Deref;

/// A file's bytes, read when they are touched.
#[derive(Debug)]
pub struct Mapped(memmap2::Mmap);

impl Mapped {
    /// Maps `file`, which nobody may write to afterwards: compiled zones are written under another
    /// name and renamed, and never changed.
    #[allow(
        unsafe_code,
        reason = "mapping a file is unsafe because others may change it; ours are replaced whole"
    )]
    pub fn new(file: &File) -> io::Result<Mapped> {
        // SAFETY: the file lies in a folder that only this program's user writes to, and this
        // program never changes a file that it has named as complete.
        unsafe { memmap2::Mmap::map(file) }.map(Mapped)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
