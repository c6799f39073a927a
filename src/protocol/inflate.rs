//! A message that comes compressed (`Compress: zlib`, RFC 1950), inflated as it arrives.
//!
//! In go the compressed bytes in portions of any size, out comes the message as spamd sees
//! it. What it may grow to is bounded twice: by `message_bytes`, and, once it is larger than
//! `small_message`, by `inflate_ratio` times what has come of it.

use super::error::{RequestError, too_long};
use crate::limits::{Limit, Limits};
use flate2::{Decompress, FlushDecompress, Status};
use std::fmt;

/// Bytes inflated at a time.
const STEP: usize = 32 * 1024;

/// A zlib stream in the course of arriving.
pub(super) struct Inflation {
    stream: Decompress,
    inflated: Vec<u8>,
    /// Compressed bytes taken, those behind the stream's end included.
    taken: usize,
    ended: bool,
}

impl Inflation {
    pub(super) fn new() -> Inflation {
        Inflation { stream: Decompress::new(true), inflated: Vec::new(), taken: 0, ended: false }
    }

    /// How many compressed bytes have been taken.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// How many bytes of memory are held.
    pub(super) fn held(&self) -> usize {
        self.inflated.capacity()
    }

    /// Takes the next compressed bytes; those behind the end of the stream do not count.
    pub(super) fn feed(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), RequestError> {
        self.taken += bytes.len();
        let mut rest = bytes;
        let mut step = [0; STEP];
        while !self.ended {
            let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(rest, &mut step, FlushDecompress::None);
            let read = (self.stream.total_in() - before_in) as usize;
            let made = (self.stream.total_out() - before_out) as usize;
            rest = rest.get(read..).unwrap_or_default();
            self.inflated.extend_from_slice(step.get(..made).unwrap_or_default());
            self.check(limits)?;
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if read == 0 && made == 0 => break,
                Ok(_) => {}
                Err(_) => return Err(RequestError::NoEndOfZlib),
            }
        }
        Ok(())
    }

    fn check(&self, limits: &Limits) -> Result<(), RequestError> {
        let inflated = self.inflated.len();
        too_long("the inflated message", inflated, Limit::MessageBytes, limits)?;
        let proportionate = (self.stream.total_in() as usize).saturating_mul(limits.inflate_ratio);
        if inflated > limits.small_message && inflated > proportionate {
            return Err(RequestError::TooDense(limits.inflate_ratio));
        }
        Ok(())
    }

    /// The message and its size, which is that before spamd's splitting into lines: it loses
    /// the empty lines at the end and ends the last one.
    pub(super) fn finish(self) -> Result<(Vec<u8>, usize), RequestError> {
        if !self.ended {
            return Err(RequestError::NoEndOfZlib);
        }
        let mut message = self.inflated;
        let size = message.len();
        while message.last() == Some(&b'\n') {
            message.pop();
        }
        if !message.is_empty() {
            message.push(b'\n');
        }
        Ok((message, size))
    }
}

impl fmt::Debug for Inflation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} compressed bytes, {} inflated", self.taken, self.inflated.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    fn deflated(message: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(message).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(bytes: &[u8], limits: &Limits) -> Result<(Vec<u8>, usize), RequestError> {
        let mut inflation = Inflation::new();
        inflation.feed(bytes, limits)?;
        inflation.finish()
    }

    #[test]
    fn lines_are_ended_as_spamd_ends_them() {
        let cases = [
            ("", "", 0),
            ("a", "a\n", 1),
            ("a\n", "a\n", 2),
            ("a\n\n\n", "a\n", 4),
            ("a\r\n\r\n", "a\r\n\r\n", 5),
            ("\n\n", "", 2),
            ("\n\na\nb", "\n\na\nb\n", 5),
        ];
        for (text, message, size) in cases {
            let outcome = inflated(&deflated(text.as_bytes()), &Limits::default());
            assert_eq!(outcome, Ok((message.as_bytes().to_vec(), size)), "{text:?}");
        }
    }

    #[test]
    fn only_a_whole_stream_will_do_and_what_follows_it_does_not_count() {
        let limits = Limits::default();
        let whole = deflated(b"Subject: x\n\nbody\n");
        for cut in 0..whole.len() {
            assert_eq!(inflated(&whole[..cut], &limits), Err(RequestError::NoEndOfZlib), "{cut}");
        }
        assert!(inflated(&[&whole, &b"surplus"[..]].concat(), &limits).is_ok());
        let mut wrong_sum = whole.clone();
        *wrong_sum.last_mut().unwrap() ^= 1;
        for wrong in [&wrong_sum[..], b"plain text", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", &whole[2..]] {
            assert_eq!(inflated(wrong, &limits), Err(RequestError::NoEndOfZlib), "{wrong:?}");
        }
    }

    #[test]
    fn limit_inflate_ratio_holds_beyond_a_small_message() {
        let limits = Limits { small_message: 1000, ..Limits::default() };
        let text = vec![b'a'; 100_000];
        let bytes = deflated(&text);
        let with = |inflate_ratio| {
            let limits = Limits { inflate_ratio, ..limits.clone() };
            inflated(&bytes, &limits).err()
        };
        // It is looked at after each step, and the first bytes are the densest.
        let least = (1..5000).find(|&ratio| with(ratio).is_none()).unwrap();
        assert!(least >= text.len() / bytes.len());
        for (inflate_ratio, fits) in [(least + 1, true), (least, true), (least - 1, false)] {
            let error = (!fits).then_some(RequestError::TooDense(inflate_ratio));
            assert_eq!(with(inflate_ratio), error, "{inflate_ratio}");
        }
        let strict = Limits { inflate_ratio: 1, ..limits };
        assert!(inflated(&deflated(&text[..1000]), &strict).is_ok());
        assert!(inflated(&deflated(&text[..1001]), &strict).is_err());
    }

    #[test]
    fn limit_message_bytes_holds_for_what_is_inflated() {
        let bytes = deflated(&[b'a'; 5000]);
        for (message_bytes, fits) in [(5001, true), (5000, true), (4999, false)] {
            let limits = Limits { message_bytes, ..Limits::default() };
            assert_eq!(inflated(&bytes, &limits).is_ok(), fits, "{message_bytes}");
        }
    }

    proptest! {
        #[test]
        fn portions_make_no_difference(
            text in prop::collection::vec(any::<u8>(), 0..2000),
            flip in 0usize..4000,
            cut in 1usize..300,
        ) {
            let limits = Limits::default();
            let mut bytes = deflated(&text);
            if let Some(byte) = bytes.get_mut(flip) {
                *byte ^= 0x20;
            }
            let mut inflation = Inflation::new();
            let fed = bytes.chunks(cut).try_for_each(|portion| inflation.feed(portion, &limits));
            let outcome = fed.and_then(|()| inflation.finish());
            prop_assert_eq!(outcome, inflated(&bytes, &limits));
        }
    }
}
