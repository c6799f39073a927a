//! The header fields of a message or a MIME part, in order, as they were written.
//!
//! Names keep their spelling and values their folds; decoding is done by whoever asks
//! (`encoded_word`). Names compare without regard to ASCII case.

/// One header field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The name as written, without the colon.
    pub name: Vec<u8>,
    /// All after the colon: leading white space, folds, the trailing newline. Line ends are
    /// LF. Fields of MIME parts have lost their leading white space, as in SpamAssassin.
    pub raw: Vec<u8>,
}

/// Header fields in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<Field>,
}

impl Headers {
    /// No fields.
    pub const fn new() -> Self {
        Headers { fields: Vec::new() }
    }

    /// Adds `field` at the end.
    pub fn push(&mut self, field: Field) {
        self.fields.push(field);
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Is there no field at all?
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// All fields in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.fields.iter()
    }

    /// The fields called `name`, from the first to the last.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// The last field called `name`: the one that SpamAssassin's `get_header` answers with.
    pub fn last(&self, name: &[u8]) -> Option<&Field> {
        self.fields.iter().rev().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Keeps only the fields that `wanted` says yes to.
    pub fn retain(&mut self, wanted: impl FnMut(&Field) -> bool) {
        self.fields.retain(wanted);
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Field> for Headers {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Headers { fields: fields.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, raw: &str) -> Field {
        Field { name: name.into(), raw: raw.into() }
    }

    #[test]
    fn names_compare_without_case_and_keep_their_order() {
        let headers: Headers =
            [field("To", " a\n"), field("X-A", " b\n"), field("TO", " c\n")].into_iter().collect();
        let values: Vec<_> = headers.all(b"to").map(|field| field.raw.as_slice()).collect();
        assert_eq!(values, [b" a\n", b" c\n"]);
        assert_eq!(headers.last(b"to").map(|field| field.name.as_slice()), Some(&b"TO"[..]));
        assert_eq!(headers.last(b"cc"), None);
    }
}
