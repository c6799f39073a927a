//! Chains of bytes that every match of a pattern walks, looked for bit by bit.
//!
//! For patterns without literals: `[vu][i1!|]\W?[a4]` has none, yet few texts hold it. An
//! expression becomes *paths*. A path is a row of steps; a step takes one byte of a set and
//! then any number of bytes of another one. What may be left out lands in the second set of
//! the step before it, and alternatives are laid one upon the other, so that every match of
//! the expression walks one of its paths. Of each path the rarest window is kept, a bit for
//! a step, and all windows of a plan are followed at once through a text (extended
//! shift-and: Navarro and Raffinot, "Flexible Pattern Matching in Strings", chapter 4).
//!
//! Invariant: a text in which a rule matches reaches the end of one of the rule's windows.

use super::bytes::ByteSet;
use super::frequency;
use regex_syntax::hir::{Hir, HirKind, Repetition};

/// One byte of `first`, then any number of `rest`.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    first: ByteSet,
    rest: ByteSet,
}

/// Steps one after the other; before them, any number of `lead`.
#[derive(Clone, Debug, Default)]
struct Path {
    lead: ByteSet,
    steps: Vec<Step>,
}

/// A rule's windows: a match walks one of them.
#[derive(Debug)]
pub(super) struct Windows(Vec<Vec<Step>>);

/// Most paths of a rule.
const MOST_PATHS: usize = 12;
/// Alternatives that are all at most this long are laid one upon the other.
const SHORT: usize = 3;
/// Most steps of a path; what follows lands in the last.
const MOST_STEPS: usize = 48;
/// Most steps of a window.
const WINDOW: usize = 10;
/// Most windows of a rule.
const MOST_WINDOWS: usize = 40;
/// How deep alternatives are looked into.
const MOST_NESTED: usize = 8;
/// A window this rare (bits: 2^-n of all places) needs no further step.
const RARE_ENOUGH: f32 = 24.0;
/// Windows walked in a smaller share of all places than this need not be bettered.
const GOOD: f32 = 1.0 / (1 << 16) as f32;
/// Windows walked in a greater share are not worth their bits.
const TOO_COMMON: f32 = 1.0 / (1 << 11) as f32;

/// The windows of `hir`; `None` if too many texts would walk them.
pub(super) fn windows(hir: &Hir) -> Option<Windows> {
    let best = rarest(hir, &frequency::of_bytes(), MOST_NESTED)?;
    // The engines look for a byte of a set faster than this does.
    let single = best.windows.iter().all(|window| window.len() == 1);
    (best.share <= TOO_COMMON && !single).then_some(Windows(best.windows))
}

/// Windows of which every match walks one, and in which share of places one is walked.
struct Rare {
    share: f32,
    windows: Vec<Vec<Step>>,
}

/// The best of: windows of the whole, and of the parts that every match goes through.
fn rarest(hir: &Hir, frequency: &[f32; 256], depth: usize) -> Option<Rare> {
    let mut best = of_paths(&paths(hir), frequency);
    let Some(depth) = depth.checked_sub(1) else { return best };
    let good = |best: &Option<Rare>| best.as_ref().is_some_and(|best| best.share < GOOD);
    let mut offer = |rare: Option<Rare>| {
        let share = best.as_ref().map_or(f32::INFINITY, |best| best.share);
        // Twice as rare is not worth many more windows.
        if rare.as_ref().is_some_and(|rare| rare.share < share * 0.5) && !good(&best) {
            best = rare;
        }
    };
    match hir.kind() {
        HirKind::Capture(capture) => offer(rarest(&capture.sub, frequency, depth)),
        HirKind::Repetition(repeat) if repeat.min > 0 => {
            offer(rarest(&repeat.sub, frequency, depth));
        }
        HirKind::Concat(hirs) => {
            for part in hirs.iter().filter(|part| is_compound(part)) {
                offer(rarest(part, frequency, depth));
            }
        }
        HirKind::Alternation(hirs) => {
            let mut all = Rare { share: 0.0, windows: Vec::new() };
            for branch in hirs {
                let Some(one) = rarest(branch, frequency, depth) else { return best };
                all.share += one.share;
                all.windows.extend(one.windows);
                if all.windows.len() > MOST_WINDOWS {
                    return best;
                }
            }
            offer(Some(all));
        }
        _ => {}
    }
    best
}

/// Can there be something in it that its place in a row hides?
fn is_compound(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Alternation(_) => true,
        HirKind::Capture(capture) => is_compound(&capture.sub),
        HirKind::Repetition(repeat) => repeat.min > 0 && is_compound(&repeat.sub),
        HirKind::Concat(hirs) => hirs.iter().any(is_compound),
        _ => false,
    }
}

fn of_paths(paths: &[Path], frequency: &[f32; 256]) -> Option<Rare> {
    let mut all = Rare { share: 0.0, windows: Vec::new() };
    for path in paths {
        let (bits, window) = window(&path.steps, frequency)?;
        all.share += (-bits).exp2();
        all.windows.push(window);
    }
    Some(all)
}

/// All paths of an expression, at least one.
fn paths(hir: &Hir) -> Vec<Path> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![Path::default()],
        HirKind::Literal(literal) => {
            let steps = literal.0.iter().map(|&byte| step(ByteSet::of(&[(byte, byte)])));
            vec![limited(Path { lead: ByteSet::default(), steps: steps.collect() })]
        }
        HirKind::Class(class) => {
            vec![Path { lead: ByteSet::default(), steps: vec![step(ByteSet::of_class(class))] }]
        }
        HirKind::Capture(capture) => paths(&capture.sub),
        HirKind::Repetition(repeat) => repeated(repeat),
        HirKind::Concat(hirs) => {
            let mut all = vec![Path::default()];
            for hir in hirs {
                all = followed(all, paths(hir));
            }
            all
        }
        HirKind::Alternation(hirs) => either(hirs.iter().flat_map(paths).collect()),
    }
}

fn step(first: ByteSet) -> Step {
    Step { first, rest: ByteSet::default() }
}

fn repeated(repeat: &Repetition) -> Vec<Path> {
    let once = paths(&repeat.sub);
    let bytes = once.iter().fold(ByteSet::default(), |all, path| all.union(&path.bytes()));
    if repeat.min == 0 {
        return vec![Path { lead: bytes, steps: Vec::new() }];
    }
    let once = if repeat.min > 1 { vec![overlaid(once)] } else { once };
    let mut all = once.clone();
    let mut times = 1;
    while times < repeat.min && all.iter().all(|path| path.steps.len() < MOST_STEPS) {
        all = followed(all, once.clone());
        times += 1;
        if once.iter().all(|path| path.steps.is_empty()) {
            break;
        }
    }
    if times < repeat.min || repeat.max != Some(repeat.min) {
        all.iter_mut().for_each(|path| path.absorb(&bytes));
    }
    all
}

/// Every path of `heads` with every one of `tails` behind it, if those are few.
fn followed(heads: Vec<Path>, tails: Vec<Path>) -> Vec<Path> {
    let many = heads.len() * tails.len() > MOST_PATHS;
    let tails = if many { vec![overlaid(tails)] } else { tails };
    let pairs = heads.iter().flat_map(|head| {
        tails.iter().map(move |tail| {
            let mut path = head.clone();
            path.absorb(&tail.lead);
            path.steps.extend_from_slice(&tail.steps);
            limited(path)
        })
    });
    pairs.collect()
}

fn either(all: Vec<Path>) -> Vec<Path> {
    let short = all.iter().all(|path| path.steps.len() <= SHORT);
    let skips = all.iter().any(|path| path.steps.is_empty());
    if short || skips || all.len() > MOST_PATHS { vec![overlaid(all)] } else { all }
}

/// One path that is walked wherever one of `all` is.
fn overlaid(all: Vec<Path>) -> Path {
    let length = all.iter().map(|path| path.steps.len()).min().unwrap_or(0);
    let mut one = Path { lead: ByteSet::default(), steps: vec![Step::default(); length] };
    for path in &all {
        one.lead = one.lead.union(&path.lead);
        for (step, other) in one.steps.iter_mut().zip(&path.steps) {
            step.first = step.first.union(&other.first);
            step.rest = step.rest.union(&other.rest);
        }
        for beyond in path.steps.iter().skip(length) {
            one.absorb(&beyond.first.union(&beyond.rest));
        }
    }
    one
}

/// The path cut to the steps that are looked at.
fn limited(mut path: Path) -> Path {
    if path.steps.len() > MOST_STEPS {
        for beyond in path.steps.split_off(MOST_STEPS) {
            path.absorb(&beyond.first.union(&beyond.rest));
        }
    }
    path
}

impl Path {
    /// Lets any number of `bytes` follow.
    fn absorb(&mut self, bytes: &ByteSet) {
        let rest = self.steps.last_mut().map_or(&mut self.lead, |step| &mut step.rest);
        *rest = rest.union(bytes);
    }

    /// All bytes that may stand in it.
    fn bytes(&self) -> ByteSet {
        self.steps.iter().fold(self.lead, |all, step| all.union(&step.first).union(&step.rest))
    }
}

/// The rarest few steps in a row, and how rare they are.
fn window(steps: &[Step], frequency: &[f32; 256]) -> Option<(f32, Vec<Step>)> {
    let share = |set: &ByteSet| set.iter().map(|byte| frequency[usize::from(byte)]).sum::<f32>();
    let shares: Vec<(f32, f32)> =
        steps.iter().map(|step| (share(&step.first), share(&step.rest))).collect();
    let (mut most, mut best) = (0.0, 0..0);
    for start in 0..steps.len() {
        let (mut bits, mut tries) = (0.0, 1.0);
        for (index, (first, rest)) in shares.iter().enumerate().skip(start).take(WINDOW) {
            bits -= (first * tries).clamp(1e-6, 1.0).log2();
            // Each byte that may stand between is one more place for the next step.
            tries = 1.0 / (1.0 - rest).max(0.02);
            if bits > most {
                (most, best) = (bits, start..index + 1);
            }
            if bits >= RARE_ENOUGH {
                break;
            }
        }
        if most >= RARE_ENOUGH && best.len() <= 6 {
            break;
        }
    }
    let window = steps.get(best)?.to_vec();
    (!window.is_empty()).then_some((most, window))
}

/// 64-bit words that are followed together.
const LANES: usize = 8;

/// The windows of all rules that have some.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    blocks: Vec<Block>,
    /// For each rule the ends of its windows: word and bit.
    ends: Vec<Box<[(u32, u64)]>>,
    words: usize,
    used: u32,
}

/// For each byte the steps that it can be the first of, and those that it can stay in.
type Rows = [[[u64; LANES]; 2]; 256];

/// The transitions of [`LANES`] words.
#[derive(Debug)]
struct Block {
    /// Where windows begin.
    starts: [u64; LANES],
    rows: Box<Rows>,
}

impl Sieve {
    /// An empty one for `rules` rules.
    pub fn new(rules: usize) -> Sieve {
        Sieve { ends: vec![Box::default(); rules], used: u64::BITS, ..Sieve::default() }
    }

    /// Gives a rule its windows.
    pub fn add(&mut self, rule: usize, windows: Windows) {
        let ends = windows.0.iter().map(|window| self.place(window)).collect();
        if let Some(slot) = self.ends.get_mut(rule) {
            *slot = ends;
        }
    }

    /// Writes a window into the next free bits; gives its last.
    fn place(&mut self, window: &[Step]) -> (u32, u64) {
        let length = window.len() as u32;
        if self.used + length > u64::BITS {
            if self.words.is_multiple_of(LANES) {
                let rows = Box::new([[[0; LANES]; 2]; 256]);
                self.blocks.push(Block { starts: [0; LANES], rows });
            }
            self.words += 1;
            self.used = 0;
        }
        let (lane, first) = ((self.words - 1) % LANES, self.used);
        self.used += length;
        if let Some(block) = self.blocks.last_mut() {
            block.starts[lane] |= 1 << first;
            for (index, step) in (first..).zip(window) {
                for (byte, [enter, stay]) in (0..=255).zip(block.rows.iter_mut()) {
                    enter[lane] |= u64::from(step.first.contains(byte)) << index;
                    stay[lane] |= u64::from(step.rest.contains(byte)) << index;
                }
            }
        }
        ((self.words - 1) as u32, 1 << (self.used - 1))
    }

    /// Follows all windows through `text`; `reached` gets the steps that were reached.
    pub fn follow(&self, text: &[u8], reached: &mut Vec<u64>) {
        reached.clear();
        for block in &self.blocks {
            reached.extend(block.follow(text));
        }
    }

    /// May the rule match in the text of which `reached` tells?
    pub fn passes(&self, rule: usize, reached: &[u64]) -> bool {
        let ends = self.ends.get(rule).map_or(&[][..], |ends| ends);
        let is_reached = |&(word, bit): &(u32, u64)| {
            reached.get(word as usize).is_none_or(|reached| reached & bit != 0)
        };
        ends.is_empty() || ends.iter().any(is_reached)
    }
}

impl Block {
    fn follow(&self, text: &[u8]) -> [u64; LANES] {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[expect(unsafe_code, reason = "the processor has just said that it can")]
            return unsafe { follow_in_wide_registers(self, text) };
        }
        follow(self, text)
    }
}

/// [`follow`], four words at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn follow_in_wide_registers(block: &Block, text: &[u8]) -> [u64; LANES] {
    follow(block, text)
}

/// The steps of a block's windows that `text` reaches.
#[inline(always)]
fn follow(block: &Block, text: &[u8]) -> [u64; LANES] {
    let (mut now, mut reached) = ([0; LANES], [0; LANES]);
    for &byte in text {
        let [enter, stay] = &block.rows[usize::from(byte)];
        for lane in 0..LANES {
            let entered = (now[lane] << 1 | block.starts[lane]) & enter[lane];
            now[lane] = entered | now[lane] & stay[lane];
            reached[lane] |= now[lane];
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::super::{perl, translate};
    use super::*;

    fn passes(pattern: &str, text: &[u8]) -> Option<bool> {
        let parsed = perl::parse(pattern.as_bytes(), 250).unwrap();
        let mut sieve = Sieve::new(1);
        sieve.add(0, windows(&translate::superset(&parsed))?);
        let mut reached = Vec::new();
        sieve.follow(text, &mut reached);
        Some(sieve.passes(0, &reached))
    }

    #[test]
    fn a_text_with_a_match_passes_and_hardly_another() {
        let cases: &[(&str, &[u8], Option<bool>)] = &[
            ("v[i1]\\W?[a4]gra", b"a v1-4gra b", Some(true)),
            ("v[i1]\\W?[a4]gra", b"a v1--4gr b", Some(true)), // gaps are not counted
            ("v[i1]\\W?[a4]gra", b"a v1xagra b", Some(false)),
            ("(?:m|\\xc3[\\xa0-\\xa9])(?:o|0|\\xc3\\xb2)ney", b"\xc3\xa5\xc3\xb2ney", Some(true)),
            ("(?:m|\\xc3[\\xa0-\\xa9])(?:o|0|\\xc3\\xb2)ney", b"many", Some(false)),
            ("(?:alpha|beta|gamma)5", b"gamma5", Some(true)),
            ("(?:alpha|beta|gamma)5", b"gamm5", Some(false)),
            ("(?:ab){3}\\d{2,}x", b"ababxab12x", Some(false)),
            ("(?:ab){3}\\d{2,}x", b"ababab123x", Some(true)),
            ("a?b?c?", b"", None),
            ("\\w", b"", None),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(&passes(pattern, text), expected, "{pattern}");
        }
    }
}
