//! Meta expressions.

/// A meta rule's expression.
#[derive(Clone, Debug)]
pub struct Meta;
