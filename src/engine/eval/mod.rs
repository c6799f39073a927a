//! The eval tests: functions that rule files call by name.
//!
//! One file per family; each has a table of its functions. [`bind`] finds the function of a
//! call and checks the arguments, so that a wrong call is found when rules are loaded, not
//! when mail comes in.

mod body;
mod freemail;
mod html;
mod https_mismatch;
mod image;
mod own;
mod uri;
mod uri_hosts;

use super::Worker;
pub(super) use super::leaf::{HIT, MISS, Outcome};
use super::scan::Scan;
use crate::limits::Limits;
use crate::rules::RuleSet;
use crate::rules::model::Eval;
use crate::rules::regex::{Exact, Ids, Pattern, Strip};
use crate::text::number;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// An eval test as the tables name it.
pub struct Row {
    /// The function's name in rule files.
    pub name: &'static str,
    /// The plugin that SpamAssassin's files ask for with `ifplugin`.
    pub plugin: &'static str,
    /// The arguments, as documentation shows them.
    pub arguments: &'static str,
    /// What it tests.
    pub meaning: &'static str,
    /// Does it rewrite the body that rules see? Such a test runs before the body rules of its
    /// priority.
    pub edits_body: bool,
    bind: fn(&Eval, &mut Binding) -> Result<Test, String>,
}

/// A test with its arguments understood: how often does it hit, and what has it to show?
pub type Test = Arc<dyn Fn(&mut Scan, &mut Worker) -> Outcome + Send + Sync>;

/// What a call may be bound to: the rule files, patterns, and what its family shares.
pub struct Binding<'a> {
    /// What the files say.
    pub rules: &'a RuleSet,
    /// The limits in force.
    pub limits: &'a Limits,
    /// Numbers for patterns.
    pub(super) ids: &'a mut Ids,
    /// What families share.
    pub(super) shared: &'a mut Shared,
}

/// What the calls of each family share, by type.
pub(super) type Shared = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

impl Binding<'_> {
    /// A pattern without delimiters, ready to be run.
    pub fn pattern(&mut self, source: &[u8]) -> Result<Exact, String> {
        let pattern = Pattern::parse_within(source, Strip::Bare, self.limits)
            .map_err(|error| format!("'{}': {error}", source.escape_ascii()))?;
        Ok(Exact::new(Arc::new(pattern), self.ids, self.limits))
    }

    /// The one `T` that all calls share; the first call that asks makes it.
    pub fn shared<T: Any + Send + Sync>(
        &mut self,
        make: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<Arc<T>, String> {
        let known = self.shared.get(&TypeId::of::<T>()).cloned();
        if let Some(known) = known.and_then(|known| known.downcast().ok()) {
            return Ok(known);
        }
        let made = Arc::new(make(self)?);
        self.shared.insert(TypeId::of::<T>(), made.clone());
        Ok(made)
    }
}

/// All eval tests that are built, family by family.
pub fn table() -> impl Iterator<Item = &'static Row> {
    let families = [
        own::TABLE,
        body::TABLE,
        freemail::TABLE,
        html::TABLE,
        https_mismatch::TABLE,
        image::TABLE,
        uri::TABLE,
        uri_hosts::TABLE,
    ];
    families.into_iter().flatten()
}

/// The function called `name`, if it is built.
pub fn find(name: &str) -> Option<&'static Row> {
    table().find(|row| row.name == name)
}

/// The call, ready to be made; `None` if the function is not built, an error if its arguments
/// are wrong.
pub fn bind(call: &Eval, to: &mut Binding) -> Option<Result<Test, String>> {
    find(&call.function).map(|row| (row.bind)(call, to))
}

/// One hit if `hit`, without anything to show.
fn hit_if(hit: bool) -> Outcome {
    Ok(if hit { HIT } else { MISS })
}

/// Argument number `index`, if it is there.
fn optional(call: &Eval, index: usize) -> Option<&[u8]> {
    call.arguments.get(index).map(|argument| &**argument)
}

/// Argument number `index` as Perl reads numbers, if it is there.
fn optional_number(call: &Eval, index: usize) -> Option<f64> {
    optional(call, index).map(number::read)
}

/// Argument number `index` as Perl reads numbers: what is missing or no number is 0.
fn number(call: &Eval, index: usize) -> f64 {
    optional_number(call, index).unwrap_or(0.0)
}

/// Argument number `index`, which must be there.
fn literal(call: &Eval, index: usize) -> Result<&[u8], String> {
    optional(call, index)
        .ok_or_else(|| format!("{} needs {} argument(s)", call.function, index + 1))
}
