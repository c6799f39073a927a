//! The eval tests: functions that rule files call by name.
//!
//! One file per family; each has a table of its functions. [`bind`] finds the function of a
//! call and checks the arguments, so that a wrong call is found when rules are loaded, not
//! when mail comes in.

mod limits;

use super::Worker;
use super::scan::Scan;
use super::verdict::Evidence;
use crate::rules::RuleId;
use crate::rules::model::Eval;

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
    bind: fn(&Eval) -> Result<Test, String>,
}

/// A test with its arguments understood: how often it hits, and what it shows.
type Test = std::sync::Arc<dyn Fn(&Scan) -> (u32, Option<Evidence>) + Send + Sync>;

/// A call that is ready to be made.
#[derive(Clone)]
pub struct Call {
    test: Test,
}

impl Call {
    /// Runs the test for the message of `scan`.
    pub(super) fn check(
        &self,
        scan: &Scan,
        _rule: RuleId,
        _worker: &mut Worker,
    ) -> (u32, Option<Evidence>) {
        (self.test)(scan)
    }
}

/// All eval tests that are built, family by family.
pub fn table() -> impl Iterator<Item = &'static Row> {
    limits::TABLE.iter()
}

/// Is there a function of this name?
pub fn is_built(function: &str) -> bool {
    table().any(|row| row.name == function)
}

/// The call, ready to be made; `None` if the function is not built, an error if its arguments
/// are wrong.
pub fn bind(call: &Eval) -> Option<Result<Call, String>> {
    let row = table().find(|row| row.name == &*call.function)?;
    Some((row.bind)(call).map(|test| Call { test }))
}
