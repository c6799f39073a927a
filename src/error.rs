//! The codes of `sysexits.h` that spamd's replies and our commands end with.
//!
//! Ring 0. The same numbers stand in a reply's first line (`SPAMD/1.0 76 …`) and in the
//! exit status of a command.

/// A number from `sysexits.h`; `EX_TIMEOUT` is spamd's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Everything went well.
    Ok = 0,
    /// A command was called in a way that it does not have.
    Usage = 64,
    /// The input was not what it should be.
    DataErr = 65,
    /// A file to be read is not there.
    NoInput = 66,
    /// A user that is named is not known.
    NoUser = 67,
    /// What was asked for is not built yet, or switched off.
    Unavailable = 69,
    /// A fault of our own.
    Software = 70,
    /// The system refused: a port is taken, a socket cannot be made.
    OsErr = 71,
    /// A file cannot be written.
    CantCreat = 73,
    /// Too much work at the moment: come back.
    TempFail = 75,
    /// The client did not keep to the protocol.
    Protocol = 76,
    /// The caller may not do this.
    NoPerm = 77,
    /// The configuration is wrong.
    Config = 78,
    /// The client or the scan took too long.
    Timeout = 79,
}

impl Code {
    /// The number as it is written in a reply or handed to the system.
    pub fn number(self) -> u8 {
        self as u8
    }
}
