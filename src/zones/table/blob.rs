//! Bytes that hold tables side by side, in memory or in a file, and notes of where each lies.
//!
//! A table is built into a [`Builder`]; its [`Section`]s are all that is needed to read it
//! again, from memory or from a file that is mapped. [`Pack`] and [`Unpack`] write and read the
//! notes themselves. Invariant: reading never leaves the bytes.

/// A stretch of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// From the beginning of all.
    pub start: u64,
    /// How many.
    pub length: u64,
}

impl Section {
    /// The stretch of `bytes`; empty if they have none such.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        bytes.get(start..start.saturating_add(self.length as usize)).unwrap_or_default()
    }
}

/// Collects sections.
#[derive(Debug, Default)]
pub struct Builder {
    bytes: Vec<u8>,
}

impl Builder {
    /// With so many bytes at the beginning that are filled in later.
    pub fn behind(length: usize) -> Builder {
        Builder { bytes: vec![0; length] }
    }

    /// Adds a section.
    pub fn add(&mut self, section: &[u8]) -> Section {
        // One after the other would make reads straddle lines of the cache for nothing.
        let padding = self.bytes.len().next_multiple_of(8) - self.bytes.len();
        self.bytes.extend(std::iter::repeat_n(0, padding));
        let start = self.bytes.len() as u64;
        self.bytes.extend_from_slice(section);
        Section { start, length: section.len() as u64 }
    }

    /// What there is so far.
    #[cfg(test)]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All of it.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Writes numbers and strings one behind the other.
#[derive(Debug, Default)]
pub struct Pack {
    bytes: Vec<u8>,
}

impl Pack {
    /// A number.
    pub fn number(&mut self, number: u64) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// Bytes, with their length.
    pub fn string(&mut self, string: &[u8]) {
        self.number(string.len() as u64);
        self.bytes.extend_from_slice(string);
    }

    /// Where a section is.
    pub fn section(&mut self, section: Section) {
        self.number(section.start);
        self.number(section.length);
    }

    /// A number that may not be there.
    pub fn maybe(&mut self, number: Option<u64>) {
        self.number(u64::from(number.is_some()));
        self.number(number.unwrap_or_default());
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads what [`Pack`] wrote; `None` at the end, and of what it cannot have written.
#[derive(Debug)]
pub struct Unpack<'b> {
    rest: &'b [u8],
}

impl<'b> Unpack<'b> {
    /// From the beginning of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Unpack<'b> {
        Unpack { rest: bytes }
    }

    /// A number.
    pub fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*number))
    }

    /// A number that fits into less.
    pub fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    /// How many things follow of which each takes eight bytes at least.
    pub fn count(&mut self) -> Option<usize> {
        self.small().filter(|&count: &usize| count <= self.rest.len() / 8)
    }

    /// Bytes.
    pub fn string(&mut self) -> Option<&'b [u8]> {
        let length = self.small()?;
        let (string, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(string)
    }

    /// Where a section is.
    pub fn section(&mut self) -> Option<Section> {
        Some(Section { start: self.number()?, length: self.number()? })
    }

    /// A number that may not be there.
    pub fn maybe(&mut self) -> Option<Option<u64>> {
        let there = self.number()?;
        let number = self.number()?;
        Some((there == 1).then_some(number))
    }

    /// Has all been read?
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
