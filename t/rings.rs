//! The arrows between rooms point inwards only (`doc/OVERVIEW.md`).
//!
//! Each room's source is read for `crate::room` and may name only the rooms listed here.

#![allow(clippy::expect_used, reason = "a source file that cannot be read is a failure")]

use std::path::Path;

/// A room and the rooms that it may use. What is not listed is an error.
const ROOMS: &[(&str, &[&str])] = &[
    ("text", &["limits"]),
    ("limits", &[]),
    ("clock", &[]),
    ("error", &[]),
    ("metrics", &["limits"]),
    ("log", &["clock"]),
    ("config", &["limits", "error", "log", "text"]),
    ("message", &["text", "limits"]),
    ("rules", &["message", "text", "limits"]),
    ("dns", &["text", "limits", "clock", "metrics"]),
    ("auth", &["dns", "message", "text", "limits", "clock"]),
    ("fetch", &["limits", "clock"]),
    ("fingerprint", &["message", "text", "limits", "clock"]),
    ("feed", &["fingerprint", "fetch", "limits", "clock", "metrics"]),
    ("zones", &["dns", "fetch", "text", "limits", "clock", "metrics"]),
    (
        "engine",
        &[
            "fingerprint",
            "zones",
            "dns",
            "auth",
            "rules",
            "message",
            "text",
            "limits",
            "clock",
            "metrics",
        ],
    ),
    ("protocol", &["text", "limits", "error"]),
    ("http", &["config", "metrics", "log", "server", "error"]),
    (
        "server",
        &[
            "feed",
            "fetch",
            "fingerprint",
            "zones",
            "http",
            "engine",
            "dns",
            "auth",
            "rules",
            "message",
            "protocol",
            "config",
            "metrics",
            "limits",
            "clock",
            "log",
            "error",
            "text",
        ],
    ),
    (
        "cli",
        &[
            "feed",
            "fetch",
            "fingerprint",
            "zones",
            "server",
            "http",
            "engine",
            "dns",
            "auth",
            "rules",
            "message",
            "protocol",
            "config",
            "metrics",
            "limits",
            "clock",
            "log",
            "error",
            "text",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

#[test]
fn every_room_uses_only_rooms_further_in() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut offences = Vec::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).expect("a file below src");
        let room = room_of(inside);
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            offences.push(format!("{}: a room that this test does not know", inside.display()));
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("a readable source file");
        for used in rooms_named_in(&text) {
            if used != room && !allowed.contains(&used.as_str()) {
                offences.push(format!("{}: {room} may not use {used}", inside.display()));
            }
        }
    }
    offences.dedup();
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn room_of(inside: &Path) -> String {
    let first = inside.components().next().expect("a path").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_string()
}

/// The words after `crate::` and, in `use crate::{a, b}`, each of the list.
fn rooms_named_in(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or("");
                rooms.extend(list.split(',').map(first_word).filter(|word| !word.is_empty()));
            }
            None => rooms.push(first_word(rest)),
        }
    }
    rooms
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
}
