//! Senders and recipients on lists: `welcomelist_from`, `blocklist_to`, `enlist_addrlist`, …
//!
//! In: the addresses that headers and envelope name, the relays, the lists. Out: hits, with
//! nothing to show. The lists are those of the settings in force: a user's own, where he has
//! changed one ([`Profile::made`]). Mail::SpamAssassin::Conf(3), "WELCOMELIST AND BLOCKLIST
//! OPTIONS"; Mail::SpamAssassin::Plugin::WLBLEval.

mod relayed;

use super::{Binding, MISS, Row, Test, hit_if, literal};
use crate::engine::profile::Profile;
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::relay::{Relay, Side};
use crate::message::view::Views;
use crate::message::{recipients, senders};
use crate::rules::model::Eval;
use crate::text::domain;
use crate::text::glob::Globs;
use relayed::{Relayed, Standing};
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::WLBLEval";

const FROM_WELCOME: &str =
    "a sender is in welcomelist_from, or in welcomelist_from_rcvd with one of its relays";
const FROM_DEFAULT: &str = "a sender is in def_welcomelist_from_rcvd with one of its relays";
const FORGED: &str =
    "a sender is in welcomelist_from_rcvd with other relays only, and not in the default list";
const FORGED_DEFAULT: &str =
    "a sender is in def_welcomelist_from_rcvd with other relays only, and not in the user's list";

/// The functions. Old names are those of before version 4.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new(PLUGIN, "check_from_in_blocklist", "()", "a sender is in blocklist_from", from_blocklist),
    Row::new(PLUGIN, "check_from_in_blacklist", "()", "a sender is in blocklist_from", from_blocklist),
    Row::new(PLUGIN, "check_to_in_blocklist", "()", "a recipient is in blocklist_to", to_blocklist),
    Row::new(PLUGIN, "check_to_in_blacklist", "()", "a recipient is in blocklist_to", to_blocklist),
    Row::new(PLUGIN, "check_to_in_welcomelist", "()", "a recipient is in welcomelist_to", to_welcomelist),
    Row::new(PLUGIN, "check_to_in_whitelist", "()", "a recipient is in welcomelist_to", to_welcomelist),
    Row::new(PLUGIN, "check_to_in_more_spam", "()", "a recipient is in more_spam_to", to_more_spam),
    Row::new(PLUGIN, "check_to_in_all_spam", "()", "a recipient is in all_spam_to", to_all_spam),
    Row::new(PLUGIN, "check_from_in_list", "('list')", "a sender is in the list, an address list's setting or one of enlist_addrlist", from_list),
    Row::new(PLUGIN, "check_replyto_in_list", "('list')", "the first address in Reply-To is in the list", reply_to_list),
    Row::new(PLUGIN, "check_to_in_list", "('list')", "a recipient is in the list", to_list),
    Row::new(PLUGIN, "check_from_in_welcomelist", "()", FROM_WELCOME, from_welcomelist),
    Row::new(PLUGIN, "check_from_in_whitelist", "()", FROM_WELCOME, from_welcomelist),
    Row::new(PLUGIN, "check_from_in_default_welcomelist", "()", FROM_DEFAULT, from_default),
    Row::new(PLUGIN, "check_from_in_default_whitelist", "()", FROM_DEFAULT, from_default),
    Row::new(PLUGIN, "check_forged_in_welcomelist", "()", FORGED, forged),
    Row::new(PLUGIN, "check_forged_in_whitelist", "()", FORGED, forged),
    Row::new(PLUGIN, "check_forged_in_default_welcomelist", "()", FORGED_DEFAULT, forged_default),
    Row::new(PLUGIN, "check_forged_in_default_whitelist", "()", FORGED_DEFAULT, forged_default),
    Row::new(PLUGIN, "check_mailfrom_matches_rcvd", "()", "the envelope sender's registered domain is that of the newest untrusted relay, or of a trusted one where there is no other", sender_relayed),
];

/// All senders, in lower case.
struct Senders(Vec<Vec<u8>>);
/// All recipients, in lower case.
struct Recipients(Vec<Vec<u8>>);

fn lower(mut addresses: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    addresses.iter_mut().for_each(|address| address.make_ascii_lowercase());
    addresses
}

fn senders_of(scan: &mut Scan) -> Arc<Senders> {
    scan.facts(|scan| Senders(lower(senders::all(&scan.views().source()))))
}

fn recipients_of(scan: &mut Scan) -> Arc<Recipients> {
    scan.facts(|scan| Recipients(lower(recipients::all(&scan.views().source()))))
}

/// A list of addresses, ready for use.
pub(super) fn list(name: &[u8], profile: &Profile) -> Arc<Globs> {
    profile.made(name, |options| {
        let entries = options.set(name).into_iter().flatten();
        Globs::new(entries.map(|entry| &**entry))
    })
}

fn sender_in(name: &[u8]) -> Result<Test, String> {
    let name = name.to_vec();
    Ok(Arc::new(move |scan, _| {
        let list = list(&name, scan.profile());
        let is_in = |address: &Vec<u8>| list.match_whole(address);
        hit_if(!list.is_empty() && senders_of(scan).0.iter().any(is_in))
    }))
}

fn recipient_in(name: &[u8]) -> Result<Test, String> {
    let name = name.to_vec();
    Ok(Arc::new(move |scan, _| {
        let list = list(&name, scan.profile());
        let is_in = |address: &Vec<u8>| list.match_whole(address);
        hit_if(!list.is_empty() && recipients_of(scan).0.iter().any(is_in))
    }))
}

fn from_blocklist(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    sender_in(b"blocklist_from")
}

fn to_blocklist(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    recipient_in(b"blocklist_to")
}

fn to_welcomelist(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    recipient_in(b"welcomelist_to")
}

fn to_more_spam(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    recipient_in(b"more_spam_to")
}

fn to_all_spam(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    recipient_in(b"all_spam_to")
}

fn from_list(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    sender_in(literal(call, 0)?)
}

fn to_list(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    recipient_in(literal(call, 0)?)
}

fn reply_to_list(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let name = literal(call, 0)?.to_vec();
    let query = HeaderQuery::ask(b"Reply-To:addr");
    Ok(Arc::new(move |scan, _| {
        let list = list(&name, scan.profile());
        if list.is_empty() {
            return Ok(MISS);
        }
        let address = query.first(&scan.views().source()).unwrap_or_default();
        hit_if(!address.is_empty() && list.match_whole(&address.to_ascii_lowercase()))
    }))
}

/// The relays that a sender's mail may come from: the newest untrusted one; trusted ones only
/// where there is no other, as anybody can write what untrusted ones say.
fn nearest(views: &Views) -> &[Relay] {
    let relays = views.relays();
    match relays.side(Side::Untrusted) {
        [] => relays.side(Side::Trusted),
        [first, ..] => std::slice::from_ref(first),
    }
}

/// How the message stands to `setting`, a list of senders and their relays.
fn standing(setting: &[u8], scan: &mut Scan) -> Standing {
    let list = scan.profile().made(setting, |options| Relayed::new(setting, options));
    if list.is_empty() || nearest(scan.views()).is_empty() {
        return Standing::Absent;
    }
    let exempt = self::list(b"welcomelist_allows_relays", scan.profile());
    let senders = senders_of(scan);
    let relays = nearest(scan.views());
    let each = senders.0.iter().map(|sender| match list.look_up(sender, relays) {
        Standing::Forged if exempt.match_whole(sender) => Standing::Absent,
        other => other,
    });
    each.max().unwrap_or(Standing::Absent)
}

fn own_standing(scan: &mut Scan) -> Standing {
    let list = list(b"welcomelist_from", scan.profile());
    if !list.is_empty() && senders_of(scan).0.iter().any(|sender| list.match_whole(sender)) {
        return Standing::Welcome;
    }
    standing(b"welcomelist_from_rcvd", scan)
}

fn default_standing(scan: &mut Scan) -> Standing {
    standing(b"def_welcomelist_from_rcvd", scan)
}

fn from_welcomelist(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| hit_if(own_standing(scan) == Standing::Welcome)))
}

fn from_default(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| hit_if(default_standing(scan) == Standing::Welcome)))
}

fn forged(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| {
        hit_if(own_standing(scan) == Standing::Forged && default_standing(scan) == Standing::Absent)
    }))
}

fn forged_default(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| {
        hit_if(default_standing(scan) == Standing::Forged && own_standing(scan) == Standing::Absent)
    }))
}

fn sender_relayed(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    let query = HeaderQuery::ask(b"EnvelopeFrom:addr");
    Ok(Arc::new(move |scan, _| {
        let views = scan.views();
        let relays = nearest(views);
        if relays.is_empty() {
            return Ok(MISS);
        }
        let sender = query.first(&views.source()).unwrap_or_default();
        let Some(host) = host_with_dot(&sender) else { return Ok(MISS) };
        let domain = registered(host, views);
        let matches = |hop: &Relay| !hop.rdns.is_empty() && registered(&hop.rdns, views) == domain;
        hit_if(relays.iter().any(matches))
    }))
}

/// What comes after the last `@`, if it has a dot inside.
fn host_with_dot(address: &[u8]) -> Option<&[u8]> {
    let host = address.get(memchr::memrchr(b'@', address)? + 1..)?;
    let inside = host.get(1..host.len().checked_sub(1)?)?;
    inside.contains(&b'.').then_some(host)
}

/// The part of a host's name that is registered, in lower case and ASCII.
fn registered(host: &[u8], views: &Views) -> Vec<u8> {
    let mut host = domain::to_ascii(&host.to_ascii_lowercase()).into_owned();
    host.dedup_by(|next, last| (*next, *last) == (b'.', b'.'));
    views.settings().domains.split(&host).1.to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::tests::wrong;
    use crate::engine::{Curve, Engine, Options};
    use crate::limits::Limits;
    use crate::rules::{self, Sources, UserPrefs};
    use std::sync::Arc;

    const PRE: &str = "loadplugin Mail::SpamAssassin::Plugin::WLBLEval\n\
        loadplugin Mail::SpamAssassin::Plugin::HeaderEval\n";

    fn hits(engine: &Engine, prefs: &str) -> String {
        let limits = Limits::default();
        let base = Arc::clone(engine.rules());
        let prefs = UserPrefs::read(base, "user_prefs", prefs.as_bytes(), &limits);
        let profile = Some(Arc::new(engine.profile(&prefs)));
        let options = Options { profile, ..Options::default() };
        let mail = b"Received: from h (h.x.com [9.9.9.9]) by me (Postfix) with ESMTP id 1234\n\
            From: ann@x.com\nTo: ben@y.com\nReply-To: eve@z.com\n\
            Subject: =?koi8-r?q?=C1?=\n\nhttp://www.shop.com/\n";
        let verdict = engine.scan(&mut engine.worker(), mail.to_vec(), &options);
        let mut names: Vec<_> = verdict.hits.iter().map(|hit| hit.name.to_string()).collect();
        names.sort_unstable();
        names.join(" ")
    }

    #[test]
    fn a_users_lists_are_his_own() {
        let lines = "util_rb_tld com\nwelcomelist_from ann@x.com\n\
            header WELCOME eval:check_from_in_welcomelist()\n\
            header BLOCK eval:check_from_in_blocklist()\n\
            header TO eval:check_to_in_all_spam()\n\
            header REPLY eval:check_replyto_in_list('MINE')\n\
            header FAR eval:check_for_faraway_charset_in_headers()\n\
            body HOST eval:check_uri_host_in_blocklist()\n";
        let sources = Sources { pre_lines: PRE.as_bytes().to_vec(), ..Sources::of_lines(lines) };
        let limits = Limits::default();
        let rules = Arc::new(rules::load(&sources, &limits));
        let engine = Engine::new(rules, Curve::default(), &limits);
        assert_eq!(hits(&engine, ""), "WELCOME");
        assert_eq!(hits(&engine, "unwelcomelist_from ann@x.com\n"), "");
        assert_eq!(hits(&engine, "blocklist_from *@x.com\nall_spam_to b*\n"), "BLOCK TO WELCOME");
        assert_eq!(hits(&engine, "enlist_addrlist (MINE) eve@*\n"), "REPLY WELCOME");
        assert_eq!(hits(&engine, "blocklist_uri_host shop.com\n"), "HOST WELCOME");
        assert_eq!(hits(&engine, "ok_locales en\n"), "FAR WELCOME");
        let relayed = "unwelcomelist_from ann@x.com\nwelcomelist_from_rcvd ann@x.com x.com\n";
        assert_eq!(hits(&engine, relayed), "WELCOME");
        assert_eq!(hits(&engine, ""), "WELCOME");
    }

    #[test]
    fn a_list_must_be_named() {
        let lines = "header A eval:check_from_in_list()\nheader B eval:check_to_in_list()\n\
            header C eval:check_replyto_in_list()\nheader D eval:check_to_in_list('X')\n";
        assert_eq!(wrong(PRE, lines), ["A", "B", "C"]);
    }
}
