//! What is wrong with rule files, and what in them has no function yet.
//!
//! A [`Complaint`] is one line of `spamassassin --lint`. [`pending`] names what SpamAssassin
//! would do and this program does not, so that nobody has to find out by missing hits.

use super::directives;
use super::model::{EvalClass, Place, RuleSet, Test};
use std::collections::{BTreeMap, HashSet};

/// How SpamAssassin's lint takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Told, not counted.
    Warning,
    /// Counted: the exit status of `--lint` is not 0.
    Error,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where; `None` for what belongs to no line.
    pub place: Option<Place>,
    /// What, and what to do about it.
    pub text: String,
    /// Does it count?
    pub severity: Severity,
}

/// The exit status of `--lint`: 1 if anything counts, else 0.
pub fn exit_status(complaints: &[Complaint]) -> i32 {
    i32::from(complaints.iter().any(|c| c.severity == Severity::Error))
}

/// What is used and has no function yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Settings with a directive that is read and has no effect, and the last line of each.
    pub directives: Vec<(&'static str, Place)>,
    /// Eval functions that nothing is bound to, with the names of the rules that call them and
    /// of the metas that rest on those.
    pub evals: BTreeMap<String, Vec<String>>,
}

/// Finds what is pending. `known` tells whether an eval function is bound.
pub fn pending(set: &RuleSet, known: &dyn Fn(EvalClass, &str) -> bool) -> Pending {
    let mut pending = Pending::default();
    for (name, place) in set.options.changed() {
        let unbuilt = directives::TABLE.iter().find(|d| d.setting.as_bytes() == name && !d.built);
        if let Some(directive) = unbuilt {
            pending.directives.push((directive.name, place));
        }
    }
    pending.directives.sort_unstable_by_key(|(name, _)| *name);
    let mut by_function: BTreeMap<String, HashSet<u32>> = BTreeMap::new();
    for (id, rule) in set.iter() {
        if let Test::Eval(eval) = &rule.test
            && !known(eval.class, &eval.function)
        {
            by_function.entry(eval.function.to_string()).or_default().insert(id.0);
        }
    }
    for (function, mut rules) in by_function {
        add_dependents(set, &mut rules);
        let mut names: Vec<String> = rules
            .into_iter()
            .filter_map(|id| Some(set.rules.get(id as usize)?.name.to_string()))
            .collect();
        names.sort_unstable();
        pending.evals.insert(function, names);
    }
    pending
}

/// Adds every meta that reads one of `rules`, directly or through others.
fn add_dependents(set: &RuleSet, rules: &mut HashSet<u32>) {
    loop {
        let before = rules.len();
        for (id, rule) in set.iter() {
            if let Test::Meta(meta) = &rule.test
                && meta.uses.iter().any(|used| rules.contains(&used.0))
            {
                rules.insert(id.0);
            }
        }
        if rules.len() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::rules::{Sources, load};

    #[test]
    fn pending_names_directives_evals_and_what_rests_on_them() {
        let lines = "loadplugin Mail::SpamAssassin::Plugin::DKIM\n\
            full A eval:check_dkim_valid()\nheader B eval:bound('x')\nmeta C A && B\nmeta D C\n\
            bayes_min_ham_num 100\nrequired_score 4\n";
        let sources = Sources::of_lines(lines);
        let set = load(&sources, &Limits::default());
        let pending = pending(&set, &|_, name| name == "bound");
        let directives: Vec<_> = pending.directives.iter().map(|(name, _)| *name).collect();
        assert_eq!(directives, ["bayes_min_ham_num"]);
        assert_eq!(pending.evals.len(), 1);
        assert_eq!(pending.evals["check_dkim_valid"], ["A", "C", "D"]);
    }

    #[test]
    fn only_errors_count() {
        let complaint = |severity| Complaint { place: None, text: String::new(), severity };
        assert_eq!(exit_status(&[complaint(Severity::Warning)]), 0);
        assert_eq!(exit_status(&[complaint(Severity::Error)]), 1);
    }
}
