//! The corpus: spam, and ham in two halves without a sender or list in both.

use mailprint::limits::Limits;
use mailprint::message::Message;
use mailprint::message::encoded_word;
use std::collections::HashMap;
use std::path::Path;

/// One message.
pub struct Mail {
    /// Its file's name without the ending.
    pub stem: String,
    /// Its path.
    pub path: std::path::PathBuf,
    /// The message.
    pub bytes: Vec<u8>,
}

/// All messages.
pub struct Corpus {
    /// Unwanted.
    pub spam: Vec<Mail>,
    /// Wanted.
    pub ham: Vec<Mail>,
}

impl Corpus {
    /// Reads `folder/spam` and `folder/ham`; none if there is no such folder.
    pub fn load(folder: &Path) -> Option<Corpus> {
        Some(Corpus { spam: mails(&folder.join("spam"))?, ham: mails(&folder.join("ham"))? })
    }

    /// The ham in two: messages that share a sender or a list are on one side.
    pub fn halves(&self) -> [Vec<&Mail>; 2] {
        let mut groups = Groups::default();
        let firsts: Vec<usize> = self
            .ham
            .iter()
            .map(|mail| {
                let keys = senders(&mail.bytes);
                let first = groups.number(keys.first().unwrap_or(&mail.stem));
                for key in &keys {
                    let other = groups.number(key);
                    groups.join(first, other);
                }
                first
            })
            .collect();
        let mut by_group: HashMap<usize, Vec<&Mail>> = HashMap::new();
        for (mail, first) in self.ham.iter().zip(firsts) {
            by_group.entry(groups.root(first)).or_default().push(mail);
        }
        let mut all: Vec<_> = by_group.into_values().collect();
        all.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0].stem.clone()));
        let mut halves = [Vec::new(), Vec::new()];
        for group in all {
            let smaller = usize::from(halves[1].len() < halves[0].len());
            halves[smaller].extend(group);
        }
        halves
    }
}

fn mails(folder: &Path) -> Option<Vec<Mail>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).ok()?;
        let stem = path.file_stem()?.to_str()?.to_owned();
        Some(Mail { stem, path, bytes })
    };
    Some(paths.into_iter().filter_map(read).collect())
}

/// Who sent it, and through which list.
fn senders(bytes: &[u8]) -> Vec<String> {
    let message = Message::parse(bytes.to_vec(), &Limits::default());
    let names: [&[u8]; 6] =
        [b"list-id", b"list-post", b"x-mailing-list", b"mailing-list", b"sender", b"from"];
    let value = |name: &[u8]| {
        let field = message.headers().last(name)?;
        let text = String::from_utf8_lossy(&encoded_word::decoded(field)).to_lowercase();
        let inner = text.rsplit_once('<').map_or(text.as_str(), |(_, inner)| inner);
        let inner = inner.split(['>', ' ', ';']).next()?.trim_start_matches("mailto:");
        (!inner.is_empty()).then(|| inner.to_owned())
    };
    names.iter().filter_map(|name| value(name)).collect()
}

/// Sets that are joined.
#[derive(Default)]
struct Groups {
    numbers: HashMap<String, usize>,
    parents: Vec<usize>,
}

impl Groups {
    fn number(&mut self, key: &str) -> usize {
        let next = self.parents.len();
        let number = *self.numbers.entry(key.to_owned()).or_insert(next);
        if number == next {
            self.parents.push(next);
        }
        number
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a] = b;
    }
}
