//! Razor2's e4: SHA-1 of two pieces of a text, whose places a generator of chance names.
//!
//! In: a text. Out: the signature with the parameters `7542-10`: seed 7542, lines end at LF. The
//! generator is Perl's (`drand48`, 48 bits). The text's lines are cut into six sections; a line
//! of each is drawn. Between the lines of the second and third section, and of the fourth and
//! fifth, a piece is taken, from a drawn place in its first half to one in its second. If both
//! together have 128 bytes or less, the whole text is signed.

use super::{base64, sha1};

const SEED: u64 = 7542;
const SECTIONS: usize = 6;
/// Pieces that are not longer than that are not signed.
const SHORT: usize = 128;

/// The signature of `text`.
pub(super) fn signature(text: &[u8]) -> String {
    let lines = lines(text);
    let mut chance = Chance(SEED << 16 | 0x330e);
    let size = 100.0 / SECTIONS as f64;
    let mut places = [0usize; SECTIONS];
    for (number, place) in places.iter_mut().enumerate() {
        let share = chance.below(size) + number as f64 * size;
        *place = (share * lines.len() as f64 / 100.0) as usize;
    }
    let mut shares = || [chance.below(50.0), chance.below(50.0) + 50.0];
    let (first, second) = (shares(), shares());
    let [_, a, b, c, d, _] = places;
    let one = piece(&lines, (a, b), first);
    let two = piece(&lines, (c, d), second);
    if one.len() + two.len() <= SHORT {
        return base64(&sha1(text));
    }
    let empty = is_blank(&one) && is_blank(&two);
    base64(&sha1(&if empty { Vec::new() } else { [one, two].concat() }))
}

/// Lines without their ends; empty ones at the end left out.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

/// One white space byte and more, and nothing else.
fn is_blank(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&b| crate::text::ascii::is_space(b))
}

/// The generator of `rand` in Perl.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: f64) -> f64 {
        self.0 = (self.0.wrapping_mul(0x5_deec_e66d).wrapping_add(0xb)) & ((1 << 48) - 1);
        self.0 as f64 / (1u64 << 48) as f64 * bound
    }
}

/// What stands in lines `from` to `to`, of all their bytes from one share to the other.
fn piece(lines: &[&[u8]], (from, to): (usize, usize), shares: [f64; 2]) -> Vec<u8> {
    // To Perl a line `0` is false like an empty one.
    let told = |at: usize| lines.get(at).copied().filter(|line| !line.is_empty() && *line != b"0");
    let length: usize = (from..=to).filter_map(|at| Some(told(at)?.len())).sum();
    let [begin, end] = shares.map(|share| (share * length as f64 / 100.0) as usize);
    let (mut first, mut last) = (Place::default(), Place::default());
    let mut passed = 0;
    for at in from..=to {
        let Some(line) = told(at) else { continue };
        passed += line.len();
        // Below zero where the place is in a line before: it stays that of this line.
        let column = |place: usize| line.len() as isize - (passed as isize - place as isize);
        if passed > begin && first.column == 0 {
            first = Place { line: at, column: column(begin) };
        }
        if passed > end {
            last = Place { line: at, column: column(end) };
        }
        if last.column != 0 {
            break;
        }
    }
    let [begin, end] = [first, last].map(|place| usize::try_from(place.column).unwrap_or(0));
    let line = |at: usize| lines.get(at).copied().unwrap_or_default();
    if first.line == last.line {
        let Some(line) = told(first.line) else { return Vec::new() };
        let length = end as isize - begin as isize + 1;
        // A negative length leaves so many bytes at the end.
        let stop = match usize::try_from(length) {
            Ok(length) => (begin + length).min(line.len()),
            Err(_) => line.len().saturating_sub(length.unsigned_abs()),
        };
        return line.get(begin..stop).unwrap_or_default().to_vec();
    }
    let mut out = line(first.line).get(begin..).unwrap_or_default().to_vec();
    for at in first.line + 1..last.line {
        out.extend(line(at));
    }
    let tail = line(last.line);
    out.extend(tail.get(..end.min(tail.len())).unwrap_or_default());
    out
}

/// A place in a text.
#[derive(Clone, Copy, Default)]
struct Place {
    line: usize,
    column: isize,
}
