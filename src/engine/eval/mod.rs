//! The eval tests: functions that rule files call by name.
//!
//! One file per family; each has a table of its functions. [`bind`] finds the function of a
//! call and checks the arguments, so that a wrong call is found when rules are loaded, not
//! when mail comes in.

mod own;

use super::Worker;
use super::scan::Scan;
use crate::rules::model::Eval;
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
    bind: fn(&Eval) -> Result<Test, String>,
}

/// A test with its arguments understood: how often does it hit?
pub type Test = Arc<dyn Fn(&mut Scan, &mut Worker) -> u32 + Send + Sync>;

/// All eval tests that are built, family by family.
pub fn table() -> impl Iterator<Item = &'static Row> {
    own::TABLE.iter()
}

/// The function called `name`, if it is built.
pub fn find(name: &str) -> Option<&'static Row> {
    table().find(|row| row.name == name)
}

/// The call, ready to be made; `None` if the function is not built, an error if its arguments
/// are wrong.
pub fn bind(call: &Eval) -> Option<Result<Test, String>> {
    find(&call.function).map(|row| (row.bind)(call))
}

/// Argument number `index`, which must be there.
fn literal(call: &Eval, index: usize) -> Result<&[u8], String> {
    call.arguments
        .get(index)
        .map(|argument| &**argument)
        .ok_or_else(|| format!("{} needs {} argument(s)", call.function, index + 1))
}
