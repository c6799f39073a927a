use super::*;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// A directory that goes away with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("mailprint-archive-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn target(&self, before: &str, name: &str) -> OsString {
        format!("{before}{}", self.0.join(name).display()).into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What is handed on of `targets`, each message as a text; a `+` at its end for more to read.
fn texts(targets: &[OsString], format: Format, most: usize) -> Result<Vec<String>, ArchiveError> {
    let notes = Notes::default();
    let mut texts = Vec::new();
    let sources = list(targets, format, &notes)?;
    let count = read(&sources, most, &notes, &mut |mail| {
        let more = if mail.rest.is_some() { "+" } else { "" };
        texts.push(format!("{}{more}", String::from_utf8(mail.bytes).unwrap()));
        Ok(())
    })?;
    assert_eq!(count, texts.len());
    Ok(texts)
}

const FROM: &str = "From a@b Thu Jan  1 00:00:00 2026\n";

#[test]
fn files_are_found_by_their_formats() {
    let folder = Folder::new("formats");
    folder.write("one", "one");
    folder.write("box.MBOX.1", format!("junk\n{FROM}1\n{FROM}2\n"));
    folder.write("plain", format!("{FROM}3\n"));
    let detect = |name: &str| texts(&[folder.target("", name)], Format::Detect, 100).unwrap();
    assert_eq!(detect("one"), ["one"]);
    assert_eq!(detect("box.MBOX.1"), [format!("{FROM}1\n"), format!("{FROM}2\n")]);
    assert_eq!(detect("plain"), [format!("{FROM}3\n")]);
    assert_eq!(detect("missing"), [""; 0]);
    let of = |target| texts(&[target], Format::Detect, 100).unwrap();
    assert_eq!(of(folder.target("h:file:", "box.MBOX.1")).len(), 1);
    assert_eq!(of(folder.target(":mbox:", "one")), [""; 0]);
    assert_eq!(of(folder.target("a:b:", "one")), [""; 0]);
    assert_eq!(of(folder.target("h:mbox:", "missing")), [""; 0]);
    let classes = [folder.target("ham:file:", "one"), folder.target("spam:file:", "plain")];
    assert_eq!(texts(&classes, Format::Mbox, 100).unwrap(), [format!("{FROM}3\n"), "one".into()]);
    let mboxes = texts(&[folder.target("", "")], Format::Mbox, 100).unwrap();
    assert_eq!(mboxes.len(), 3);
}

#[test]
fn directories_are_listed_as_what_they_are() {
    let folder = Folder::new("directories");
    for name in ["d/2", "d/1 a", "d/,gone", "d/.hidden", "d/sub/3", "d/.sub/x"] {
        folder.write(name, name);
    }
    std::os::unix::fs::symlink(folder.0.join("d"), folder.0.join("d/sub/circle")).unwrap();
    for name in ["m/new/1", "m/cur/2:2,S", "m/cur/3:2,ST", "m/cur/.4", "m/tmp/5", "m/6"] {
        folder.write(name, name);
    }
    for name in ["c/cyrus.header", "c/cyrus.index.x", "c/1.", "c/2 3.", "c/.4", "c/,5"] {
        folder.write(name, name);
    }
    for (name, expected) in [
        ("d", &["d/1 a", "d/2", "d/sub/3"][..]),
        ("m", &["m/new/1", "m/cur/2:2,S"]),
        ("c", &["c/,5", "c/.4", "c/1."]),
    ] {
        let found = texts(&[folder.target("", name)], Format::Detect, 100).unwrap();
        assert_eq!(found, expected, "{name}");
    }
    let file = texts(&[folder.target(":dir:", "m/6")], Format::Detect, 100).unwrap_err();
    assert!(matches!(file, ArchiveError::Directory { .. }) && file.status() == 20);
    let folder = texts(&[folder.target(":file:", "m")], Format::Detect, 100).unwrap_err();
    assert!(matches!(folder, ArchiveError::Read { .. }) && folder.status() == 21);
}

#[test]
fn an_mbx_is_read_by_its_lengths() {
    let folder = Folder::new("mbx");
    let head = format!("*mbx*\r\n{:2041}", "");
    let line = |length| format!(" 3-Jun-2003 12:01:02 +0200,{length};0123456789ab-00000001\r\n");
    folder.write("good", format!("{head}{}A: b\n{}C: d\n\n{}", line(5), line(99), line(1)));
    let read = |name: &str| texts(&[folder.target("", name)], Format::Mbx, 1000);
    assert_eq!(read("good").unwrap(), ["A: b\n".to_owned(), format!("C: d\n\n{}", line(1))]);
    folder.write("broken", format!("{head}{}A: b\nC: d\n", line(5)));
    folder.write("empty", "");
    folder.write("other", FROM);
    for name in ["broken", "empty", "other"] {
        let error = read(name).unwrap_err();
        assert!(matches!(error, ArchiveError::NotMbx { .. }) && error.status() == 255, "{name}");
    }
    assert_eq!(read("missing").unwrap(), [""; 0]);
}

#[test]
fn limit_message_bytes_holds_for_every_kind_of_file() {
    let folder = Folder::new("long");
    folder.write("file", "12345");
    folder.write("x.mbox", format!("{FROM}12345\n{FROM}\n"));
    let packed = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        std::io::Write::write_all(&mut encoder, text).unwrap();
        encoder.finish().unwrap()
    };
    folder.write("packed", packed(b"12345"));
    let read = |name: &str, most| texts(&[folder.target("", name)], Format::Detect, most).unwrap();
    for (most, expected) in [(4, &["12345+"][..]), (5, &["12345"]), (6, &["12345"])] {
        assert_eq!(read("file", most), expected);
    }
    // What is uncompressed may have no end.
    assert_eq!((read("packed", 4), read("packed", 5)), (vec![], vec!["12345".to_owned()]));
    let first = format!("{FROM}12345\n");
    let second = format!("{FROM}\n");
    assert_eq!(read("x.mbox", first.len()), [first.clone(), second.clone()]);
    assert_eq!(read("x.mbox", first.len() - 1), [first + "+", second]);
}

#[test]
fn who_takes_messages_can_refuse_more() {
    let folder = Folder::new("refuse");
    folder.write("x.mbox", format!("{FROM}1\n{FROM}2\n"));
    let notes = Notes::default();
    let sources = list(&[folder.target("", "x.mbox")], Format::Detect, &notes).unwrap();
    let mut seen = 0;
    let outcome = read(&sources, 100, &notes, &mut |_| {
        seen += 1;
        Err(io::Error::from_raw_os_error(28))
    });
    assert_eq!((outcome.unwrap_err().status(), seen), (28, 1));
    assert!(Path::new(&sources[0].to_string()).is_absolute());
}
