//! One pattern, matched as Perl matches it.
//!
//! An automaton where the pattern is regular, PCRE2's JIT otherwise. Engines are compiled
//! at the first use: most patterns of a rule set never get past the plan's filters.

use super::cache::{Caches, Id, Ids};
use super::perl::{self, Parsed};
use super::{Pattern, PatternError, pcre, translate};
use crate::limits::{Limit, Limits};
use regex_automata::hybrid::dfa::DFA;
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input, meta};
use regex_syntax::hir::Hir;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Finds what Perl finds, where Perl finds it. Shared between threads.
#[derive(Debug)]
pub struct Exact {
    pattern: Arc<Pattern>,
    limits: Limits,
    id: Id,
    grouped_id: Id,
    superset_id: Id,
    engine: OnceLock<Engine>,
    grouped: OnceLock<Option<Grouped>>,
    again: OnceLock<Option<pcre2::bytes::Regex>>,
    superset: OnceLock<Option<DFA>>,
    nullable: bool,
    names: Vec<(String, Vec<usize>)>,
}

#[derive(Debug)]
enum Engine {
    /// Regular. `swallows`: a match may end one newline too far.
    Automaton {
        regex: meta::Regex,
        swallows: bool,
    },
    Backtracker(pcre2::bytes::Regex),
    /// No engine takes it: every search is an overrun.
    None,
}

/// The automaton that captures.
#[derive(Debug)]
struct Grouped {
    regex: meta::Regex,
    swallowed: Vec<usize>,
}

/// A search was given up: it counts as no hit, and the engine says so in its metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Overrun {
    /// `limits.match_steps`.
    #[error("a pattern took more steps than limits.match_steps")]
    Steps,
    /// `limits.match_heap`, or the stack.
    #[error("a pattern took more memory than limits.match_heap")]
    Memory,
    /// No engine could compile the pattern; `Pattern::parse` lets hardly any such through.
    #[error("a pattern could not be compiled")]
    Pattern,
}

impl Overrun {
    /// The limit that was reached, if it was one.
    pub fn limit(self) -> Option<Limit> {
        match self {
            Overrun::Steps => Some(Limit::MatchSteps),
            Overrun::Memory => Some(Limit::MatchHeap),
            Overrun::Pattern => None,
        }
    }
}

/// How often a rule matched, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Matches, at most as many as were asked for.
    pub count: usize,
    /// The piece and, in it, the range of the first one.
    pub first: Option<(usize, Range<usize>)>,
}

impl Exact {
    /// The matcher of `pattern`, compiled when first used.
    pub fn new(pattern: Arc<Pattern>, ids: &mut Ids, limits: &Limits) -> Exact {
        let parsed = perl::parse(&pattern.source(), limits.pattern_depth).ok();
        Exact {
            limits: limits.clone(),
            id: ids.next(),
            grouped_id: ids.next(),
            superset_id: ids.next(),
            engine: OnceLock::new(),
            grouped: OnceLock::new(),
            again: OnceLock::new(),
            superset: OnceLock::new(),
            nullable: parsed.as_ref().is_none_or(|parsed| parsed.node.lengths().0 == 0),
            names: parsed.map(|parsed| parsed.names).unwrap_or_default(),
            pattern,
        }
    }

    /// The pattern.
    pub fn pattern(&self) -> &Arc<Pattern> {
        &self.pattern
    }

    /// Compiles now what would be compiled at the first search.
    pub fn compile(&self) -> Result<(), Overrun> {
        match self.engine() {
            Engine::None => Err(Overrun::Pattern),
            _ => Ok(()),
        }
    }

    /// Does every match have at least one byte?
    pub fn needs_text(&self) -> bool {
        !self.nullable
    }

    /// Is a search one that may go back, so that a long text is better ruled out first?
    pub(super) fn backtracks(&self) -> bool {
        matches!(self.engine(), Engine::Backtracker(_))
    }

    /// Does it match anywhere in `hay`?
    pub fn is_match(&self, hay: &[u8], caches: &mut Caches) -> Result<bool, Overrun> {
        match self.engine() {
            Engine::Automaton { regex, .. } => {
                let cache = caches.meta(self.id, regex);
                let input = Input::new(hay).earliest(true);
                Ok(regex.search_half_with(cache, &input).is_some())
            }
            _ => Ok(self.find_at(hay, 0, caches)?.is_some()),
        }
    }

    /// The first match that begins at `at` or later; places are judged by the whole `hay`.
    pub fn find_at(
        &self,
        hay: &[u8],
        at: usize,
        caches: &mut Caches,
    ) -> Result<Option<Range<usize>>, Overrun> {
        if at > hay.len() {
            return Ok(None);
        }
        match self.engine() {
            Engine::Automaton { regex, swallows } => {
                let cache = caches.meta(self.id, regex);
                let found = regex.search_with(cache, &Input::new(hay).range(at..));
                let Some(found) = found else { return Ok(None) };
                if *swallows && found.end() == hay.len() && hay.ends_with(b"\n") {
                    return Ok(Some(self.unswallowed(hay, found.range(), caches)));
                }
                Ok(Some(found.range()))
            }
            Engine::Backtracker(regex) => backtrack(regex, hay, at),
            Engine::None => Err(Overrun::Pattern),
        }
    }

    /// The match without the final newline, if a `$` took that.
    fn unswallowed(&self, hay: &[u8], found: Range<usize>, caches: &mut Caches) -> Range<usize> {
        let Some(grouped) = self.grouped() else { return found };
        let cache = caches.meta(self.grouped_id, &grouped.regex);
        let mut slots = vec![None; grouped.regex.group_info().slot_len()];
        let input = Input::new(hay).range(found.clone()).anchored(Anchored::Yes);
        grouped.regex.search_slots_with(cache, &input, &mut slots);
        found.start..grouped.end(&slots).unwrap_or(found.end)
    }

    /// Perl's `while (/…/g)` on one text: up to `most` matches, the count and the first.
    pub fn count(
        &self,
        hay: &[u8],
        most: usize,
        caches: &mut Caches,
    ) -> Result<(usize, Option<Range<usize>>), Overrun> {
        self.count_from(hay, 0, most, caches)
    }

    /// The same where it is known that no match begins before `from`.
    pub(super) fn count_from(
        &self,
        hay: &[u8],
        from: usize,
        most: usize,
        caches: &mut Caches,
    ) -> Result<(usize, Option<Range<usize>>), Overrun> {
        let (mut count, mut first) = (0, None);
        let (mut at, mut after_empty) = (from, false);
        while count < most {
            let found = if after_empty {
                self.find_nonempty_at(hay, at, caches)?
            } else {
                self.find_at(hay, at, caches)?
            };
            let Some(found) = found else { break };
            count += 1;
            after_empty = found.end <= found.start;
            at = found.end.max(at);
            first.get_or_insert(found);
        }
        Ok((count, first))
    }

    /// The first match from `at` that is not the empty string at `at` itself.
    fn find_nonempty_at(
        &self,
        hay: &[u8],
        at: usize,
        caches: &mut Caches,
    ) -> Result<Option<Range<usize>>, Overrun> {
        if !self.nullable {
            return self.find_at(hay, at, caches);
        }
        let again = self.again.get_or_init(|| {
            let parsed = self.parsed().filter(|parsed| !translate::accepts_early(&parsed.node))?;
            compile_pcre(&pcre::text(&parsed, true, &self.limits), &self.limits).ok()
        });
        match again {
            Some(regex) => backtrack(regex, hay, at),
            None => self.find_at(hay, at + 1, caches),
        }
    }

    /// All groups of the first match that begins at `at` or later, the whole match first.
    pub fn captures_at(
        &self,
        hay: &[u8],
        at: usize,
        caches: &mut Caches,
    ) -> Result<Option<Vec<Option<Range<usize>>>>, Overrun> {
        // Most texts do not match, and asking for groups costs memory.
        if self.find_at(hay, at, caches)?.is_none() {
            return Ok(None);
        }
        match (self.engine(), self.grouped()) {
            (Engine::None, _) => Err(Overrun::Pattern),
            (Engine::Backtracker(regex), _) => {
                let mut locations = regex.capture_locations();
                match regex.captures_read_at(&mut locations, hay, at) {
                    Ok(None) => Ok(None),
                    Ok(Some(_)) => {
                        let group = |index| locations.get(index).map(|(start, end)| start..end);
                        Ok(Some((0..locations.len()).map(group).collect()))
                    }
                    Err(error) => Err(overrun(&error)),
                }
            }
            (Engine::Automaton { .. }, Some(grouped)) => {
                let cache = caches.meta(self.grouped_id, &grouped.regex);
                Ok(grouped.captures(hay, at, cache))
            }
            (Engine::Automaton { .. }, None) => Err(Overrun::Pattern),
        }
    }

    /// The numbers of the groups called `name`; the first that is set is what `%+` holds.
    pub fn groups_named(&self, name: &str) -> &[usize] {
        self.names.iter().find(|(known, _)| known == name).map_or(&[], |(_, groups)| groups)
    }

    /// The names of groups, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    fn parsed(&self) -> Option<Parsed> {
        perl::parse(&self.pattern.source(), self.limits.pattern_depth).ok()
    }

    fn engine(&self) -> &Engine {
        self.engine.get_or_init(|| match self.parsed() {
            Some(parsed) => compile(&parsed, &self.limits).unwrap_or(Engine::None),
            None => Engine::None,
        })
    }

    fn grouped(&self) -> Option<&Grouped> {
        let grouped = self.grouped.get_or_init(|| {
            let regular = translate::exact(&self.parsed()?, true)?;
            let regex = compile_automaton(&regular.hir, &self.limits).ok()?;
            Some(Grouped { regex, swallowed: regular.swallowed })
        });
        grouped.as_ref()
    }

    /// The automaton that finds every piece with a match in joined text, and its place.
    pub(super) fn superset(&self) -> Option<(Id, &DFA)> {
        let superset = self.superset.get_or_init(|| {
            let hir = translate::superset(&self.parsed()?);
            lazy_dfa(&hir)
        });
        superset.as_ref().map(|dfa| (self.superset_id, dfa))
    }
}

/// A DFA of `hir` whose states are made as texts need them.
fn lazy_dfa(hir: &Hir) -> Option<DFA> {
    let nfa: NFA = thompson::Compiler::new()
        .configure(
            thompson::Config::new()
                .utf8(false)
                .which_captures(thompson::WhichCaptures::None)
                .nfa_size_limit(Some(8 << 20)),
        )
        .build_from_hir(hir)
        .ok()?;
    DFA::builder()
        .configure(
            DFA::config()
                .match_kind(regex_automata::MatchKind::All)
                .cache_capacity(4 << 20)
                .skip_cache_capacity_check(true)
                .minimum_cache_clear_count(None),
        )
        .build_from_nfa(nfa)
        .ok()
}

impl Grouped {
    /// Where the newline begins that a `$` has swallowed.
    fn end(&self, slots: &[Option<NonMaxUsize>]) -> Option<usize> {
        self.swallowed.iter().find_map(|group| Some(slots.get(2 * group)?.as_ref()?.get()))
    }

    fn captures(
        &self,
        hay: &[u8],
        at: usize,
        cache: &mut meta::Cache,
    ) -> Option<Vec<Option<Range<usize>>>> {
        let mut slots = vec![None; self.regex.group_info().slot_len()];
        self.regex.search_slots_with(cache, &Input::new(hay).range(at..), &mut slots)?;
        let end = self.end(&slots);
        let visible = slots.len() / 2 - self.swallowed.len();
        let mut groups: Vec<Option<Range<usize>>> = slots
            .chunks_exact(2)
            .take(visible)
            .map(|pair| Some(pair.first()?.as_ref()?.get()..pair.last()?.as_ref()?.get()))
            .collect();
        if let Some(end) = end {
            // A group around the `$` ends where the match ends.
            for group in groups.iter_mut().flatten() {
                group.end = group.end.min(end).max(group.start);
            }
        }
        Some(groups)
    }
}

fn backtrack(
    regex: &pcre2::bytes::Regex,
    hay: &[u8],
    at: usize,
) -> Result<Option<Range<usize>>, Overrun> {
    match regex.find_at(hay, at.min(hay.len())) {
        Ok(found) => Ok(found.map(|found| found.start()..found.end())),
        Err(error) => Err(overrun(&error)),
    }
}

/// PCRE2's error numbers: pcre2api(3).
fn overrun(error: &pcre2::Error) -> Overrun {
    const MATCH_LIMIT: i32 = -47;
    if error.code() == MATCH_LIMIT { Overrun::Steps } else { Overrun::Memory }
}

/// Refuses a pattern that no engine would take.
///
/// Only large ones are compiled to find out: it is the size that decides.
pub(super) fn check_size(parsed: &Parsed, limits: &Limits) -> Result<(), PatternError> {
    let weight = parsed.node.weight();
    if weight > limits.pattern_bytes.saturating_mul(16) {
        return Err(PatternError::TooLarge);
    }
    if weight < WEIGHT_WITHOUT_DOUBT && translate::exact(parsed, false).is_some() {
        return Ok(());
    }
    compile(parsed, limits).map(drop)
}

/// A regular pattern lighter than this compiles whatever it is.
const WEIGHT_WITHOUT_DOUBT: usize = 20_000;

fn compile(parsed: &Parsed, limits: &Limits) -> Result<Engine, PatternError> {
    let mut why = None;
    if let Some(regular) = translate::exact(parsed, false) {
        match compile_automaton(&regular.hir, limits) {
            Ok(regex) => return Ok(Engine::Automaton { regex, swallows: regular.swallows }),
            Err(error) => why = Some(error.to_string()),
        }
    }
    match compile_pcre(&pcre::text(parsed, false, limits), limits) {
        Ok(regex) => return Ok(Engine::Backtracker(regex)),
        Err(error) => why = why.or(Some(error.to_string())),
    }
    let loose = translate::loose(parsed).map(|regular| compile_automaton(&regular.hir, limits));
    match loose {
        Some(Ok(regex)) => Ok(Engine::Automaton { regex, swallows: false }),
        _ => Err(PatternError::NoEngine(why.unwrap_or_default().into())),
    }
}

fn compile_pcre(text: &str, limits: &Limits) -> Result<pcre2::bytes::Regex, pcre2::Error> {
    pcre2::bytes::RegexBuilder::new()
        .jit_if_available(true)
        .max_jit_stack_size(Some(limits.match_heap.clamp(LEAST_STACK, JIT_STACK)))
        .build(text)
}

/// Address space only: pages are taken as they are touched.
const JIT_STACK: usize = 1 << 20;
/// What PCRE2 begins with.
const LEAST_STACK: usize = 32 << 10;

fn compile_automaton(hir: &Hir, limits: &Limits) -> Result<meta::Regex, Box<meta::BuildError>> {
    meta::Builder::new()
        .configure(
            meta::Config::new()
                .utf8_empty(false)
                .nfa_size_limit(Some(limits.pattern_program))
                .hybrid_cache_capacity(1 << 20)
                .onepass(false)
                .dfa(false),
        )
        .build_from_hir(hir)
        .map_err(Box::new)
}

#[cfg(test)]
mod tests {
    use super::super::Strip;
    use super::*;

    fn exact(pattern: &str) -> Exact {
        let pattern = Pattern::parse(pattern.as_bytes(), Strip::Bare).unwrap();
        Exact::new(Arc::new(pattern), &mut Ids::new(), &Limits::default())
    }

    /// The expectations are Perl 5.36's: `t/patterns.rs` compares many more.
    #[test]
    fn matches_are_counted_and_placed_as_by_perl() {
        type Expected = (usize, usize, usize);
        let cases: &[(&str, &[u8], Expected)] = &[
            ("foo$", b"foo\n", (1, 0, 3)),
            ("foo$", b"foo\n\n", (0, 0, 0)),
            ("$", b"a\n", (2, 1, 1)),
            ("\\s*$", b"a \n", (2, 1, 3)),
            ("(?m)^", b"a\n", (1, 0, 0)),
            ("(?m)^b", b"a\nb", (1, 2, 3)),
            ("x*?", b"xx", (5, 0, 0)),
            ("a|ab", b"ab", (1, 0, 1)),
            ("(?i)\\xe9", b"\xc9", (1, 0, 1)),
            ("(?i)[\\xe0-\\xef]", b"\xc9", (1, 0, 1)),
            ("(?di)\\xe9", b"\xc9", (0, 0, 0)),
            ("(?i)^(.)\\1$", b"\xc9\xe9", (1, 0, 2)),
            ("\\w", b"\xe9", (0, 0, 0)),
            ("(?u)\\w", b"\xe9", (1, 0, 1)),
            ("\\<a\\>", b"<a>", (1, 0, 3)),
            ("(a++)a", b"aaa", (0, 0, 0)),
            ("a\\Kb", b"ab", (1, 1, 2)),
            ("(?<n>a)|(?<n>b)\\k<n>", b"bb", (1, 0, 2)),
            ("(?|(a)|(b))\\1", b"bb", (1, 0, 2)),
            ("^(a(?1)?b)$", b"aabb\n", (1, 0, 4)),
            ("(?<=a|bc)d", b"bcd", (1, 2, 3)),
            ("\\x{100}|b", b"b", (1, 0, 1)),
            ("[^\\x{100}]", b"b", (1, 0, 1)),
            ("x{,2}", b"xx", (2, 0, 2)),
            ("\\Gab", b"abab ab", (2, 0, 2)),
        ];
        for (pattern, hay, (count, start, end)) in cases {
            let found = exact(pattern).count(hay, 50, &mut Caches::new());
            let expected = (*count, (*count > 0).then_some(*start..*end));
            assert_eq!(found, Ok(expected), "{pattern} on {:?}", hay.escape_ascii().to_string());
        }
    }

    #[test]
    fn groups_are_captured_by_both_engines_and_end_before_the_last_newline() {
        let mut caches = Caches::new();
        let groups = |pattern: &str, caches: &mut Caches| {
            exact(pattern).captures_at(b"key: value\n", 0, caches).unwrap().unwrap()
        };
        assert_eq!(
            groups("(\\w+): (?<v>.*)$|(x)", &mut caches),
            [Some(0..10), Some(0..3), Some(5..10), None]
        );
        assert_eq!(groups("(\\w+)(?=:)", &mut caches), [Some(0..3), Some(0..3)]);
        let named = exact("(?<v>a)|(?<v>b)(?<w>c)");
        assert_eq!(named.groups_named("v"), [1, 2]);
        assert_eq!(named.names().collect::<Vec<_>>(), ["v", "w"]);
    }

    #[test]
    fn limit_match_steps_ends_a_search_without_a_hit() {
        let pattern = Pattern::parse(b"(?=(a+)+$)(a+)+$", Strip::Bare).unwrap();
        let limits = Limits { match_steps: 10_000, ..Limits::default() };
        let exact = Exact::new(Arc::new(pattern), &mut Ids::new(), &limits);
        let hay = [&[b'a'; 60][..], b"b"].concat();
        assert_eq!(exact.is_match(&hay, &mut Caches::new()), Err(Overrun::Steps));
        assert_eq!(exact.is_match(b"aaa", &mut Caches::new()), Ok(true));
    }

    #[test]
    fn limit_match_heap_ends_a_search_without_a_hit() {
        let pattern = Arc::new(Pattern::parse(b"^(?:(a|b)(?!\\1))*[yz]", Strip::Bare).unwrap());
        let hay = b"ab".repeat(2000);
        for (match_heap, found) in [(32 << 10, Err(Overrun::Memory)), (1 << 20, Ok(false))] {
            let limits = Limits { match_heap, ..Limits::default() };
            let exact = Exact::new(Arc::clone(&pattern), &mut Ids::new(), &limits);
            assert_eq!(exact.is_match(&hay, &mut Caches::new()), found, "{match_heap}");
            assert_eq!(exact.is_match(b"abaz", &mut Caches::new()), Ok(true));
        }
        assert_eq!(Overrun::Memory.limit(), Some(Limit::MatchHeap));
    }

    #[test]
    fn limit_pattern_program() {
        let pattern = Arc::new(Pattern::parse(b"[a-f]{200}x", Strip::Bare).unwrap());
        for (pattern_program, automaton) in [(1000, false), (1 << 20, true)] {
            let limits = Limits { pattern_program, ..Limits::default() };
            let exact = Exact::new(Arc::clone(&pattern), &mut Ids::new(), &limits);
            assert_eq!(matches!(exact.engine(), Engine::Automaton { .. }), automaton);
            let hay = [&[b'a'; 300][..], b"x"].concat();
            assert_eq!(exact.is_match(&hay, &mut Caches::new()), Ok(true));
        }
    }

    #[test]
    fn a_search_beyond_the_end_finds_nothing() {
        let mut caches = Caches::new();
        assert_eq!(exact("a*").find_at(b"a", 2, &mut caches), Ok(None));
        assert_eq!(exact("a*").find_at(b"a", 1, &mut caches), Ok(Some(1..1)));
    }

    #[test]
    fn caches_serve_one_rule_set_at_a_time() {
        let (one, other) = (exact("a+"), exact("(b)c|d"));
        let mut caches = Caches::new();
        for _ in 0..3 {
            assert_eq!(one.is_match(b"xa", &mut caches), Ok(true));
            assert_eq!(other.is_match(b"bc", &mut caches), Ok(true));
        }
    }
}
