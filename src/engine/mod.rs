//! The engine: rules run on a message, hits combined into a verdict.
//!
//! [`Engine::scan`] is the road. A scan goes in phases: the network is asked as soon as the
//! headers and URIs are known, the CPU work is done, the scan waits for the network without
//! holding a worker ([`Engine::begin`]), and what depended on the answers is finished
//! ([`Engine::finish`]).
//!
//! Ring 3. May use `rules`, `message`, `text`, `limits`, `clock`. Knows no socket and no file.

mod bound;
mod combine;
mod course;
mod decide;
pub mod eval;
pub mod explain;
mod leaf;
mod program;
mod scan;
pub mod report;
mod tags;
pub mod verdict;
mod wrap;

pub use combine::{Curve, Group};
pub use scan::Scan;
pub use verdict::{Hit, Verdict};

use crate::clock::Tick;
use crate::limits::Limits;
use crate::message::view::Views;
use crate::message::{Message, Settings};
use crate::rules::regex::Caches;
use crate::rules::{RuleId, RuleSet, Test};
use program::{Program, View};
use std::sync::Arc;

/// Rules and settings, ready to scan with. Immutable; shared by all workers.
pub struct Engine {
    program: Arc<Program>,
    settings: Arc<Settings>,
    required: f64,
    curve: Curve,
    groups: Vec<Group>,
}

/// What one scan worker owns: caches and buffers that grow with use.
#[derive(Default)]
pub struct Worker {
    caches: Caches,
    bounds: Vec<bound::Bound>,
}

/// What a caller wants of one scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Run every sub-test and list those that hit; otherwise only what the score needs is run.
    pub subtests: bool,
    /// Fill in [`Verdict::preview`].
    pub report: bool,
    /// Stop then and answer with what is known.
    pub deadline: Option<Tick>,
    /// The network may be asked: score sets 1 and 3.
    pub network: bool,
}

impl Engine {
    /// An engine for `rules`.
    pub fn new(rules: Arc<RuleSet>, curve: Curve, limits: &Limits) -> Engine {
        let settings = Arc::new(Settings { limits: limits.clone(), ..(*rules.settings()).clone() });
        Engine {
            settings,
            required: rules.options.number("required_score").unwrap_or(5.0),
            groups: Vec::new(),
            curve,
            program: Arc::new(Program::new(rules, limits)),
        }
    }

    /// The rules that this engine runs.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.program.rules
    }

    /// Caches and buffers for one thread.
    pub fn worker(&self) -> Worker {
        Worker::default()
    }

    /// Scans one message from beginning to end.
    pub fn scan(&self, worker: &mut Worker, mail: Vec<u8>, options: &Options) -> Verdict {
        let scan = self.begin(worker, mail, options);
        self.finish(worker, scan, options)
    }

    /// Everything that needs no answer from the network.
    pub fn begin(&self, worker: &mut Worker, mail: Vec<u8>, options: &Options) -> Scan {
        let message = Message::parse(mail, &self.settings.limits);
        let views = Views::new(message, Arc::clone(&self.settings));
        let set = usize::from(options.network);
        let course = Arc::clone(&self.program.courses[set]);
        let mut scan = Scan::new(Arc::clone(&self.program), course, views, options);
        for &producer in &self.program.producers {
            scan.demand(producer, worker);
        }
        self.edit_body(&mut scan, worker);
        if self.program.shortcuts.is_empty() {
            run_all(&mut scan, worker, options);
        } else {
            run_in_order(&mut scan, worker, options);
        }
        scan
    }

    /// What had to wait for the network, and the verdict.
    pub fn finish(&self, _worker: &mut Worker, scan: Scan, options: &Options) -> Verdict {
        scan.into_verdict(self, options)
    }

    /// Runs the evals that rewrite the body, each after the body rules of lower priority and
    /// before all others.
    fn edit_body(&self, scan: &mut Scan, worker: &mut Worker) {
        let program = Arc::clone(&self.program);
        for &(priority, editor) in &program.editors {
            for (id, rule) in program.rules.iter() {
                if rule.priority < priority && matches!(rule.test, Test::Body { .. }) {
                    scan.demand(id, worker);
                }
            }
            scan.demand(editor, worker);
        }
    }
}

/// Every rule that the verdict is made of; sub-tests as far as metas need them, or all.
fn run_all(scan: &mut Scan, worker: &mut Worker, options: &Options) {
    let course = Arc::clone(&scan.course);
    let asked_for = if options.subtests { &course.subtests[..] } else { &[] };
    for &rule in asked_for.iter().chain(&course.scored) {
        scan.demand(rule, worker);
    }
}
