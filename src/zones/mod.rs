//! Block lists held locally: whole copies of DNS lists in memory, and what a name server would
//! answer from them.
//!
//! [`load`] reads a zone's files, [`Zone`] holds the tables and is asked. `Served` is several
//! zones as a name server has them; `listener` is that server. A [`Zone`] can be written to a
//! file and mapped again (`compiled`).
//!
//! What a file means and what is answered from it is rbldnsd's to say (rbldnsd(8));
//! `doc/ZONES.md` tells what differs on purpose.
//!
//! Ring 2. May use `dns`'s types, `fetch`, `text`, `limits`, `clock`, `metrics`.

mod answer;
mod compiled;
mod formats;
pub mod held;
mod lines;
pub mod listener;
mod load;
mod mapped;
mod name;
mod served;
mod table;
mod template;
mod zone;

pub use answer::Room;
pub use compiled::Unusable;
pub use formats::{Format, LISTED};
pub use load::{Complaint, Content, Dataset, Error, Facts, File, Options, load};
pub use served::Served;
pub use zone::{Hit, Hits, Value, Zone};
