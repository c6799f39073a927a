//! The PID file: made while we may, written when the server answers, removed at its end.

use nix::sys::stat::fstat;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A PID file that is open.
pub struct PidFile {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Opens it. What stands in it stays until there is something better to write.
    pub fn open(path: &Path) -> io::Result<PidFile> {
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        Ok(PidFile { path: path.to_owned(), file })
    }

    /// Writes this process's number. On a full disk nothing is better than half a number.
    pub fn write(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        let written = writeln!(self.file, "{}", std::process::id());
        written.inspect_err(|_| drop(self.file.set_len(0)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Another server may have put its own there by now.
        let ours = fstat(&self.file).map(|stat| (stat.st_dev, stat.st_ino));
        let there = std::fs::metadata(&self.path).map(|there| (there.dev(), there.ino()));
        if let (Ok(ours), Ok(there)) = (ours, there)
            && ours == there
        {
            // A server that has left root behind may not; the keeper does it then.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_replaces_what_was_there_and_goes_with_the_server() {
        let path = std::env::temp_dir().join(format!("mailprint-pid-{}", std::process::id()));
        std::fs::write(&path, "123456789123456789\n").unwrap();
        let mut file = PidFile::open(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "123456789123456789\n");
        file.write().unwrap();
        let expected = format!("{}\n", std::process::id());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        drop(file);
        assert!(!path.exists());
        let mut file = PidFile::open(&path).unwrap();
        file.write().unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "another's\n").unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "another's\n");
        std::fs::remove_file(&path).unwrap();
    }
}
