//! Scores, threshold and settings: the administrator's, or one user's laid over them.
//!
//! The rules themselves are shared. What a user may always change (scores, the threshold, how a
//! message is read) is here; rules of a user's own need `allow_user_rules` and a program of
//! their own.

use super::course::Course;
use super::holdings::Holdings;
use super::markup;
use crate::limits::Limits;
use crate::message::Settings;
use crate::rules::options::Options;
use crate::rules::{Rule, RuleId, RuleSet, UserPrefs};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// What a scan goes by beside the rules.
pub struct Profile {
    pub(super) settings: Arc<Settings>,
    pub(super) required: f64,
    pub(super) time_limit: Option<Duration>,
    /// What reports, headers and rewritten mail look like.
    pub(super) markup: markup::Settings,
    /// What a user says of rules, where that is not what the files say.
    descriptions: HashMap<RuleId, Option<Arc<[u8]>>>,
    scores: Vec<[f64; 4]>,
    /// By score set; behind those, the same where only lists in memory are asked.
    courses: [OnceLock<Arc<Course>>; 8],
    options: Options,
    /// What lies beneath a user's own.
    beneath: Option<Arc<Profile>>,
    made: RwLock<HashMap<TypeId, Made>>,
}

/// What evals have made of settings, by the setting's name.
type Made = HashMap<Box<[u8]>, Arc<dyn Any + Send + Sync>>;

impl Profile {
    /// What the rule files say.
    pub(super) fn of_files(rules: &RuleSet, limits: &Limits) -> Profile {
        let scores = rules.rules.iter().map(|rule| rule.scores).collect();
        Profile::new(&rules.options, &rules.settings(), scores, limits)
    }

    /// What one user's preferences make of `beneath`, which is of the same files.
    pub(super) fn of_user(prefs: &UserPrefs, beneath: &Arc<Profile>, limits: &Limits) -> Profile {
        let ids = (0..prefs.base().rules.len() as u32).map(RuleId);
        let scores = ids.map(|id| prefs.rule(id).map_or([0.0; 4], |rule| rule.scores)).collect();
        let own = Profile::new(&prefs.options, &prefs.settings(), scores, limits);
        let describe = |(id, rule): (RuleId, &Rule)| (id, rule.description.clone());
        let descriptions = prefs.differing().map(describe).collect();
        Profile { beneath: Some(Arc::clone(beneath)), descriptions, ..own }
    }

    fn new(
        options: &Options,
        settings: &Settings,
        scores: Vec<[f64; 4]>,
        limits: &Limits,
    ) -> Profile {
        let seconds = options.number("time_limit");
        Profile {
            settings: Arc::new(Settings { limits: limits.clone(), ..settings.clone() }),
            required: options.number("required_score"),
            time_limit: (seconds > 0.0).then(|| Duration::from_secs_f64(seconds.min(1e9))),
            markup: markup::Settings::of(options, limits),
            descriptions: HashMap::new(),
            scores,
            courses: Default::default(),
            options: options.clone(),
            beneath: None,
            made: RwLock::default(),
        }
    }

    /// The values of all settings, the user's own over the files'.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What `make` makes of one setting: a list ready for use, say. It is made once, and once
    /// for all users who have not changed the setting.
    pub fn made<T: Any + Send + Sync>(
        &self,
        setting: &[u8],
        make: impl FnOnce(&Options) -> T,
    ) -> Arc<T> {
        if let Some(beneath) = self.beneath.as_ref().filter(|_| !self.options.has_own(setting)) {
            return beneath.made(setting, make);
        }
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        let known = made.get(&TypeId::of::<T>()).and_then(|made| made.get(setting)).cloned();
        drop(made);
        if let Some(known) = known.and_then(|known| known.downcast().ok()) {
            return known;
        }
        let fresh = Arc::new(make(&self.options));
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        made.entry(TypeId::of::<T>()).or_default().insert(setting.into(), fresh.clone());
        fresh
    }

    /// What is said of `rule`, which the files describe so.
    pub(super) fn description<'p>(
        &'p self,
        rule: RuleId,
        files: Option<&'p Arc<[u8]>>,
    ) -> Option<&'p Arc<[u8]>> {
        self.descriptions.get(&rule).map_or(files, Option::as_ref)
    }

    /// The score of `rule` in score set `set`, counted from 0.
    pub(super) fn score(&self, rule: RuleId, set: usize) -> f64 {
        let scores = self.scores.get(rule.0 as usize);
        scores.and_then(|scores| scores.get(set)).copied().unwrap_or_default()
    }

    /// Which rules run with score set `set`, counted from 0. Where nobody is asked but the lists
    /// in memory, `held` are the rules that these answer: they have the score that they have with
    /// the network.
    pub(super) fn course(
        &self,
        rules: &RuleSet,
        set: usize,
        held: Option<&Holdings>,
    ) -> Arc<Course> {
        const BEHIND: usize = 4;
        let [first, ..] = &self.courses;
        let place = set | if held.is_some() { BEHIND } else { 0 };
        let place = self.courses.get(place).unwrap_or(first);
        Arc::clone(place.get_or_init(|| {
            let is_held = |rule: RuleId| held.is_some_and(|held| held.has(rule));
            let set_of = |rule| if is_held(rule) { set | 1 } else { set };
            let ids = (0..self.scores.len() as u32).map(RuleId);
            let scores = ids.map(|rule| self.score(rule, set_of(rule))).collect();
            Arc::new(Course::new(rules, scores, set, is_held))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Curve, Engine, Options as ScanOptions};
    use super::*;
    use crate::rules::{Sources, load};

    const RULES: &str = "required_score 5\nbody A /a/\nscore A 1 2 3 4\n\
        body __B /b/\nmeta C !__B\nscore C 0.5\nbody D /a/\nscore D 0 1 0 1\n\
        meta E D\nmeta F !E\nmeta G !Z\nmeta Z __B\nscore Z 0\nmeta H Z || A\n";

    fn engine(lines: &str) -> Engine {
        let sources = Sources::of_lines(lines);
        let limits = Limits::default();
        Engine::new(Arc::new(load(&sources, &limits)), Curve::default(), &limits)
    }

    fn names(engine: &Engine, mail: &str, options: &ScanOptions) -> (Vec<String>, f64) {
        let mail = format!("Subject: x\n\n{mail}\n").into_bytes();
        let verdict = engine.scan(&mut engine.worker(), mail, options);
        (verdict.test_names().into_iter().map(str::to_owned).collect(), verdict.score)
    }

    #[test]
    fn the_score_set_decides_which_rules_run() {
        let engine = engine(RULES);
        let with =
            |score_set| names(&engine, "a", &ScanOptions { score_set, ..ScanOptions::default() });
        assert_eq!(with(0).0, ["A", "C", "F", "G", "H"]);
        assert_eq!(with(1).0, ["A", "C", "D", "E", "G", "H"]);
        assert_eq!(with(3).1 - with(2).1, 2.0, "A scores one more, D and E come, F goes");
    }

    #[test]
    fn a_true_meta_without_score_keeps_its_readers_from_being_evaluated() {
        let engine = engine(RULES);
        assert_eq!(names(&engine, "ab", &ScanOptions::default()).0, ["A", "F"]);
    }

    #[test]
    fn a_user_changes_scores_and_threshold_for_himself_alone() {
        let engine = engine(RULES);
        let lines = b"score A 7\nscore C 0\nrequired_score 2\nbody OWN /a/\n";
        let base = Arc::clone(engine.rules());
        let prefs = UserPrefs::read(base, "user_prefs", lines, &Limits::default());
        let profile = Some(Arc::new(engine.profile(&prefs)));
        let options = ScanOptions { profile, ..ScanOptions::default() };
        let verdict = engine.scan(&mut engine.worker(), b"Subject: x\n\na\n".to_vec(), &options);
        assert_eq!(verdict.test_names(), ["A", "F", "G", "H"]);
        assert_eq!((verdict.required, verdict.score), (2.0, 10.0));
        assert_eq!(names(&engine, "a", &ScanOptions::default()).1, 4.5);
    }

    #[test]
    fn a_deadline_that_has_passed_leaves_what_is_known() {
        let engine = engine(&"body R /a/\n".repeat(3));
        let many: String = (0..500).map(|n| format!("body R{n} /a/\n")).collect();
        let engine_of_many = self::engine(&many);
        let late =
            ScanOptions { deadline: Some(crate::clock::Tick::now()), ..ScanOptions::default() };
        let (hits, _) = names(&engine_of_many, "a", &late);
        assert!(hits.len() < 500 && hits.contains(&"TIME_LIMIT_EXCEEDED".to_owned()), "{hits:?}");
        assert_eq!(names(&engine, "a", &ScanOptions::default()).0, ["R"]);
    }
}
