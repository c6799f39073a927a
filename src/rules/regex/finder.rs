//! Which of some thousand literals stand in a text, in any case.
//!
//! Of each literal the rarest four bytes in a row are its *window*. One pass over the text asks
//! a filter of one byte for each three bytes: whether windows begin with them, and with which
//! fourth bytes (by their lowest bits) those go on. Only where it says yes the literals behind
//! it are compared. A literal that has been found is not looked for again, and the filter
//! forgets a window when all its literals are found. Literals of three bytes stand under every
//! fourth one; those of two have a filter of their own.
//!
//! Invariant: the cost of a place in the text is bounded by the fullest bucket.

use super::frequency;
use memchr::memmem;
use std::collections::HashMap;
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
    /// Literals of two bytes, by [`pair`].
    pairs: Table,
    /// The others, by [`cell`].
    cells: Table,
    filters: Box<Filters>,
    /// How literals of its own are looked for in each piece.
    pieces: Vec<Own>,
    /// Some literals are looked for in every piece.
    anywhere: bool,
}

/// The literals that are looked for in one piece only.
#[derive(Clone, Debug, Default)]
enum Own {
    #[default]
    None,
    /// Few are found faster one by one.
    Few(Vec<(u32, memmem::Finder<'static>)>),
    Many,
}

/// Most literals of a piece that are looked for one by one.
const FEW: usize = 6;

/// Literals by their windows.
#[derive(Debug)]
struct Table {
    /// Keys that differ only in this many low bits share a bucket.
    shift: u32,
    /// Where the entries of each bucket begin, and the end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    word: u32,
    /// The literal's piece; [`ANY_PIECE`] for all of them.
    piece: u32,
    /// Its pair or cell.
    key: u32,
    /// Where in the literal the window stands.
    offset: u32,
    /// The literal's first eight bytes; of a shorter one all, and zeros.
    head: u64,
    /// The bits of `head` that are the literal's.
    mask: u64,
}

/// No text has so many pieces.
const ANY_PIECE: u32 = u32::MAX;

/// What a place in the text is asked first.
#[derive(Clone, Copy, Debug)]
struct Filters {
    /// A bit for each pair.
    pairs: [u64; 1 << (PAIR_BITS - 6)],
    /// A bit for each cell: a byte for three bytes of text, in it a bit for the fourth.
    cells: [u8; 1 << (CELL_BITS - 3)],
}

const PAIR_BITS: u32 = 16;
const CELL_BITS: u32 = 18;

/// What a search needs to remember; reused by the next.
#[derive(Debug, Default)]
pub(super) struct Search {
    filters: Box<Filters>,
    folded: Vec<u8>,
    found: Vec<bool>,
}

impl Search {
    /// The text that was searched last, lower-cased.
    pub fn folded(&self) -> &[u8] {
        &self.folded
    }
}

impl Finder {
    pub fn new(words: Vec<Word>) -> Finder {
        let anywhere = words.iter().any(|word| word.piece.is_none());
        let (mut pairs, mut cells) = (Buckets::default(), Buckets::default());
        let pieces = if anywhere { Vec::new() } else { by_piece(&words) };
        for (number, word) in (0..).zip(&words) {
            let own = word.piece.and_then(|piece| pieces.get(piece as usize));
            if matches!(own, Some(Own::Few(_))) {
                continue;
            }
            let salt = if anywhere { 0 } else { salt(word.piece) };
            match word.text.len() {
                ..=2 => pairs.add(number, word, &|window| vec![pair(number_of(window), salt)]),
                3 => cells.add(number, word, &|window| {
                    let three = number_of(window);
                    (0..8).map(|fourth| cell(three | fourth << 24, salt)).collect()
                }),
                _ => cells.add(number, word, &|window| vec![cell(number_of(window), salt)]),
            }
        }
        let mut filters = Box::<Filters>::default();
        pairs.0.keys().for_each(|&key| filters.pairs[key as usize >> 6] |= 1 << (key & 63));
        cells.0.keys().for_each(|&key| filters.cells[key as usize >> 3] |= 1 << (key & 7));
        Finder {
            pieces,
            anywhere,
            words,
            pairs: Table::new(pairs, 0),
            cells: Table::new(cells, CELL_BITS - PAIR_BITS),
            filters,
        }
    }

    /// Calls `hit` once with the number of each literal that stands in `text` and the piece
    /// where it first does, if it counts in any piece or stands in its own one; `ends` are the
    /// ends of the pieces, where each has a newline.
    pub fn search(
        &self,
        text: &[u8],
        ends: &[usize],
        search: &mut Search,
        hit: impl FnMut(usize, u32),
    ) {
        let Search { filters, folded, found } = search;
        folded.clear();
        folded.extend_from_slice(text);
        folded.make_ascii_lowercase();
        folded.extend_from_slice(&[0; 8]); // so that the last byte has seven behind it
        found.clear();
        found.resize(self.words.len(), false);
        if text.len() < WORTH_FORGETTING {
            let mut filters = &*self.filters;
            self.search_pieces(&mut filters, folded, ends, found, hit);
        } else {
            filters.pairs.copy_from_slice(&self.filters.pairs);
            filters.cells.copy_from_slice(&self.filters.cells);
            self.search_pieces(&mut **filters, folded, ends, found, hit);
        }
    }

    fn search_pieces(
        &self,
        filters: &mut impl Asked,
        folded: &[u8],
        ends: &[usize],
        found: &mut [bool],
        mut hit: impl FnMut(usize, u32),
    ) {
        let mut start = 0;
        for (piece, &end) in (0..).zip(ends) {
            let range = start..end + 1;
            start = range.end;
            match self.pieces.get(piece as usize) {
                Some(Own::Few(words)) => {
                    let text = folded.get(range).unwrap_or_default();
                    for (word, finder) in words {
                        if finder.find(text).is_some() {
                            hit(*word as usize, piece);
                        }
                    }
                }
                Some(Own::Many) => {
                    self.search_piece(piece, range, folded, filters, found, &mut hit);
                }
                Some(Own::None) | None if self.anywhere => {
                    self.search_piece(piece, range, folded, filters, found, &mut hit);
                }
                Some(Own::None) | None => {}
            }
        }
    }

    fn search_piece(
        &self,
        piece: u32,
        range: Range<usize>,
        text: &[u8],
        filters: &mut impl Asked,
        found: &mut [bool],
        hit: &mut impl FnMut(usize, u32),
    ) {
        let salt = if self.anywhere { 0 } else { salt(Some(piece)) };
        let windows = text.get(range.start..range.end + 3).unwrap_or_default().array_windows();
        for (at, window) in range.zip(windows) {
            let window = u32::from_le_bytes(*window);
            let (pair, cell) = (pair(window, salt), cell(window, salt));
            if (filters.filters().pair(pair) | filters.filters().cell(cell)) & 1 == 0 {
                continue;
            }
            let here = Place { text, at, piece };
            if filters.filters().pair(pair) & 1 == 1
                && self.visit(&self.pairs, pair, &here, found, hit)
            {
                filters.forget_pair(pair);
            }
            if filters.filters().cell(cell) & 1 == 1
                && self.visit(&self.cells, cell, &here, found, hit)
            {
                filters.forget_cell(cell);
            }
        }
    }

    /// Compares the literals of a bucket; `true`: all of them have been found by now.
    fn visit(
        &self,
        table: &Table,
        key: u32,
        here: &Place<'_>,
        found: &mut [bool],
        hit: &mut impl FnMut(usize, u32),
    ) -> bool {
        let mut all = true;
        for entry in table.bucket(key).iter().filter(|entry| entry.key == key) {
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

/// How the literals of each piece are looked for.
fn by_piece(words: &[Word]) -> Vec<Own> {
    let mut pieces: HashMap<usize, Vec<(u32, &Word)>> = HashMap::new();
    for (number, word) in (0..).zip(words) {
        if let Some(piece) = word.piece {
            pieces.entry(piece as usize).or_default().push((number, word));
        }
    }
    let finder =
        |(number, word): (u32, &Word)| (number, memmem::Finder::new(&word.text).into_owned());
    let mut all = vec![Own::None; pieces.keys().max().map_or(0, |last| last + 1)];
    for (piece, words) in pieces {
        if let Some(own) = all.get_mut(piece) {
            *own = match words.len() {
                ..=FEW => Own::Few(words.into_iter().map(finder).collect()),
                _ => Own::Many,
            };
        }
    }
    all
}

/// Where a window stands that a literal has.
struct Place<'t> {
    text: &'t [u8],
    at: usize,
    piece: u32,
}

/// A search asks the finder's own filters, or a copy that forgets what has been found.
trait Asked {
    fn filters(&self) -> &Filters;
    fn forget_pair(&mut self, pair: u32);
    fn forget_cell(&mut self, cell: u32);
}

/// In a shorter text little is found twice: less than a copy costs.
const WORTH_FORGETTING: usize = 4096;

impl Asked for &Filters {
    fn filters(&self) -> &Filters {
        self
    }

    fn forget_pair(&mut self, _: u32) {}

    fn forget_cell(&mut self, _: u32) {}
}

impl Asked for Filters {
    fn filters(&self) -> &Filters {
        self
    }

    fn forget_pair(&mut self, pair: u32) {
        self.pairs[pair as usize >> 6] &= !(1 << (pair & 63));
    }

    fn forget_cell(&mut self, cell: u32) {
        self.cells[cell as usize >> 3] &= !(1 << (cell & 7));
    }
}

impl Default for Filters {
    fn default() -> Filters {
        Filters { pairs: [0; 1 << (PAIR_BITS - 6)], cells: [0; 1 << (CELL_BITS - 3)] }
    }
}

impl Filters {
    /// The pair's bit, and others above it.
    fn pair(&self, pair: u32) -> u64 {
        self.pairs[pair as usize >> 6 & (self.pairs.len() - 1)] >> (pair & 63)
    }

    /// The cell's bit, and others above it.
    fn cell(&self, cell: u32) -> u64 {
        u64::from(self.cells[cell as usize >> 3 & (self.cells.len() - 1)] >> (cell & 7))
    }
}

/// Entries by their pairs or cells, while a table grows.
#[derive(Default)]
struct Buckets(HashMap<u32, Vec<Entry>>);

impl Buckets {
    /// Adds a literal under the keys of its rarest window; of one with few others, if it can.
    fn add(&mut self, number: u32, word: &Word, keys: &dyn Fn(&[u8]) -> Vec<u32>) {
        let frequency = frequency::of_bytes();
        let length = word.text.len().clamp(2, 4);
        let cost = |window: &[u8]| {
            let share: f32 = window.iter().map(|&byte| frequency[usize::from(byte)]).product();
            let others = keys(window).iter().filter_map(|key| self.0.get(key)).map(Vec::len).max();
            share * (1 + others.unwrap_or(0)) as f32
        };
        let windows = (0..).zip(word.text.windows(length));
        let rarest = windows.min_by(|(_, a), (_, b)| cost(a).total_cmp(&cost(b)));
        let Some((offset, window)) = rarest else { return };
        let piece = word.piece.unwrap_or(ANY_PIECE);
        let (head, mask) = head(&word.text);
        for key in keys(window) {
            let entry = Entry { word: number, piece, key, offset, head, mask };
            self.0.entry(key).or_default().push(entry);
        }
    }
}

impl Table {
    fn new(buckets: Buckets, shift: u32) -> Table {
        let mut table = Table { shift, starts: Vec::new(), entries: Vec::new() };
        if buckets.0.is_empty() {
            return table;
        }
        for bucket in 0..1 << PAIR_BITS {
            table.starts.push(table.entries.len() as u32);
            for key in (bucket << shift..).take(1 << shift) {
                table.entries.extend(buckets.0.get(&key).into_iter().flatten());
            }
        }
        table.starts.push(table.entries.len() as u32);
        table
    }

    fn bucket(&self, key: u32) -> &[Entry] {
        let bucket = (key >> self.shift) as usize;
        let range = self.starts.get(bucket).zip(self.starts.get(bucket + 1));
        let range = range.map(|(&start, &end)| start as usize..end as usize);
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

/// Up to four bytes as a number.
fn number_of(window: &[u8]) -> u32 {
    let mut bytes = [0; 4];
    bytes.iter_mut().zip(window).for_each(|(to, from)| *to = *from);
    u32::from_le_bytes(bytes)
}

/// The key of the first two bytes.
fn pair(window: u32, salt: u32) -> u32 {
    (window ^ salt) & 0xFFFF
}

/// The key of four bytes: the first three hashed, then the lowest bits of the fourth. The hash is
/// the upper part of a product with an odd number, which every byte moves.
fn cell(window: u32, salt: u32) -> u32 {
    let hash = ((window ^ salt) << 8).wrapping_mul(0x9E37_79B1) >> (u32::BITS + 3 - CELL_BITS);
    hash << 3 | window >> 24 & 7
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
            pieces in proptest::collection::vec("[abcABC]{0,12}|[abcAB ]{4000,5000}", 0..6),
            placed in 0..3,
        ) {
            // Words of any piece, of certain pieces only, or both.
            let piece_of = |n: u32| match placed {
                0 => None,
                1 => Some(n % 3),
                _ => (!n.is_multiple_of(3)).then_some(n % 5),
            };
            let numbered: Vec<(&str, Option<u32>)> =
                words.iter().zip(0..).map(|(word, n)| (&**word, piece_of(n))).collect();
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
