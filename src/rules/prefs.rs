//! One user's preferences over the administrator's rule set.
//!
//! The base set is linked, never copied: only rules and settings that the user's lines mention
//! are held here. Ids of the base stay valid; rules that only the user has come after them.

use super::draft::{Draft, Entry};
use super::finish::{self, Builder, Globs};
use super::lint::Complaint;
use super::load::Reader;
use super::model::{Rule, RuleId, RuleSet, Test};
use super::options::Options;
use crate::limits::Limits;
use crate::message::Settings;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A user's view of a rule set.
#[derive(Clone)]
pub struct UserPrefs {
    base: Arc<RuleSet>,
    changed: HashMap<RuleId, Rule>,
    added: Vec<Rule>,
    names: HashMap<Box<[u8]>, RuleId>,
    files: Vec<PathBuf>,
    /// The base's options under the user's.
    pub options: Options,
    /// What was wrong with the user's lines.
    pub complaints: Vec<Complaint>,
    settings: Arc<Settings>,
}

impl UserPrefs {
    /// The view of a user without preferences.
    pub fn none(base: Arc<RuleSet>) -> UserPrefs {
        UserPrefs {
            changed: HashMap::new(),
            added: Vec::new(),
            names: HashMap::new(),
            files: base.files.clone(),
            options: base.options.overlay(),
            complaints: Vec::new(),
            settings: base.settings(),
            base,
        }
    }

    /// Reads a user's lines. Those that only an administrator may write are dropped, each with
    /// one complaint; so are definitions of rules unless `allow_user_rules` is on.
    pub fn read(base: Arc<RuleSet>, file: &str, text: &[u8], limits: &Limits) -> UserPrefs {
        let mut prefs = UserPrefs::none(base.clone());
        let mut draft = Draft::over(&base, base.paths.clone());
        Reader::new(&mut draft, &base.language, limits).user_lines(file, text);
        let Draft { entries, options, plugins, complaints, files, .. } = draft;
        prefs.complaints = complaints;
        prefs.files = files;
        prefs.take(entries, &options, &plugins, limits);
        if super::settings::affected(&options) {
            prefs.settings = Arc::new(super::settings::settings(&options, limits));
        }
        prefs.options = options;
        prefs
    }

    /// Makes the rules that the user's lines mention.
    fn take(
        &mut self,
        entries: Vec<(Box<[u8]>, Entry)>,
        options: &Options,
        plugins: &super::plugins::Plugins,
        limits: &Limits,
    ) {
        let base = self.base.clone();
        let mut builder = Builder { options, plugins, limits, complaints: &mut self.complaints };
        let mut made: Vec<(RuleId, &Entry)> = Vec::new();
        for (name, entry) in &entries {
            let Some(rule) = builder.rule(name, entry) else { continue };
            let id = match base.names.get(name) {
                Some(id) => {
                    self.changed.insert(*id, rule);
                    *id
                }
                None => {
                    let id = RuleId((base.rules.len() + self.added.len()) as u32);
                    self.added.push(rule);
                    self.names.insert(name.clone(), id);
                    id
                }
            };
            made.push((id, entry));
        }
        let names = self.names.clone();
        let mut globs = Globs::new(|| {
            let scored = base.strays.iter().filter(|(_, entry)| entry.scores.is_some());
            let known = base.names.keys().chain(names.keys());
            known.chain(scored.map(|(name, _)| name)).map(|name| &**name).collect()
        });
        let find = |name: &[u8]| base.names.get(name).or_else(|| names.get(name)).copied();
        for (id, entry) in made {
            self.finish(id, entry, &find, &mut globs);
        }
        let mut changed: Vec<&mut Rule> =
            self.changed.values_mut().chain(&mut self.added).collect();
        for rule in &mut changed {
            finish::run_net_early(std::slice::from_mut(rule));
        }
        self.define_undefined(&find, &mut globs);
    }

    /// Resolves the names in a meta; keeps what the base found out about a rule whose test is the
    /// same.
    fn finish(
        &mut self,
        id: RuleId,
        entry: &Entry,
        find: &dyn Fn(&[u8]) -> Option<RuleId>,
        globs: &mut Globs<'_>,
    ) {
        let base = self.base.clone();
        let before = base.rule(id);
        let Some(rule) = self.own_mut(id) else { return };
        if let Some(before) = before
            && before.place == rule.place
        {
            rule.test = before.test.clone();
            if rule.own_priority == before.own_priority {
                rule.priority = before.priority;
            }
            rule.tflags.net |= before.tflags.net && matches!(rule.test, Test::Meta(_));
            return;
        }
        finish::resolve(rule, entry, find, globs, base.local_tests_only);
    }

    /// Metas of the base may name rules that only the user has.
    fn define_undefined(&mut self, find: &dyn Fn(&[u8]) -> Option<RuleId>, globs: &mut Globs<'_>) {
        if self.names.is_empty() {
            return;
        }
        let base = self.base.clone();
        for (id, rule) in base.iter() {
            let Test::Meta(meta) = &rule.test else { continue };
            let defined = |name: &str| self.names.contains_key(name.as_bytes());
            if self.changed.contains_key(&id) || !meta.undefined.iter().any(|n| defined(n)) {
                continue;
            }
            let mut rule = rule.clone();
            let entry = Entry::of_rule(&rule);
            finish::resolve(&mut rule, &entry, find, globs, base.local_tests_only);
            self.changed.insert(id, rule);
        }
    }

    fn own_mut(&mut self, id: RuleId) -> Option<&mut Rule> {
        match (id.0 as usize).checked_sub(self.base.rules.len()) {
            Some(index) => self.added.get_mut(index),
            None => self.changed.get_mut(&id),
        }
    }

    /// The set beneath.
    pub fn base(&self) -> &Arc<RuleSet> {
        &self.base
    }

    /// How many rules there are, the user's included.
    pub fn len(&self) -> usize {
        self.base.rules.len() + self.added.len()
    }

    /// Are there no rules?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rule with this id, as the user has it.
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        match (id.0 as usize).checked_sub(self.base.rules.len()) {
            Some(index) => self.added.get(index),
            None => self.changed.get(&id).or_else(|| self.base.rule(id)),
        }
    }

    /// The rule of this name.
    pub fn find(&self, name: &str) -> Option<RuleId> {
        self.base.find(name).or_else(|| self.names.get(name.as_bytes()).copied())
    }

    /// The rules that differ from the base's, and those that it has not.
    pub fn differing(&self) -> impl Iterator<Item = (RuleId, &Rule)> {
        let first = self.base.rules.len() as u32;
        let added = (first..).map(RuleId).zip(&self.added);
        self.changed.iter().map(|(id, rule)| (*id, rule)).chain(added)
    }

    /// What the files and the user say about reading a message.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.clone()
    }

    /// Does the user define rules, so that the base's program cannot run theirs?
    pub fn has_own_rules(&self) -> bool {
        let differs = |(id, rule): (&RuleId, &Rule)| {
            self.base.rule(*id).is_none_or(|before| before.place != rule.place)
                || matches!(rule.test, Test::Meta(_)) && !self.names.is_empty()
        };
        !self.added.is_empty() || self.changed.iter().any(differs)
    }

    /// The user's rules and settings as a set of their own, for a program of their own.
    pub fn rule_set(&self) -> RuleSet {
        let mut set = RuleSet::clone(&self.base);
        for (id, rule) in self.differing() {
            match set.rules.get_mut(id.0 as usize) {
                Some(place) => *place = rule.clone(),
                None => set.rules.push(rule.clone()),
            }
        }
        set.names.extend(self.names.iter().map(|(name, id)| (name.clone(), *id)));
        set.files = self.files.clone();
        set.complaints = self.complaints.clone();
        set.options = self.options.clone();
        set.settings = self.settings.clone();
        set
    }

    /// A complaint as people read it, with the user's file and line.
    pub fn describe(&self, complaint: &Complaint) -> String {
        let file = complaint.place.and_then(|place| self.files.get(place.file as usize));
        match (file, complaint.place) {
            (Some(file), Some(place)) => {
                format!("{}:{}: {}", file.display(), place.line, complaint.text)
            }
            _ => complaint.text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Sources, load};

    const BASE: &str = "loadplugin Mail::SpamAssassin::Plugin::ReplaceTags\n\
        body FIRST /a/\nscore FIRST 2\nbody SECOND /b/\nmeta BOTH FIRST && SECOND\n\
        meta WAITS !LATER\nwelcomelist_from a@example.com\nreplace_tag A x\n";

    fn base(more: &str) -> Arc<RuleSet> {
        let sources = Sources::of_lines(format!("{BASE}{more}"));
        Arc::new(load(&sources, &Limits::default()))
    }

    fn read(base: &Arc<RuleSet>, text: &str) -> UserPrefs {
        UserPrefs::read(base.clone(), "user_prefs", text.as_bytes(), &Limits::default())
    }

    fn scores(prefs: &UserPrefs, name: &str) -> [f64; 4] {
        prefs.rule(prefs.find(name).unwrap()).unwrap().scores
    }

    #[test]
    fn scores_lists_and_descriptions_are_the_users() {
        let base = base("");
        let prefs = read(
            &base,
            "score FIRST (1)\nscore SECOND 0\ndescribe FIRST mine\nrequired_score 7\n\
             whitelist_from b@example.com\n",
        );
        assert_eq!(scores(&prefs, "FIRST"), [3.0; 4]);
        assert_eq!(scores(&prefs, "SECOND"), [0.0; 4]);
        assert_eq!(prefs.options.number("required_score"), 7.0);
        assert_eq!(prefs.options.set(b"welcomelist_from").unwrap().len(), 2);
        assert_eq!(prefs.differing().count(), 2);
        assert!(prefs.complaints.is_empty(), "{:?}", prefs.complaints);
        let first = base.find("FIRST").unwrap();
        assert_eq!(base.rule(first).unwrap().scores, [2.0; 4]);
        assert_eq!(base.options.set(b"welcomelist_from").unwrap().len(), 1);
        assert!(matches!(prefs.rule(first).unwrap().test, Test::Body { .. }));
    }

    #[test]
    fn privileged_lines_are_dropped_one_by_one() {
        let base = base("");
        let prefs =
            read(&base, "body MINE /x/\ndns_block_time 5\ninclude /dev/zero\nscore FIRST 9\n");
        assert_eq!(prefs.find("MINE"), None);
        assert_eq!(prefs.complaints.len(), 3);
        assert!(prefs.describe(&prefs.complaints[0]).starts_with("user_prefs:1: "));
        assert_eq!(scores(&prefs, "FIRST"), [9.0; 4]);
    }

    #[test]
    fn allowed_rules_join_the_base_and_its_metas() {
        let base = base("allow_user_rules 1\n");
        let prefs = read(&base, "body LATER /x/\nbody FIRST /changed/\nmeta OWN BOTH || LATER\n");
        assert!(prefs.complaints.is_empty(), "{:?}", prefs.complaints);
        let later = prefs.find("LATER").unwrap();
        assert!(later.0 as usize >= base.rules.len());
        let waits = prefs.rule(prefs.find("WAITS").unwrap()).unwrap();
        let Test::Meta(meta) = &waits.test else { panic!("no meta") };
        assert_eq!(meta.uses, [later]);
        let own = prefs.rule(prefs.find("OWN").unwrap()).unwrap();
        let Test::Meta(meta) = &own.test else { panic!("no meta") };
        assert_eq!(meta.uses, [base.find("BOTH").unwrap(), later]);
        let first = prefs.rule(base.find("FIRST").unwrap()).unwrap();
        assert_eq!(first.test.pattern().unwrap().source(), b"changed");
        assert!(prefs.has_own_rules());
        let set = prefs.rule_set();
        assert_eq!(set.rules.len(), prefs.len());
        assert_eq!(set.place(set.rule(later).unwrap().place), "user_prefs:1");
        assert_eq!(set.find("OWN"), prefs.find("OWN"));
        assert!(!read(&base, "score FIRST 3\nrequired_score 1\n").has_own_rules());
        assert!(read(&base, "body FIRST /a/\n").has_own_rules());
    }
}
