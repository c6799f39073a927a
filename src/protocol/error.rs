//! Why a request is refused, in spamd's words.

use crate::error::Code;
use crate::limits::{Limit, Limits};
use crate::text::shown::shown;

/// Why a request is refused. Its text is the reply's, as spamd words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The first line asks for nothing that we know.
    #[error("Bad header line: {}", shown(.0))]
    UnknownCommand(Vec<u8>),
    /// End of input before the first byte.
    #[error("Bad header line: (closed before headers)")]
    Closed,
    /// End of input among the headers.
    #[error("Bad header line: (EOF during headers)")]
    EndOfHeaders,
    /// A line without a colon, which an empty line with a bare LF is too.
    #[error("Bad header line: (header not in 'Name: value' format)")]
    NotAHeader,
    /// A `Content-length` that is not made of digits.
    #[error("Bad header line: (Content-Length contains non-numeric bytes)")]
    LengthNotANumber,
    /// A user's name with control characters.
    #[error("Bad header line: (User header contains control chars)")]
    UserControls,
    /// `Compress` with an unknown method.
    #[error("Bad header line: (compression type not supported: {})", shown(.0))]
    UnknownCompression(Vec<u8>),
    /// `Compress` without a `Content-length`.
    #[error("Service Unavailable: Compress requires Content-length header")]
    CompressedWithoutLength,
    /// What came compressed is no zlib stream, or not all of one. The line feed is spamd's.
    #[error("Service Unavailable: zlib: failed to find end of zlib stream\n")]
    NoEndOfZlib,
    /// More or fewer bytes than announced.
    #[error(
        "Bad header line: (Content-Length mismatch: Expected {expected} bytes, got {got} bytes)"
    )]
    LengthMismatch {
        /// The header's digits, as sent.
        expected: String,
        /// What came, to the end of the line that went over.
        got: usize,
    },
    /// More headers than spamd reads.
    #[error("Bad header line: (too many headers)")]
    TooManyHeaders,
    /// A line, the head or the message is longer than its limit.
    #[error("Bad header line: ({what} is longer than {height} bytes, limits.{name})")]
    TooLong {
        /// Which part of the request.
        what: &'static str,
        /// The limit's height.
        height: usize,
        /// The limit's name in the configuration.
        name: &'static str,
        /// The limit.
        limit: Limit,
    },
    /// A compressed message that grows out of all proportion.
    #[error(
        "Bad header line: (the message inflates to more than {0} times its bytes, \
         limits.inflate_ratio)"
    )]
    TooDense(usize),
    /// TELL, which spamd refuses in these words until it is allowed.
    #[error("Service Unavailable: TELL commands are not enabled, set the --allow-tell switch.")]
    TellNotAllowed,
    /// TELL that sets and removes at one place, which is `local` or `remote`.
    #[error("Bad header line: Unable to set {0} and remove {0} in the same operation.")]
    SetAndRemove(&'static str),
}

impl RequestError {
    /// The code of the reply.
    pub fn code(&self) -> Code {
        match self {
            RequestError::CompressedWithoutLength
            | RequestError::NoEndOfZlib
            | RequestError::TellNotAllowed => Code::Unavailable,
            _ => Code::Protocol,
        }
    }

    /// The limit that was gone over, if that is what happened.
    pub fn limit(&self) -> Option<Limit> {
        match self {
            RequestError::TooLong { limit, .. } => Some(*limit),
            RequestError::TooManyHeaders => Some(Limit::RequestHeaders),
            RequestError::TooDense(_) => Some(Limit::InflateRatio),
            _ => None,
        }
    }
}

/// Holds the `length` of `what` against the height of `limit`.
pub(super) fn too_long(
    what: &'static str,
    length: usize,
    limit: Limit,
    limits: &Limits,
) -> Result<(), RequestError> {
    let height = limits.get(limit);
    if length <= height {
        return Ok(());
    }
    let row = crate::limits::TABLE.iter().find(|row| row.limit == limit);
    let name = row.map_or("", |row| row.name);
    Err(RequestError::TooLong { what, height, name, limit })
}
