//! The header fields of a message or of a MIME part, as they were written.
//!
//! The parser puts the fields in; header rules, Received lines and MIME parameters are read
//! from them. Nothing is decoded or unfolded here (RFC 5322 section 2.2).

/// One header field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The name as written, without the white space and the colon after it.
    pub name: Vec<u8>,
    /// Everything after the colon: leading white space, folds and the final newline included.
    /// Line ends are LF. Fields of MIME parts lack the leading white space, as in SpamAssassin.
    pub raw: Vec<u8>,
}

/// The header fields of one part, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<Field>,
}

impl Headers {
    /// No fields.
    pub const fn new() -> Self {
        Headers { fields: Vec::new() }
    }

    /// Adds a field below the others.
    pub fn push(&mut self, field: Field) {
        self.fields.push(field);
    }

    /// All fields, from the top.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.fields.iter()
    }

    /// The fields called `name`, in any case, from the top.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// The last field called `name`: where one is wanted, SpamAssassin takes this one.
    pub fn last(&self, name: &[u8]) -> Option<&Field> {
        self.fields.iter().rev().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Removes the fields for which `keep` says no.
    pub fn retain(&mut self, keep: impl FnMut(&Field) -> bool) {
        self.fields.retain(keep);
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Is there no field at all?
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
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

    #[test]
    fn fields_are_found_by_name_in_any_case_and_in_order() {
        let field = |name: &[u8], raw: &[u8]| Field { name: name.to_vec(), raw: raw.to_vec() };
        let headers: Headers =
            [field(b"To", b" a\n"), field(b"Cc", b" b\n"), field(b"TO", b" c\n")]
                .into_iter()
                .collect();
        let raws: Vec<_> = headers.all(b"to").map(|field| field.raw.as_slice()).collect();
        assert_eq!(raws, [&b" a\n"[..], b" c\n"]);
        assert_eq!(headers.all(b"Bcc").count(), 0);
        assert_eq!(headers.last(b"tO").map(|field| field.raw.as_slice()), Some(&b" c\n"[..]));
    }
}
