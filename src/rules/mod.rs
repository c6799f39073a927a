//! What SpamAssassin's `.cf` files say: rules, scores, settings.
//!
//! Files in, an immutable [`RuleSet`] out. Files are bytes; a bad line costs itself and
//! leaves one [`lint::Complaint`]. Nothing here runs a rule on a message or asks DNS: an
//! eval rule is a name with arguments, which `engine::eval` binds to a function.
//!
//! * [`files`] says what is read and in which order, [`load`] reads it line by line;
//! * `apply` puts a directive's value where it belongs; [`directives`] is the table of all;
//! * `finish` makes rules of what was read; [`model`], [`meta`] and [`options`] are the result;
//! * [`prefs`] lays a user's preferences over it; [`lint`] tells what is wrong or missing.
//!
//! Ring 2. May use `message`, `text`, `limits`.

mod apply;
pub mod arithmetic;
mod ask;
mod captures;
mod conditions;
mod core;
mod define;
mod detail;
pub mod directives;
pub mod dns;
mod draft;
pub mod evals;
mod extra;
pub mod files;
mod finish;
pub mod lint;
mod lists;
mod load;
mod markup;
pub mod meta;
pub mod model;
mod names;
pub mod options;
pub mod own;
pub mod plugins;
pub mod prefs;
pub mod regex;
mod replace;
mod resolver;
mod scan;
mod settings;
mod tflags;
#[cfg(test)]
mod truth;
mod unregistered;

pub use conditions::VERSION;
pub use files::{Paths, Sources};
pub use load::load;
pub use model::{Rule, RuleId, RuleSet, Test};
pub use prefs::UserPrefs;
