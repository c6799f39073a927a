//! `--virtual-config-dir`: where users without an account have their preferences.
//!
//! A user's name comes from a client. What it puts into the path is one component's worth of
//! harmless characters, and a path that would climb is not made at all.

use std::path::{Component, Path, PathBuf};

/// A folder of a virtual user, taken apart for [`super::file::open_below`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// What the administrator wrote, up to the first component with an escape.
    pub base: PathBuf,
    /// What follows.
    pub steps: Vec<PathBuf>,
    /// The path of the preferences, with all of its slashes, as the log shows it.
    pub file: PathBuf,
}

/// The folders to look in for `user`, in order: one, or with `%x` two, of which the first that
/// has preferences counts. None if the name would lead elsewhere.
pub fn folders(pattern: &str, user: &[u8]) -> Vec<Folder> {
    let name: String = user.iter().map(|byte| safe(*byte)).collect();
    let (local, domain) = name.rsplit_once('@').unwrap_or(("", ""));
    let expanded = |part: &str| {
        if pattern.contains("%x") {
            return part.replace("%x", &name);
        }
        // One after another, as spamd does it: `%%u` is a percent sign and the name.
        part.replace("%u", &name).replace("%l", local).replace("%d", domain).replace("%%", "%")
    };
    let mut folders: Vec<Folder> = folder(pattern, &expanded).into_iter().collect();
    if pattern.contains("%x") {
        folders.extend(folder(pattern, &|part: &str| part.replace("%x", domain)));
    }
    folders
}

fn folder(pattern: &str, expanded: &dyn Fn(&str) -> String) -> Option<Folder> {
    let parts = || pattern.split('/').filter(|part| !part.is_empty());
    let fixed = parts().take_while(|part| !part.contains('%')).count();
    let base = parts().take(fixed).fold(PathBuf::from("/"), |path, part| path.join(part));
    let steps: Vec<PathBuf> = parts()
        .skip(fixed)
        .map(|part| PathBuf::from(expanded(part)))
        .filter(|step| !step.as_os_str().is_empty())
        .collect();
    steps.iter().all(|step| is_one_component(step)).then(|| {
        let file = PathBuf::from(format!("{}/{}", expanded(pattern), super::file::NAME));
        Folder { base, steps, file }
    })
}

fn is_one_component(step: &Path) -> bool {
    let mut components = step.components();
    matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
}

/// The characters that spamd lets into a path; the others become `_`.
fn safe(byte: u8) -> char {
    match byte {
        b'-' | b'+' | b'_' | b'.' | b',' | b'@' | b'=' => char::from(byte),
        _ if byte.is_ascii_alphanumeric() => char::from(byte),
        _ => '_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paths(pattern: &str, user: &str) -> Vec<String> {
        let folders = folders(pattern, user.as_bytes());
        let shown = folders.iter().map(|folder| folder.file.display().to_string());
        shown.map(|file| file.strip_suffix("/user_prefs").unwrap().to_owned()).collect()
    }

    #[test]
    fn escapes_stand_for_parts_of_the_name() {
        let cases: [(&str, &str, &[&str]); 10] = [
            ("/v/%u/sa", "jm@example.com", &["/v/jm@example.com/sa"]),
            ("/v/%d/%l", "jm@example.com", &["/v/example.com/jm"]),
            ("/v/%d/%l", "a@b@c", &["/v/c/a@b"]),
            ("/v/%d/%l/x", "plain", &["/v///x"]),
            ("/v/%x", "jm@example.com", &["/v/jm@example.com", "/v/example.com"]),
            ("/v/%%/%%u", "me", &["/v/%/%me"]),
            ("/v/%u", "a/../b c\u{e9}", &["/v/a_.._b_c__"]),
            ("/v/%u", "..", &[]),
            ("/v/%d/%l", ".@..", &[]),
            ("/v/x%l%d", "me@here", &["/v/xmehere"]),
        ];
        for (pattern, user, expected) in cases {
            assert_eq!(paths(pattern, user), expected, "{pattern} {user}");
        }
        let [folder] = &folders("/srv/mail/%u/sa", b"me")[..] else { panic!("one folder") };
        assert_eq!(folder.base, Path::new("/srv/mail"));
        assert_eq!(folder.steps, [PathBuf::from("me"), PathBuf::from("sa")]);
    }

    proptest! {
        #[test]
        fn no_name_leads_out(user in proptest::collection::vec(any::<u8>(), 0..40)) {
            for pattern in ["/v/%u", "/v/%d/%l", "/v/%l%d", "/v/%x", "/v/%%%u/%d%l"] {
                for folder in folders(pattern, &user) {
                    prop_assert_eq!(&folder.base, Path::new("/v"));
                    let climbs = |component| {
                        matches!(component, Component::ParentDir | Component::CurDir)
                    };
                    prop_assert!(!folder.file.components().any(climbs));
                }
            }
        }
    }
}
