//! The engine: rules run on a message, hits combined into a verdict.
//!
//! [`Engine::scan`] is the road. A scan goes in phases: the network is asked as soon as the
//! headers and URIs are known, the CPU work is done, the scan waits for the network without
//! holding a worker ([`Engine::begin`]), and what depended on the answers is finished
//! ([`Engine::finish`]).
//!
//! Ring 3. May use `rules`, `dns`, `zones`, `auth`, `fingerprint`, `message`, `text`, `limits`,
//! `clock`. Knows no socket and no file: whoever lets it ask the network hands it a [`Network`].

mod bound;
mod combine;
mod course;
mod decide;
pub mod eval;
mod holdings;
mod leaf;
pub mod markup;
pub mod network;
mod profile;
mod program;
mod scan;
mod shortcut;
mod summary;
mod tags;
pub mod verdict;

pub use combine::{Curve, Group};
pub use network::Network;
pub use profile::Profile;
pub use scan::Scan;
pub use verdict::{Hit, Verdict};

use crate::clock::Tick;
use crate::dns::Name;
use crate::fingerprint::Known;
use crate::limits::Limits;
use crate::message::Message;
use crate::message::view::Views;
use crate::rules::regex::{Caches, Scratch};
use crate::rules::{RuleId, RuleSet, UserPrefs};
use holdings::Holdings;
use markup::Surroundings;
use program::{Program, Rules, View};
use shortcut::Shortcuts;
use std::sync::Arc;
use std::time::Duration;

/// Rules and settings, ready to scan with. Immutable; shared by all workers.
pub struct Engine {
    program: Arc<Program>,
    profile: Arc<Profile>,
    limits: Limits,
    curve: Curve,
    groups: Vec<Group>,
    shortcuts: Option<Shortcuts>,
    holdings: Holdings,
}

/// What one scan worker owns: caches and buffers that grow with use.
#[derive(Default)]
pub struct Worker {
    caches: Caches,
    scratches: Vec<Scratch>,
    bounds: Vec<bound::Bound>,
    waiting: Vec<RuleId>,
}

/// The values of tags that patterns hold, taken from one message: see [`Engine::freeze`].
#[derive(Clone, Debug)]
pub struct Frozen(Arc<tags::Tags>);

/// What a caller wants of one scan.
#[derive(Clone, Default)]
pub struct Options {
    /// Run every sub-test and list those that hit; otherwise only what the score needs is run.
    pub subtests: bool,
    /// Fill in [`Verdict::report`].
    pub report: bool,
    /// Fill in [`Verdict::rewritten`].
    pub rewrite: bool,
    /// Where and for whom; what reports and headers say of it.
    pub surroundings: Surroundings,
    /// Stop then and answer with what is known.
    pub deadline: Option<Tick>,
    /// Fill patterns (`%{TAG}`) with these values instead of the message's own.
    pub frozen: Option<Frozen>,
    /// A user's scores and settings, made by [`Engine::profile`]; `None` for the files' own.
    pub profile: Option<Arc<Profile>>,
    /// Which of a rule's four scores counts: bit 0 where the network may be asked, which is so
    /// wherever there is a `network` that is more than the lists in memory, bit 1 where Bayes has
    /// learned enough.
    pub score_set: usize,
    /// Who is asked beside the message; `None` for local tests only.
    pub network: Option<Arc<Network>>,
    /// What is known of fingerprints; `None`: none are made.
    pub known: Option<Arc<dyn Known>>,
}

impl Options {
    /// The score set in force.
    fn set(&self) -> usize {
        self.score_set | usize::from(self.network.is_some() && !self.asks_held_lists_only())
    }

    /// Are the lists in memory all that is asked?
    fn asks_held_lists_only(&self) -> bool {
        self.network.as_ref().is_some_and(|network| network.answers.is_local())
    }
}

impl Engine {
    /// An engine for `rules`.
    pub fn new(rules: Arc<RuleSet>, curve: Curve, limits: &Limits) -> Engine {
        Engine {
            profile: Arc::new(Profile::of_files(&rules, limits)),
            limits: limits.clone(),
            groups: combine::groups(&rules.options),
            shortcuts: Shortcuts::new(&rules),
            curve,
            program: Arc::new(Program::new(rules, limits)),
            holdings: Holdings::default(),
        }
    }

    /// The same engine where lists of these names are held in memory: scans that may ask nobody
    /// but them ([`network::Answers::is_local`]) run the rules that they answer.
    pub fn holding(mut self, lists: &[Name]) -> Engine {
        self.holdings = Holdings::new(&self.program, lists);
        self
    }

    /// Compiles every pattern now instead of when it is first needed: for a server, whose first
    /// message should not wait longer than its last.
    pub fn warm(&self) {
        for plan in &self.program.plans {
            plan.warm();
        }
    }

    /// The rules that this engine runs.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.program.rules
    }

    /// Eval calls in the rule files whose arguments are wrong, and what is wrong with them.
    pub fn wrong_calls(&self) -> &[(RuleId, String)] {
        &self.program.wrong_calls
    }

    /// The scores, threshold and settings of a user with these preferences.
    pub fn profile(&self, prefs: &UserPrefs) -> Profile {
        Profile::of_user(prefs, &self.profile, &self.limits)
    }

    /// Caches and buffers for one thread.
    pub fn worker(&self) -> Worker {
        Worker::default()
    }

    /// The values that SpamAssassin would put into patterns for the rest of a process whose
    /// first messages are `mails`.
    ///
    /// It compiles a pattern with `%{TAG}` once, for the first message that has both the tag and
    /// a text to match, and never again. That is a bug, but whoever compares whole runs with
    /// SpamAssassin's has to share it. `None` if no message or no rule needs it.
    pub fn freeze(&self, mails: impl Iterator<Item = Vec<u8>>) -> Option<Frozen> {
        let rules = &self.program.rules;
        let names: Vec<&Box<str>> = rules.iter().flat_map(|(_, rule)| &rule.templates).collect();
        if names.is_empty() {
            return None;
        }
        let mut worker = self.worker();
        for mail in mails {
            let mut scan = self.open(mail, &Options::default());
            let course = Arc::clone(&scan.course);
            let rules = Rules { program: &self.program, course: &course };
            run_before_all(&mut scan, rules, &mut worker);
            let tags = scan.tags.frozen(names.iter().copied(), &scan.views);
            if !tags.is_empty() && !scan.views.uris().rule_inputs().is_empty() {
                return Some(Frozen(Arc::new(tags)));
            }
        }
        None
    }

    /// Scans one message from beginning to end. Where the network is asked, the thread waits.
    pub fn scan(&self, worker: &mut Worker, mail: Vec<u8>, options: &Options) -> Verdict {
        let mut scan = self.begin(worker, mail, options);
        if let Some(network) = options.network.as_ref().filter(|_| scan.waits()) {
            network.runtime.block_on(scan.wait());
        }
        self.finish(worker, scan, options)
    }

    /// Parses the message, sends what the network is asked, and does everything that needs no
    /// answer from it. If the scan [`Scan::waits`], its answers are to be waited for.
    pub fn begin(&self, worker: &mut Worker, mail: Vec<u8>, options: &Options) -> Scan {
        let mut scan = self.open(mail, options);
        let course = Arc::clone(&scan.course);
        let rules = Rules { program: &self.program, course: &course };
        run_before_all(&mut scan, rules, worker);
        match &self.shortcuts {
            None => {
                if let Some(network) = &options.network {
                    scan.send(network);
                }
                run_editors(&mut scan, rules, worker);
                run_all(&mut scan, rules, worker, self.wants_subtests(options));
            }
            Some(shortcuts) => shortcuts.run(&mut scan, rules, worker, options.network.as_ref()),
        }
        scan.return_buffers(worker);
        scan
    }

    /// Parses the message.
    fn open(&self, mail: Vec<u8>, options: &Options) -> Scan {
        let profile = self.profile_of(options);
        let message = Message::parse(mail, &profile.settings.limits);
        let views = Views::new(message, Arc::clone(&profile.settings));
        let held = options.asks_held_lists_only().then_some(&self.holdings);
        let course = profile.course(&self.program.rules, options.set(), held);
        let own = profile.time_limit.map(|limit| Tick::now().plus(limit));
        let deadline = own.into_iter().chain(options.deadline).min();
        let profile = Arc::clone(profile);
        let mut scan = Scan::new(&self.program, profile, course, views, options, deadline);
        scan.in_order = self.shortcuts.is_some();
        scan
    }

    /// The scores and settings that `options` ask for.
    fn profile_of<'e>(&'e self, options: &'e Options) -> &'e Arc<Profile> {
        options.profile.as_ref().unwrap_or(&self.profile)
    }

    /// Does somebody want to see all sub-tests that hit?
    fn wants_subtests(&self, options: &Options) -> bool {
        let shows = options.report || options.rewrite;
        options.subtests || (shows && self.profile_of(options).markup.lists_subtests)
    }

    /// Runs what had to wait for the network, and sums up.
    pub fn finish(&self, worker: &mut Worker, mut scan: Scan, options: &Options) -> Verdict {
        if std::mem::take(&mut scan.is_asking) && !scan.cut_short {
            let course = Arc::clone(&scan.course);
            let rules = Rules { program: &self.program, course: &course };
            // Who did not wait for the errands goes without them.
            scan.forget_errands();
            let subtests = self.wants_subtests(options) || scan.in_order;
            run_open(&mut scan, rules, worker, subtests);
            scan.return_buffers(worker);
            pause_lists(&mut scan, rules);
            if let Some(answers) = scan.findings.tag() {
                scan.set_tag("RBL", vec![answers]);
            }
        }
        summary::verdict(self, scan, options)
    }
}

/// Puts lists to rest that have refused, if a rule has seen it: `dns_block_rule`.
fn pause_lists(scan: &mut Scan, rules: Rules) {
    let options = scan.profile().options();
    let Some(network) = scan.network() else { return };
    let time = Duration::from_secs_f64(options.number("dns_block_time").clamp(0.0, 1e9));
    let mut paused = Vec::new();
    for (rule, zones) in options.maps("dns_block_rule").into_iter().flatten() {
        let rule = std::str::from_utf8(rule).ok().and_then(|name| rules.program.rules.find(name));
        if !rule.is_some_and(|rule| scan.hits.iter().any(|found| found.rule == rule)) {
            continue;
        }
        let zones = zones.keys().filter_map(Name::new);
        paused.extend(zones.filter(|zone| network.answers.block(zone, time)));
    }
    scan.paused = paused;
}

/// Rules whose captures others need.
fn run_before_all(scan: &mut Scan, rules: Rules, worker: &mut Worker) {
    for &producer in &rules.program.producers {
        scan.demand(rules, producer, worker);
    }
}

/// Evals that rewrite the body: rules of their own and higher priority shall see what they make
/// of it.
fn run_editors(scan: &mut Scan, rules: Rules, worker: &mut Worker) {
    for &(_, editor) in &rules.program.editors {
        scan.demand(rules, editor, worker);
    }
}

/// Every rule that the verdict is made of; sub-tests as far as metas need them, or all.
fn run_all(scan: &mut Scan, rules: Rules, worker: &mut Worker, subtests: bool) {
    for view in View::ALL {
        scan.see(rules, view, worker);
    }
    run_open(scan, rules, worker, subtests);
}

/// The same, as far as it is not known yet and can be known by now.
fn run_open(scan: &mut Scan, rules: Rules, worker: &mut Worker, subtests: bool) {
    let asked_for = if subtests { &rules.course.subtests[..] } else { &[] };
    for &rule in asked_for.iter().chain(&rules.course.scored) {
        scan.demand(rules, rule, worker);
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod limit_tests;
