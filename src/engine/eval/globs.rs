//! Lists of addresses and hosts with `*` and `?` as one pattern.

use super::Binding;
use crate::rules::regex::Exact;

/// A pattern for all of `globs`, which follow `before` and end the text: `?` is any one
/// character and `*` is `star`. `None` for no globs.
pub fn any_of(
    before: &[u8],
    globs: &[Box<[u8]>],
    star: &[u8],
    to: &mut Binding,
) -> Result<Option<Exact>, String> {
    if globs.is_empty() {
        return Ok(None);
    }
    let written = |byte: &u8| match *byte {
        b'*' => star.to_vec(),
        b'?' => b".".to_vec(),
        0 | b'\\' | b'(' => b"_".to_vec(), // as SpamAssassin keeps addresses
        byte if byte.is_ascii_alphanumeric() || byte == b'_' => vec![byte],
        byte => vec![b'\\', byte],
    };
    let written = |glob: &[u8]| glob.iter().flat_map(written).collect::<Vec<u8>>();
    let globs: Vec<_> = globs.iter().map(|glob| written(glob)).collect();
    to.pattern(&[before, b"(?:", &globs.join(&b'|'), b")$"].concat()).map(Some)
}
