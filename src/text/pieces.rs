//! A text cut into pieces that no match may cross.
//!
//! Rules see `body` as paragraphs, `rawbody` as chunks, `uri` as single URIs. The pieces
//! lie one behind the other in one buffer, so that a filter can look at all of them in one
//! pass and an exact match at each of them alone.

/// Pieces of text, in order. A piece may be empty; its bytes may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Pieces {
    /// No pieces.
    pub fn new() -> Self {
        Pieces::default()
    }

    /// Adds `piece` at the end.
    pub fn push(&mut self, piece: &[u8]) {
        self.text.extend_from_slice(piece);
        self.ends.push(self.text.len());
    }

    /// How many pieces there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Is there no piece at all?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Piece number `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// The pieces in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// All pieces as one text, without anything between them.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where each piece ends in [`Pieces::text`].
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// The piece that holds the byte at `offset` of [`Pieces::text`].
    pub fn piece_at(&self, offset: usize) -> usize {
        self.ends.partition_point(|&end| end <= offset)
    }
}

impl<P: AsRef<[u8]>> FromIterator<P> for Pieces {
    fn from_iter<I: IntoIterator<Item = P>>(pieces: I) -> Self {
        let mut all = Pieces::new();
        for piece in pieces {
            all.push(piece.as_ref());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_as_they_were_pushed() {
        let pieces: Pieces = ["one", "", "three"].iter().collect();
        assert_eq!(pieces.iter().collect::<Vec<_>>(), [&b"one"[..], b"", b"three"]);
        assert_eq!(pieces.text(), b"onethree");
        assert_eq!(pieces.get(3), None);
        assert_eq!((pieces.piece_at(0), pieces.piece_at(2), pieces.piece_at(3)), (0, 0, 2));
    }
}
