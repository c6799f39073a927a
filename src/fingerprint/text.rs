//! Texts.
use super::view::View;
use super::{Fingerprint, Known};
use crate::limits::Limits;

pub(super) fn prints(_: &View<'_>, _: &dyn Known, _: &Limits, _: &mut Vec<Fingerprint>) {}
pub(super) fn phrases(_: &View<'_>, _: &Limits) -> Vec<u64> {
    Vec::new()
}
