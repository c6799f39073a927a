//! Which of some thousand literals stand in a text, in any case.
//!
//! Of each literal the rarest four bytes in a row are hashed. One pass over the text looks
//! each four bytes of it up in a bit map; only where a bit is set the literals behind it are
//! compared. A literal that has been found is not looked for again, and a bit goes when all
//! behind it are found. Literals of two and of three bytes have bit maps of their own.
//!
//! Invariant: the cost of a place in the text is bounded by the fullest bucket.

use super::frequency;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A literal: lower-cased, at least two bytes; and the only piece in which it counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Word {
    pub text: Vec<u8>,
    pub piece: Option<u32>,
}

/// The literals, arranged for the search; it calls them by their numbers.
#[derive(Debug)]
pub(super) struct Finder {
    words: Vec<Word>,
    /// For windows of two, three and four bytes.
    tables: [Table; 3],
    /// The pieces that a literal is looked for in, if not all of them are searched.
    pieces: HashSet<u32>,
    anywhere: bool,
}

/// Literals by the hash of one of their windows.
#[derive(Debug, Default)]
struct Table {
    /// Where the entries of each hash begin, and the end; empty if there are none.
    starts: Vec<u32>,
    entries: Vec<Entry>,
    /// The hashes that have some.
    map: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    word: u32,
    /// The literal's piece; [`ANY_PIECE`] for all of them.
    piece: u32,
    /// Where in the literal the window stands.
    offset: u32,
    /// The literal's first eight bytes; of a shorter one all, and zeros.
    head: u64,
    /// The bits of `head` that are the literal's.
    mask: u64,
}

/// No text has so many pieces.
const ANY_PIECE: u32 = u32::MAX;

/// One bit for each hash of each table.
type Map = [u64; MAP];

const HASH_BITS: u32 = 16;
const MAP: usize = 1 << (HASH_BITS - 6);

/// What a search needs to remember; reused by the next.
#[derive(Debug)]
pub(super) struct Search {
    maps: Box<[Map; 3]>,
    folded: Vec<u8>,
    found: Vec<bool>,
}

impl Default for Search {
    fn default() -> Search {
        Search { maps: Box::new([[0; MAP]; 3]), folded: Vec::new(), found: Vec::new() }
    }
}

impl Finder {
    pub fn new(words: Vec<Word>) -> Finder {
        let frequency = frequency::of_bytes();
        let anywhere = words.iter().any(|word| word.piece.is_none());
        let mut buckets: [HashMap<u16, Vec<Entry>>; 3] = Default::default();
        for (number, word) in (0..).zip(&words) {
            let length = word.text.len().clamp(2, 4);
            let Some(buckets) = buckets.get_mut(length - 2) else { continue };
            let salt = if anywhere { 0 } else { salt(word.piece) };
            let windows = word.text.windows(length).map(|window| hash_of(window, salt));
            let share = |offset: usize| -> f32 {
                let window = word.text.iter().skip(offset).take(length);
                window.map(|&byte| frequency[usize::from(byte)]).product()
            };
            let cost = |(offset, hash): &(usize, u16)| {
                share(*offset) * (1 + buckets.get(hash).map_or(0, Vec::len)) as f32
            };
            let rarest = windows.enumerate().min_by(|a, b| cost(a).total_cmp(&cost(b)));
            if let Some((offset, hash)) = rarest {
                let piece = word.piece.unwrap_or(ANY_PIECE);
                let (head, mask) = head(&word.text);
                let entry = Entry { word: number, piece, offset: offset as u32, head, mask };
                buckets.entry(hash).or_default().push(entry);
            }
        }
        Finder {
            pieces: words.iter().filter_map(|word| word.piece).collect(),
            anywhere,
            words,
            tables: buckets.map(Table::new),
        }
    }

    /// Calls `hit` once with the number of each literal that stands in `text` and the piece where
    /// it first does, if it counts in
    /// any piece or stands in its own one; `ends` are the ends of the pieces, where each has a
    /// newline.
    pub fn search(
        &self,
        text: &[u8],
        ends: &[usize],
        search: &mut Search,
        mut hit: impl FnMut(usize, u32),
    ) {
        let Search { maps, folded, found } = search;
        folded.clear();
        folded.extend_from_slice(text);
        folded.make_ascii_lowercase();
        folded.extend_from_slice(&[0; 8]); // so that the last byte has seven behind it
        found.clear();
        found.resize(self.words.len(), false);
        for (map, table) in maps.iter_mut().zip(&self.tables) {
            map.fill(0);
            map.iter_mut().zip(&table.map).for_each(|(to, from)| *to = *from);
        }
        let mut start = 0;
        for (piece, &end) in (0..).zip(ends) {
            let range = start..end + 1;
            start = range.end;
            if self.anywhere || self.pieces.contains(&piece) {
                self.search_piece(piece, range, folded, maps, found, &mut hit);
            }
        }
    }

    fn search_piece(
        &self,
        piece: u32,
        range: Range<usize>,
        text: &[u8],
        maps: &mut [Map; 3],
        found: &mut [bool],
        hit: &mut impl FnMut(usize, u32),
    ) {
        let salt = if self.anywhere { 0 } else { salt(Some(piece)) };
        let windows = text.get(range.start..range.end + 3).unwrap_or_default().array_windows();
        for (at, window) in range.zip(windows) {
            let hashes = hashes(u32::from_le_bytes(*window), salt);
            let [twos, threes, fours] = &*maps;
            let [two, three, four] = hashes;
            if (bit(twos, two) | bit(threes, three) | bit(fours, four)) & 1 == 0 {
                continue;
            }
            let here = Place { text, at, piece };
            for ((hash, map), table) in hashes.into_iter().zip(&mut *maps).zip(&self.tables) {
                if bit(map, hash) & 1 == 1 && self.visit(table.bucket(hash), &here, found, hit) {
                    map[usize::from(hash >> 6)] &= !(1 << (hash & 63));
                }
            }
        }
    }

    /// Compares the literals of a bucket; `true`: all of them have been found by now.
    fn visit(
        &self,
        bucket: &[Entry],
        here: &Place<'_>,
        found: &mut [bool],
        hit: &mut impl FnMut(usize, u32),
    ) -> bool {
        let mut all = true;
        for entry in bucket {
            if entry.piece != here.piece && entry.piece != ANY_PIECE {
                all = false;
                continue;
            }
            let Some(found) = found.get_mut(entry.word as usize) else { continue };
            if !*found {
                *found = self.stands(entry, here);
                if *found {
                    hit(entry.word as usize, here.piece);
                }
            }
            all &= *found;
        }
        all
    }

    fn stands(&self, entry: &Entry, here: &Place<'_>) -> bool {
        let from = here.at.checked_sub(entry.offset as usize);
        let Some(text) = from.and_then(|from| here.text.get(from..)) else { return false };
        let Some(head) = text.first_chunk() else { return false };
        if u64::from_le_bytes(*head) & entry.mask != entry.head {
            return false;
        }
        let word = self.words.get(entry.word as usize);
        entry.mask != u64::MAX || word.is_some_and(|word| text.starts_with(&word.text))
    }
}

/// Where a window stands that a literal has.
struct Place<'t> {
    text: &'t [u8],
    at: usize,
    piece: u32,
}

impl Table {
    fn new(buckets: HashMap<u16, Vec<Entry>>) -> Table {
        if buckets.is_empty() {
            return Table::default();
        }
        let mut table = Table { map: vec![0; MAP], ..Table::default() };
        for hash in 0..=u16::MAX {
            let bit = u64::from(buckets.contains_key(&hash)) << (hash & 63);
            table.map[usize::from(hash >> 6)] |= bit;
            table.starts.push(table.entries.len() as u32);
            table.entries.extend(buckets.get(&hash).into_iter().flatten());
        }
        table.starts.push(table.entries.len() as u32);
        table
    }

    fn bucket(&self, hash: u16) -> &[Entry] {
        let start = self.starts.get(usize::from(hash));
        let end = self.starts.get(usize::from(hash) + 1);
        let range = start.zip(end).map(|(&start, &end)| start as usize..end as usize);
        range.and_then(|range| self.entries.get(range)).unwrap_or_default()
    }
}

/// What keeps literals of different pieces apart, where each belongs to one.
fn salt(piece: Option<u32>) -> u32 {
    piece.map_or(0, |piece| piece.wrapping_add(1).wrapping_mul(0x85EB_CA6B))
}

/// Up to eight first bytes as a number, and which bits of it are theirs.
fn head(text: &[u8]) -> (u64, u64) {
    let (mut head, mut mask) = ([0; 8], [0; 8]);
    for ((head, mask), byte) in head.iter_mut().zip(&mut mask).zip(text) {
        (*head, *mask) = (*byte, u8::MAX);
    }
    (u64::from_le_bytes(head), u64::from_le_bytes(mask))
}

/// The hash's bit, and others above it.
fn bit(map: &Map, hash: u16) -> u64 {
    map[usize::from(hash >> 6)] >> (hash & 63)
}

/// The hashes of the two, three and four bytes that a window begins with.
fn hashes(window: u32, salt: u32) -> [u16; 3] {
    [hash(window & 0xFFFF ^ salt), hash(window & 0xFF_FFFF ^ salt), hash(window ^ salt)]
}

fn hash_of(window: &[u8], salt: u32) -> u16 {
    let mut bytes = [0; 4];
    bytes.iter_mut().zip(window).for_each(|(to, from)| *to = *from);
    let [two, three, four] = hashes(u32::from_le_bytes(bytes), salt);
    match window.len() {
        2 => two,
        3 => three,
        _ => four,
    }
}

/// The upper half of a product with an odd number: every byte moves it.
fn hash(window: u32) -> u16 {
    (window.wrapping_mul(0x9E37_79B1) >> (u32::BITS - HASH_BITS)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[(&str, Option<u32>)], pieces: &[&str]) -> Vec<usize> {
        let word = |(text, piece): &(&str, Option<u32>)| Word {
            text: text.as_bytes().to_vec(),
            piece: *piece,
        };
        let finder = Finder::new(words.iter().map(word).collect());
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        for piece in pieces {
            text.extend_from_slice(piece.as_bytes());
            ends.push(text.len());
            text.push(b'\n');
        }
        let mut found = Vec::new();
        let mut search = Search::default();
        finder.search(&text, &ends, &mut search, |number, _| found.push(number));
        found.sort_unstable();
        found
    }

    #[test]
    fn each_literal_is_found_once_wherever_it_stands() {
        let words = [
            ("ab", None),
            ("abc", None),
            ("viagra", None),
            ("agra", None),
            ("zz", None),
            ("gra\n", None),
            ("this is sixteen.", None),
        ];
        assert_eq!(found(&words, &["xABxab abVIAGRA", "ab"]), [0, 2, 3, 5]);
        assert_eq!(found(&words, &["abc"]), [0, 1]);
        assert_eq!(found(&words, &["This is sixteen", "zz"]), [4]);
        assert_eq!(found(&words, &["This is sixteen.zz"]), [4, 6]);
        assert_eq!(found(&words, &[]), [0; 0]);
        assert_eq!(found(&[], &["ab"]), [0; 0]);
    }

    #[test]
    fn a_literal_of_one_piece_is_found_in_that_only() {
        let words = [("word", Some(1)), ("word", Some(2)), ("word", None), ("wo", Some(0))];
        assert_eq!(found(&words, &["", "a word", "wor"]), [0, 2]);
        assert_eq!(found(&words, &["word", "", "", ""]), [2, 3]);
        assert_eq!(found(&words, &["word", "word", "word"]), [0, 1, 2, 3]);
    }

    proptest::proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(
            words in proptest::collection::vec("[abc]{2,7}", 0..40),
            pieces in proptest::collection::vec("[abcABC]{0,12}", 0..6),
        ) {
            let numbered: Vec<(&str, Option<u32>)> =
                words.iter().zip(0..).map(|(word, n)| (&**word, (n % 3 > 0).then_some(n % 5))).collect();
            let pieces: Vec<&str> = pieces.iter().map(|piece| &**piece).collect();
            let holds = |piece: &&str, word: &str| piece.to_ascii_lowercase().contains(word);
            let expected: Vec<usize> = numbered
                .iter()
                .enumerate()
                .filter(|(_, (word, only))| match only {
                    Some(only) => pieces.get(*only as usize).is_some_and(|piece| holds(piece, word)),
                    None => pieces.iter().any(|piece| holds(piece, word)),
                })
                .map(|(number, _)| number)
                .collect();
            proptest::prop_assert_eq!(found(&numbered, &pieces), expected);
        }
    }
}
