//! Fingerprints beside those of texts: vectors for whoever implements them, too.
//!
//! `t/data/fingerprints/transforms.txt` has transforms in the clear, `parts.txt` the fingerprints
//! of whole messages (`mails`). `MAILPRINT_RECORD=1` writes `parts.txt` anew.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "a test")]

use mailprint::fingerprint::view::{Link, Source, TextPart, View};
use mailprint::fingerprint::{Fingerprint, beside_texts};
use mailprint::limits::{Limits, Reached};
use mailprint::message::Message;
use std::fmt::Write;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/t/data/fingerprints");

fn of(view: &View<'_>) -> Vec<Fingerprint> {
    let (mut out, mut reached) = (Vec::new(), Reached::default());
    beside_texts(view, &Limits::default(), &mut out, &mut reached);
    out
}

fn hex(digest: [u8; 16]) -> String {
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[test]
fn transforms_are_digested_as_specified() {
    let rows = std::fs::read_to_string(Path::new(ROOT).join("transforms.txt")).unwrap();
    for row in rows.lines().filter(|row| !row.starts_with('#')) {
        let [kind, input, algorithm, _, digest] =
            row.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let mut view = View::default();
        match kind {
            "link" => {
                view.links.push(Link { url: input.to_owned(), source: Source::Anchor });
            }
            _ => view.texts.push(TextPart { html: false, text: input.to_owned() }),
        }
        let prints = of(&view);
        let found = prints
            .iter()
            .any(|print| print.algorithm.name() == algorithm && hex(print.digest) == digest);
        assert!(found, "{row}");
    }
}

#[test]
fn messages_have_the_fingerprints_recorded() {
    let mut told = String::from("# message, algorithm, fingerprint\n");
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(ROOT).join("mails"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    for path in paths {
        let limits = Limits::default();
        let message = Message::parse(std::fs::read(&path).unwrap(), &limits);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for print in of(&View::of(&message, &limits)) {
            writeln!(told, "{name}\t{}\t{}", print.algorithm.name(), hex(print.digest)).unwrap();
        }
    }
    let recorded = Path::new(ROOT).join("parts.txt");
    if std::env::var_os("MAILPRINT_RECORD").is_some() {
        std::fs::write(&recorded, &told).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(recorded).unwrap());
}
