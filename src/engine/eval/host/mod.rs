//! The sending host, its sender and its header: tests of our own.
//!
//! In: the host that handed the message over from outside ([`peer`]), the sender's mailboxes
//! ([`sender`]), the chain of Received lines ([`chain`]), the header block ([`fields`],
//! [`lines`]), and what DNS says of the first two ([`network`]). Out: hits. Each eval function
//! names one property of one of these; the tables below the families list them. What a family
//! looks at is found out once for a message.
//!
//! Mail that was handed in by ourselves, or by who authenticated himself, has none of these
//! properties; mail without a host from outside has none of the host's. A name that DNS did not
//! answer for has no property of [`network`].

#[cfg(test)]
mod cases;
mod chain;
mod fields;
mod lines;
mod name;
mod network;
mod peer;
mod rdns;
mod sender;
mod shape;
mod stamp;
mod words;

pub use network::errand;

use super::own::PLUGIN;
use super::{Row, Test, at_most, hit_if, literal};
use crate::engine::scan::Scan;
use crate::message::relay::Side;
use crate::message::view::Views;
use crate::rules::model::Eval;
use std::any::Any;
use std::sync::Arc;

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new(PLUGIN, "check_helo", "('property')", "the name that the sending host gave itself has the property", |call, _| property(call, peer::HELO, peer::facts)),
    Row::new(PLUGIN, "check_rdns", "('property')", "the name of the sending host that a header tells has the property", |call, _| property(call, rdns::TABLE, peer::facts)),
    Row::new(PLUGIN, "check_sender", "('envelope' | 'from', 'property')", "the sender's mailbox has the property", sender::bind),
    Row::new(PLUGIN, "check_received", "('property')", "the chain of Received lines has the property", |call, _| property(call, chain::TABLE, chain::facts)),
    Row::new(PLUGIN, "check_field", "('property')", "a header field has the property", |call, _| property(call, fields::TABLE, fields::facts)),
    Row::new(PLUGIN, "check_lines", "('property')", "the message's lines, as they came, have the property", |call, _| property(call, lines::TABLE, lines::facts)),
    Row::waiting(PLUGIN, "check_helo_dns", "('property')", "DNS says of the name that the sending host gave itself", |call, _| network::bind(call, network::HELO)),
    Row::waiting(PLUGIN, "check_rdns_dns", "('property')", "DNS says of the sending host's names", |call, _| network::bind(call, network::RDNS)),
    Row::waiting(PLUGIN, "check_sender_dns", "('envelope' | 'from', 'property')", "DNS says of the sender's domain", |call, _| network::bind_sender(call)),
];

/// A property: its name in rule files, and whether it holds.
struct Property<T: 'static> {
    name: &'static str,
    holds: fn(&T) -> bool,
}

/// What stands in a family's table.
const fn has<T>(name: &'static str, holds: fn(&T) -> bool) -> Property<T> {
    Property { name, holds }
}

/// The property that argument number `index` of `call`, its last, names.
fn find<T>(
    call: &Eval,
    index: usize,
    table: &'static [Property<T>],
) -> Result<fn(&T) -> bool, String> {
    at_most(call, index + 1)?;
    let name = literal(call, index)?;
    let known = table.iter().find(|property| property.name.as_bytes() == name);
    known.map(|property| property.holds).ok_or_else(|| {
        let names: Vec<_> = table.iter().map(|property| property.name).collect();
        let name = name.escape_ascii();
        format!("{} knows no '{name}'; there are {}", call.function, names.join(", "))
    })
}

/// The test whether what `facts` finds has the property that the call names.
fn property<T: Any + Send + Sync>(
    call: &Eval,
    table: &'static [Property<T>],
    facts: fn(&mut Scan) -> Arc<Noted<T>>,
) -> Result<Test, String> {
    let holds = find(call, 0, table)?;
    Ok(Arc::new(move |scan, _| hit_if(facts(scan).0.as_ref().is_some_and(holds))))
}

/// What was found out of a message; `None` where there is nothing to look at.
struct Noted<T>(Option<T>);

/// Did we hand the message in ourselves, or somebody who authenticated himself? Without any
/// Received line nobody knows, and the header stands for itself.
fn is_our_own(views: &Views) -> bool {
    let relays = views.relays();
    match relays.side(Side::External).first() {
        Some(first) => first.msa || !first.auth.is_empty(),
        None => !relays.side(Side::Internal).is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::wrong;
    use super::*;

    #[test]
    fn wrong_arguments_are_found_when_rules_are_loaded() {
        let lines = "header A eval:check_helo('our_name')\n\
            header B eval:check_helo('no_such_property')\n\
            header C eval:check_helo()\n\
            header D eval:check_sender('envelope', 'one_label')\n\
            header E eval:check_sender('reply-to', 'one_label')\n\
            header F eval:check_sender('from')\n\
            header G eval:check_received('order_hour', 'x')\n\
            header H eval:check_sender_dns('from', 'null_mx')\n\
            header I eval:check_sender_dns('from', 'mx')\n";
        assert_eq!(wrong("", lines), ["B", "C", "E", "F", "G", "I"]);
    }

    #[test]
    fn no_property_has_two_meanings() {
        fn check<T>(table: &[Property<T>]) {
            for (index, property) in table.iter().enumerate() {
                let later = table.iter().skip(index + 1);
                assert!(
                    later.into_iter().all(|other| other.name != property.name),
                    "{}",
                    property.name
                );
            }
        }
        check(peer::HELO);
        check(rdns::TABLE);
        check(sender::TABLE);
        check(chain::TABLE);
        check(fields::TABLE);
        check(lines::TABLE);
        check(network::HELO);
        check(network::RDNS);
        check(network::SENDER);
    }
}
