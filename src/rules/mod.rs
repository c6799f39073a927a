//! What SpamAssassin's `.cf` files say: rules, scores, settings.
//!
//! Files in, an immutable [`RuleSet`] out. Files are bytes; a bad line costs itself and
//! leaves one [`lint::Complaint`]. Nothing here runs a rule on a message or asks DNS: an
//! eval rule is a name with arguments, which `engine::eval` binds to a function.
//!
//! Ring 2. May use `message`, `text`, `limits`.

pub mod meta;
pub mod model;
pub mod regex;

pub use model::{Rule, RuleId, RuleSet, Test};
