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

/// Where the template is looked for; the first that is there is taken.
const TEMPLATES: &[&str] = &[
    "/etc/spamassassin/user_prefs.template",
    "/usr/etc/mail/spamassassin/user_prefs.template",
    "/usr/share/spamassassin/user_prefs.template",
    "/var/lib/spamassassin/4.000001/updates_spamassassin_org/user_prefs.template",
    "/etc/mail/spamassassin/user_prefs.template",
    "/usr/local/share/spamassassin/user_prefs.template",
];

/// The file with the preferences: `named`, or that in `home`. With `create` it is made where
/// it is not there.
pub fn file(named: Option<PathBuf>, home: &Path, create: bool, notes: &Notes) -> PathBuf {
    let state = home.join(".spamassassin");
    let file = named.unwrap_or_else(|| state.join("user_prefs"));
    if create {
        let templates: Vec<&Path> = TEMPLATES.iter().map(Path::new).collect();
        make_sure(&file, &state, &templates, notes);
    }
    file
}

/// Makes `file` from a template, and the directory `state`, if it is not there; tells what is
/// in the way.
fn make_sure(file: &Path, state: &Path, templates: &[&Path], notes: &Notes) {
    let name = file.display();
    match fs::metadata(file) {
        Ok(found) if found.is_file() => {}
        Ok(_) => notes
            .warn(&format!("config: default user preference file {name} is not a regular file")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => notes.warn(&format!(
            "config: default user preference file {name} not accessible: {}",
            reason(&error)
        )),
        Err(_) => match create(file, state, templates) {
            Ok(()) => notes.warn(&format!("config: created user preferences file: {name}")),
            Err(why) => {
                notes.warn(&why);
                notes
                    .warn(&format!("config: failed to create default user preference file {name}"));
            }
        },
    }
}

fn create(file: &Path, state: &Path, templates: &[&Path]) -> Result<(), String> {
    let template = templates.iter().find(|path| path.exists());
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
        let prefs = file(None, &home, false, &notes);
        assert_eq!((prefs.clone(), home.exists()), (state.join("user_prefs"), false));
        fs::create_dir_all(&home).unwrap();
        let template = home.join("template");
        fs::write(&template, "# first\n").unwrap();
        make_sure(&prefs, &state, &[Path::new("/nonexistent"), &template], &notes);
        assert_eq!(fs::read(&prefs).unwrap(), b"# first\n");
        fs::write(&template, "# second\n").unwrap();
        make_sure(&prefs, &state, &[&template], &notes);
        assert_eq!(fs::read(&prefs).unwrap(), b"# first\n");
        assert!(create(&prefs, &state, &[&template]).unwrap_err().contains("File exists"));
        assert!(create(&prefs, &state, &[]).is_err());
        fs::remove_dir_all(&home).unwrap();
    }
}
