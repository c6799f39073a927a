//! Reading rule files line by line.
//!
//! SpamAssassin::Conf::Parser. Files are bytes. Each line costs at most itself: what is wrong
//! with it becomes one complaint. `if`, `include` and `lang` are dealt with here; every other
//! directive changes the [`Draft`].

use super::apply;
use super::conditions::{self, ConditionError, Facts};
use super::directives::Scope;
use super::draft::{Draft, Line, Refusal};
use super::files::{self, Sources};
use super::finish;
use super::lint::Severity;
use super::model::{Place, RuleSet};
use super::scan::{first_word, is_digits, is_space, show, trim, trim_start};
use crate::limits::Limits;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads everything that `sources` names. Never fails: a set without rules tells why in its
/// complaints.
pub fn load(sources: &Sources, limits: &Limits) -> RuleSet {
    let mut draft = Draft::new(sources.paths.clone());
    draft.lint = sources.lint;
    draft.local_tests_only = sources.local_tests_only;
    let mut reader = Reader::new(&mut draft, &sources.language, limits);
    reader.lines("(--pre)", &sources.pre_lines);
    let existing = |paths: &[PathBuf]| paths.iter().find(|path| path.exists()).cloned();
    let site = existing(&sources.site);
    let distribution = existing(&sources.distribution);
    for (path, what) in [(&site, "site"), (&distribution, "distribution")] {
        match path {
            Some(path) => reader.all(path, "pre"),
            None => reader.missing(what),
        }
    }
    if let Some(path) = &distribution {
        reader.all(path, "cf");
    }
    for (name, text) in &sources.own {
        reader.lines(name, text.as_bytes());
    }
    reader.lines("(zones.lists)", &sources.list_lines);
    for path in [&site, &sources.user_prefs].into_iter().flatten() {
        reader.all(path, "cf");
    }
    reader.lines("(--cf)", &sources.cf_lines);
    drop(reader);
    finish::rule_set(draft, &sources.language, limits)
}

/// What lies ahead.
enum Feed {
    /// The rest of a text.
    Text(Arc<[u8]>, usize),
    /// A file begins, or goes on.
    Start(u32),
    /// A file ends, or is interrupted.
    End,
}

/// An open `if`.
struct Open {
    ifplugin: bool,
    /// Was everything skipped already when it began?
    skipped: bool,
    line: u32,
}

/// Reads lines into a draft.
pub(super) struct Reader<'r, 'b> {
    draft: &'r mut Draft<'b>,
    limits: &'r Limits,
    language: &'r [u8],
    /// Whether a `lang` tag is the language's.
    spoken: HashMap<Vec<u8>, bool>,
    /// Conditions already evaluated, by the whole text of their line.
    known: HashMap<Vec<u8>, bool>,
    read: HashSet<PathBuf>,
    feeds: Vec<Feed>,
    /// The files that are being read, the innermost last.
    stack: Vec<u32>,
    counts: HashMap<u32, u32>,
    open: Vec<Open>,
    skip: bool,
    /// These are a user's lines, read by a server.
    user: bool,
}

/// A file index that stands for no file.
const NO_FILE: u32 = u32::MAX;

impl<'r, 'b> Reader<'r, 'b> {
    pub fn new(draft: &'r mut Draft<'b>, language: &'r [u8], limits: &'r Limits) -> Self {
        Reader {
            draft,
            limits,
            language,
            spoken: HashMap::new(),
            known: HashMap::new(),
            read: HashSet::new(),
            feeds: Vec::new(),
            stack: Vec::new(),
            counts: HashMap::new(),
            open: Vec::new(),
            skip: false,
            user: false,
        }
    }

    /// Reads as a user's lines `text`, which stands in `file`.
    pub fn user_lines(&mut self, file: &str, text: &[u8]) {
        self.user = true;
        self.lines(file, text);
    }

    /// Reads `text`, which stands in no file but is called `name`.
    fn lines(&mut self, name: &str, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let file = self.file(Path::new(name));
        self.feeds.extend([Feed::End, Feed::Text(text.into(), 0), Feed::Start(file)]);
        self.run();
    }

    /// Reads the file `path`, or those in it with this extension.
    fn all(&mut self, path: &Path, extension: &str) {
        for path in files::listing(path, extension) {
            let feeds = self.open_file(&path);
            self.feeds.extend(feeds);
            self.run();
        }
    }

    fn missing(&mut self, what: &str) {
        let text = format!("could not find a directory with the {what} rules");
        self.draft.complain(None, Severity::Warning, text);
    }

    fn file(&mut self, path: &Path) -> u32 {
        self.draft.files.push(path.to_owned());
        (self.draft.files.len() - 1) as u32
    }

    /// What reading `path` adds, the first thing last; nothing if it was read before.
    fn open_file(&mut self, path: &Path) -> Vec<Feed> {
        if !self.read.insert(path.to_owned()) {
            return Vec::new();
        }
        match std::fs::read(path) {
            Ok(text) => {
                let file = self.file(path);
                vec![Feed::End, Feed::Text(text.into(), 0), Feed::Start(file)]
            }
            Err(error) => {
                let text = format!("cannot open \"{}\": {error}", path.display());
                self.draft.complain(None, Severity::Warning, text);
                Vec::new()
            }
        }
    }

    fn run(&mut self) {
        while let Some(feed) = self.feeds.pop() {
            match feed {
                Feed::Start(file) => self.stack.push(file),
                Feed::End => self.end_file(),
                Feed::Text(text, at) => {
                    let rest = text.get(at..).unwrap_or_default();
                    if rest.is_empty() {
                        continue;
                    }
                    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    self.feeds.push(Feed::Text(text.clone(), at + end + 1));
                    self.line(rest.get(..end).unwrap_or_default());
                }
            }
        }
    }

    /// Blocks do not reach beyond their file.
    fn end_file(&mut self) {
        for open in std::mem::take(&mut self.open) {
            let word = if open.ifplugin { "ifplugin" } else { "if" };
            let place = Place { line: open.line, ..self.place() };
            self.draft.error(place, format!("unclosed '{word}'"));
        }
        self.skip = false;
        self.stack.pop();
    }

    fn place(&self) -> Place {
        let file = self.stack.last().copied().unwrap_or(NO_FILE);
        Place { file, line: self.counts.get(&file).copied().unwrap_or(0) }
    }

    fn line(&mut self, raw: &[u8]) {
        // SpamAssassin marks the bounds of files so, and does not count such lines.
        if !raw.starts_with(b"file ") {
            let file = self.stack.last().copied().unwrap_or(NO_FILE);
            *self.counts.entry(file).or_insert(0) += 1;
        }
        if raw.len() > self.limits.rule_file_line {
            self.fail("the line is too long", raw);
            return;
        }
        let mut cut;
        let mut line = raw;
        if memchr::memchr(b'#', line).is_some() {
            self.note_update(line);
            cut = without_comment(line);
            line = &mut cut;
        }
        let line = trim(line);
        if line.is_empty() || line == b"0" {
            return;
        }
        if let Some(line) = self.spoken(line) {
            self.directive(line);
        }
    }

    /// `# UPDATE version 1234` tells which update the rules are from.
    fn note_update(&mut self, line: &[u8]) {
        let Some(number) = line.strip_prefix(b"# UPDATE version ").filter(|n| is_digits(n)) else {
            return;
        };
        let place = self.place();
        let Some(file) = self.draft.files.get(place.file as usize) else { return };
        let file = file.display().to_string();
        self.draft.options.change_map(b"update_version", place, |map| {
            map.insert(file.into_bytes().into(), number.into());
        });
    }

    /// The line without `lang xx`; `None` if it is for another language.
    fn spoken<'l>(&mut self, line: &'l [u8]) -> Option<&'l [u8]> {
        let after = line.strip_prefix(b"lang").filter(|t| t.first().copied().is_some_and(is_space));
        let Some((tag, rest)) = after.and_then(|text| first_word(trim_start(text))) else {
            return Some(line);
        };
        if !self.spoken.contains_key(tag) {
            let spoken = self.speaks(tag);
            self.spoken.insert(tag.to_vec(), spoken);
        }
        self.spoken.get(tag).copied().unwrap_or(false).then_some(rest)
    }

    /// The tag is the beginning of the language, as a pattern.
    fn speaks(&mut self, tag: &[u8]) -> bool {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'@');
        if tag.iter().all(plain) {
            let start = self.language.get(..tag.len());
            return start.is_some_and(|start| start.eq_ignore_ascii_case(tag));
        }
        let pattern = format!("(?i-u)^{}", String::from_utf8_lossy(tag));
        match regex::bytes::Regex::new(&pattern) {
            Ok(pattern) => pattern.is_match(self.language),
            Err(_) => {
                self.fail("not a pattern of languages", tag);
                false
            }
        }
    }

    fn directive(&mut self, line: &[u8]) {
        let end = line.iter().position(|&b| is_space(b)).unwrap_or(line.len());
        let (key, value) = line.split_at_checked(end).unwrap_or((line, b""));
        let value = trim_start(value);
        let key: Vec<u8> =
            key.iter().map(|b| if *b == b'-' { b'_' } else { b.to_ascii_lowercase() }).collect();
        match &*key {
            b"endif" => self.endif(value, line),
            b"else" => self.otherwise(value, line),
            b"if" | b"ifplugin" if value.is_empty() => {
                self.fail(&format!("missing '{}' condition", show(&key)), line);
            }
            b"if" => self.condition(false, value),
            b"ifplugin" => self.condition(true, value),
            b"file" => self.file_line(value, line),
            b"include" if value.is_empty() => self.fail("missing 'include' value", line),
            b"include" => self.include(value, line),
            _ if self.skip => {}
            b"require_version" => self.require_version(value, line),
            _ => self.apply(&key, value, line),
        }
    }

    fn endif(&mut self, value: &[u8], line: &[u8]) {
        if !value.is_empty() {
            return self.fail("'endif' must be standalone", line);
        }
        match self.open.pop() {
            Some(open) => self.skip = open.skipped,
            None => self.fail("missing starting 'if' for 'endif'", line),
        }
    }

    fn otherwise(&mut self, value: &[u8], line: &[u8]) {
        if !value.is_empty() {
            return self.fail("'else' must be standalone", line);
        }
        if self.open.is_empty() {
            return self.fail("'else' missing starting if", line);
        }
        self.skip = self.open.iter().any(|open| open.skipped) || !self.skip;
    }

    /// Opens a block. A condition whose text was met before keeps its value.
    fn condition(&mut self, ifplugin: bool, value: &[u8]) {
        let text = if ifplugin { [b"plugin (", value, b")"].concat() } else { value.to_vec() };
        let mut key = text.clone();
        key.push(u8::from(ifplugin));
        let place = self.place();
        let holds = match self.known.get(&key) {
            Some(holds) => *holds,
            None => {
                let Some(holds) = self.evaluate(&text, place) else { return };
                self.known.insert(key, holds);
                holds
            }
        };
        self.open.push(Open { ifplugin, skipped: self.skip, line: place.line });
        self.skip |= !holds;
    }

    /// The value of a condition; `None` if the line is to be dropped.
    fn evaluate(&mut self, text: &[u8], place: Place) -> Option<bool> {
        let name = self.draft.files.get(place.file as usize);
        let user_prefs =
            name.is_some_and(|name| name.file_name().is_some_and(|n| n == "user_prefs"));
        let facts = Facts {
            plugins: &self.draft.plugins,
            local_tests_only: self.draft.local_tests_only,
            user_prefs,
        };
        match conditions::evaluate(text, &facts) {
            Ok(verdict) => {
                for complaint in verdict.complaints {
                    self.draft.error(place, complaint);
                }
                Some(verdict.holds)
            }
            Err(error @ ConditionError::Token(_)) => {
                self.draft.error(place, error.to_string());
                None
            }
            Err(error) => {
                self.draft.warn(place, format!("{error}: {}", show(text)));
                Some(false)
            }
        }
    }

    /// `file start …` and `file end …` in a file act as the marks that SpamAssassin puts there.
    fn file_line(&mut self, value: &[u8], line: &[u8]) {
        match first_word(value) {
            Some((b"start", name)) => {
                use std::os::unix::ffi::OsStrExt;
                let file = self.file(Path::new(std::ffi::OsStr::from_bytes(name)));
                self.stack.push(file);
            }
            Some((b"end", _)) => self.end_file(),
            _ => self.fail("missing 'file' value", line),
        }
    }

    /// Reads another file in between. It interrupts this one: open blocks end here.
    fn include(&mut self, value: &[u8], line: &[u8]) {
        // What a user names would be opened as somebody else, and might never end.
        if self.user {
            return self.fail("a user's preferences may not include files", line);
        }
        let nesting = self.feeds.iter().filter(|f| matches!(f, Feed::Text(..))).count();
        if nesting > self.limits.include_depth {
            return self.fail("too many files within files", line);
        }
        let mut path = self.draft.paths.expand(value);
        let current = self.place().file;
        if path.is_relative()
            && let Some(directory) =
                self.draft.files.get(current as usize).and_then(|file| file.parent())
        {
            path = directory.join(path);
        }
        self.feeds.push(Feed::Start(current));
        let paths = files::listing(&path, "cf");
        for path in paths.into_iter().rev() {
            let feeds = self.open_file(&path);
            self.feeds.extend(feeds);
        }
        self.feeds.push(Feed::End);
    }

    fn require_version(&mut self, value: &[u8], line: &[u8]) {
        if value.is_empty() {
            return self.fail("missing 'require_version' value", line);
        }
        if value == b"@@VERSION@@" || value == conditions::VERSION.as_bytes() {
            return;
        }
        let place = self.place();
        let text = format!(
            "requires version {} of SpamAssassin, but these are the rules of {}: the rest of \
             the file is skipped; remove it or the line",
            show(value),
            conditions::VERSION
        );
        self.draft.error(place, text);
        self.skip = true;
    }

    fn apply(&mut self, key: &[u8], value: &[u8], line: &[u8]) {
        let name = std::str::from_utf8(key).unwrap_or("");
        let at = Line { value, place: self.place() };
        let Some(directive) = self.draft.directive(name) else {
            match apply::unregistered(self.draft, name, at, self.user) {
                Some(Ok(())) => {}
                _ => self.unknown(name, line),
            }
            return;
        };
        if self.user {
            let refused = match directive.scope {
                Scope::User => None,
                Scope::Privileged if self.draft.options.flag("allow_user_rules") => None,
                Scope::Privileged => Some("not parsing, 'allow_user_rules' is 0"),
                Scope::Administrator => Some("not parsing, administrator setting"),
            };
            if let Some(reason) = refused {
                self.draft.warn(at.place, format!("{reason}: {}", show(line)));
                return;
            }
        }
        let wrong = match apply::apply(self.draft, directive, at) {
            Ok(()) => return,
            Err(Refusal::Invalid) => "invalid",
            Err(Refusal::Missing) => "missing",
        };
        self.fail(&format!("{wrong} '{name}' value"), line);
    }

    fn unknown(&mut self, name: &str, line: &[u8]) {
        // Moved into a plugin long ago: SpamAssassin only tells.
        let severity = if name == "ok_languages" { Severity::Warning } else { Severity::Error };
        let place = Some(self.place());
        self.draft.complain(place, severity, format!("failed to parse line: {}", show(line)));
    }

    fn fail(&mut self, what: &str, line: &[u8]) {
        let place = self.place();
        self.draft.error(place, format!("{what}: {}", show(line)));
    }
}

/// The line up to the first `#` without a backslash before it, and `\#` as `#`.
fn without_comment(line: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(line.len());
    for &b in line {
        if b != b'#' {
            out.push(b);
        } else if out.last() == Some(&b'\\') {
            out.pop();
            out.push(b'#');
        } else {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lines: &str) -> RuleSet {
        let sources = Sources::of_lines(lines);
        load(&sources, &Limits::default())
    }

    #[test]
    fn comments_end_lines_unless_escaped() {
        let table: &[(&[u8], &[u8])] = &[
            (b"a # b", b"a "),
            (b"a \\# b # c", b"a # b "),
            (b"#", b""),
            (b"\\##", b"#"),
            (b"\\\\#x", b"\\#x"),
        ];
        for (line, expected) in table {
            assert_eq!(without_comment(line), *expected, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn layers_are_read_in_their_order() {
        let root = std::env::temp_dir().join(format!("mailprint-layers-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("dist/10.cf", "required_score 1\nbody R /dist/\nscore R 1\n");
        write("dist/updates_spamassassin_org.cf", "required_score 2\n");
        write("site/b.cf", "required_score 4\nscore R 4\n");
        write("site/a.pre", "loadplugin Mail::SpamAssassin::Plugin::DKIM\n");
        write("site/ignored.txt", "required_score 9\n");
        write("prefs", "required_score 5\ninclude more\n");
        write("more", "body MORE /x/\n");
        let mut sources = Sources {
            distribution: vec![root.join("none"), root.join("dist")],
            own: vec![("own.cf", "required_score 3\n")],
            site: vec![root.join("site")],
            ..Sources::default()
        };
        let set = load(&sources, &Limits::default());
        assert_eq!(set.options.number("required_score"), 4.0);
        assert!(set.plugins.has("DKIM"));
        assert_eq!(set.rules[0].scores, [4.0; 4]);
        let names: Vec<_> = set.files.iter().filter_map(|f| f.file_name()?.to_str()).collect();
        assert_eq!(names, ["a.pre", "updates_spamassassin_org.cf", "10.cf", "own.cf", "b.cf"]);
        sources.user_prefs = Some(root.join("prefs"));
        sources.cf_lines = b"required_score 6".to_vec();
        let set = load(&sources, &Limits::default());
        assert_eq!(set.options.number("required_score"), 6.0);
        assert!(set.find("MORE").is_some());
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_wrong_line_is_told_with_its_place_and_dropped() {
        let set = of("\nrequired_score 5,0\nbody A /x/\n");
        assert_eq!(set.options.number("required_score"), 5.0);
        let [complaint] = &*set.complaints.iter().filter(|c| c.place.is_some()).collect::<Vec<_>>()
        else {
            panic!("{:?}", set.complaints)
        };
        assert_eq!(set.place(complaint.place.unwrap()), "(--cf):2");
        assert!(set.find("A").is_some());
    }

    #[test]
    fn unknown_plugins_are_named_once() {
        let set = of("loadplugin Mail::Other::Thing\nloadplugin Mail::Other::Thing\n\
                      ifplugin Mail::Other::Thing\nbody A /x/\nendif\n");
        let about = set.complaints.iter().filter(|c| c.text.contains("Mail::Other::Thing"));
        assert_eq!(about.count(), 1);
        assert_eq!(set.find("A"), None);
    }

    #[test]
    fn limit_rule_file_line() {
        let limits = Limits { rule_file_line: 20, ..Limits::default() };
        let sources = Sources::of_lines(b"body A /aaaaaaaaaaa/\nbody B /aaaaaaaaaaaa/\n");
        let set = load(&sources, &limits);
        assert!(set.find("A").is_some() && set.find("B").is_none());
    }

    #[test]
    fn limit_include_depth() {
        let root = std::env::temp_dir().join(format!("mailprint-depth-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        for number in 0..5 {
            let text = format!("include {}.cf\nbody R{number} /x/\n", number + 1);
            std::fs::write(root.join(format!("{number}.cf")), text).unwrap();
        }
        for (include_depth, deepest) in [(1, 0), (2, 1), (3, 2), (9, 4)] {
            let sources = Sources::of_lines(format!("include {}\n", root.join("0.cf").display()));
            let set = load(&sources, &Limits { include_depth, ..Limits::default() });
            let read = (0..5).filter(|number| set.find(&format!("R{number}")).is_some()).max();
            assert_eq!(read, Some(deepest), "{include_depth}");
            let told = set.complaints.iter().any(|c| c.text.contains("too many files"));
            assert_eq!(told, deepest < 4);
        }
        std::fs::remove_dir_all(root).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn reading_never_panics(
            lines in proptest::collection::vec((0..super::super::directives::TABLE.len(), "\\PC{0,40}"), 0..8),
        ) {
            let table = super::super::directives::TABLE;
            let text: String = lines.iter().map(|(i, v)| format!("{} {v}\n", table[*i].name)).collect();
            of(&format!("loadplugin Mail::SpamAssassin::Plugin::DKIM\n{text}"));
        }
    }
}
