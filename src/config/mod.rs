//! What the administrator sets in `mailprint.yaml`.
//!
//! One table ([`table::TABLE`]) names every setting with type, unit, default, range and
//! meaning; the commented sample, the man page `mailprint.yaml(5)` and `mailprint config`
//! are made from it. What is set comes from, later ones winning: the table, the file, the
//! environment (`MAILPRINT_…`), the command line.
//!
//! SpamAssassin's own settings are not here: they stay in `.cf` files.
//!
//! Ring 0.

pub mod address;
pub mod feeds;
pub mod load;
pub mod sample;
pub mod table;
pub mod zones;

pub use address::{Listen, Unsaid};
pub use load::{ConfigError, PATH, load};
pub use table::{Config, Setting, TABLE};
