//! The preferences of the user for whom `spamassassin` runs.
//!
//! Unlike a server's users, who may not write everything, this user is the administrator of
//! the command: the file is read as the site's files are. It is made from a template if it is
//! not there, unless `-x` is given.

use super::super::notes::{Notes, reason};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The file with the preferences: `named`, or that in `home`. With `create` it is made from
/// `template` where it is not there.
pub fn file(
    named: Option<PathBuf>,
    home: &Path,
    create: bool,
    template: Option<&Path>,
    notes: &Notes,
) -> PathBuf {
    let state = home.join(".spamassassin");
    let file = named.unwrap_or_else(|| state.join("user_prefs"));
    if create {
        make_sure(&file, &state, template, notes);
    }
    file
}

/// Makes `file` from a template, and the directory `state`, if it is not there; tells what is
/// in the way.
fn make_sure(file: &Path, state: &Path, template: Option<&Path>, notes: &Notes) {
    let name = file.display();
    match fs::metadata(file) {
        Ok(found) if found.is_file() => {}
        Ok(_) => notes
            .warn(&format!("config: default user preference file {name} is not a regular file")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => notes.warn(&format!(
            "config: default user preference file {name} not accessible: {}",
            reason(&error)
        )),
        Err(_) => match self::create(file, state, template) {
            Ok(()) => notes.warn(&format!("config: created user preferences file: {name}")),
            Err(why) => {
                notes.warn(&why);
                notes
                    .warn(&format!("config: failed to create default user preference file {name}"));
            }
        },
    }
}

fn create(file: &Path, state: &Path, template: Option<&Path>) -> Result<(), String> {
    let template = template.ok_or("config: can not determine default prefs path")?;
    let text = fs::read(template)
        .map_err(|why| format!("config: cannot open {}: {}", template.display(), reason(&why)))?;
    // If this fails, so does what follows, and says why.
    let _ = DirBuilder::new().recursive(true).mode(0o700).create(state);
    let made = OpenOptions::new().write(true).create_new(true).open(file);
    made.and_then(|mut file| file.write_all(&text)).map_err(|why| {
        let (file, why) = (file.display(), reason(&why));
        format!("config: cannot create user preferences file {file}: {why}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_made_once_and_nothing_is_overwritten() {
        let home = std::env::temp_dir().join(format!("mailprint-prefs-{}", std::process::id()));
        let notes = Notes::default();
        let state = home.join(".spamassassin");
        let prefs = file(None, &home, false, None, &notes);
        assert_eq!((prefs.clone(), home.exists()), (state.join("user_prefs"), false));
        fs::create_dir_all(&home).unwrap();
        let template = home.join("template");
        fs::write(&template, "# first\n").unwrap();
        make_sure(&prefs, &state, Some(&template), &notes);
        assert_eq!(fs::read(&prefs).unwrap(), b"# first\n");
        fs::write(&template, "# second\n").unwrap();
        make_sure(&prefs, &state, Some(&template), &notes);
        assert_eq!(fs::read(&prefs).unwrap(), b"# first\n");
        assert!(create(&prefs, &state, Some(&template)).unwrap_err().contains("File exists"));
        assert!(create(&prefs, &state, None).is_err());
        fs::remove_dir_all(&home).unwrap();
    }
}
