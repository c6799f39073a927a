//! Authors who are welcome if the right domain has signed.

use super::{Looked, is_of};
use crate::engine::eval::{Binding, Test, hit_if, lists};
use crate::engine::profile::Profile;
use crate::engine::scan::Scan;
use crate::rules::model::Eval;
use crate::text::glob::Glob;
use std::sync::Arc;

/// `check_for_dkim_welcomelist_from`.
pub fn own(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| hit_if(is_welcome(scan, b"welcomelist_from_dkim", b"welcomelist_auth"))))
}

/// `check_for_def_dkim_welcomelist_from`.
pub fn default(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    let lists: (&[u8], &[u8]) = (b"def_welcomelist_from_dkim", b"def_welcomelist_auth");
    Ok(Arc::new(move |scan, _| hit_if(is_welcome(scan, lists.0, lists.1))))
}

/// The entries of `welcomelist_from_dkim` or its sister: authors, and who has to sign for them;
/// nothing for the author's own domain.
struct Entries(Vec<(Glob, Vec<Box<[u8]>>)>);

fn entries(setting: &[u8], profile: &Profile) -> Arc<Entries> {
    profile.made(setting, |options| {
        let name = std::str::from_utf8(setting).unwrap_or_default();
        let lists = options.lists(name).into_iter().flatten();
        Entries(lists.map(|(author, by)| (Glob::of_address(author), by.clone())).collect())
    })
}

/// Has an author of the message one of the signatures that the lists `signed` and `own` want?
fn is_welcome(scan: &mut Scan, signed: &[u8], own: &[u8]) -> bool {
    let Some(looked) = Looked::at(scan) else { return false };
    let standard = looked.standard();
    let held = looked.signatures().iter().filter(|each| standard.is_strong(each));
    let signers: Vec<Vec<u8>> = held.filter_map(|each| each.signer()).collect();
    if signers.is_empty() {
        return false;
    }
    let (entries, own) = (entries(signed, scan.profile()), lists::list(own, scan.profile()));
    looked.authors.addresses.iter().any(|author| {
        let author = author.to_ascii_lowercase();
        let at = memchr::memrchr(b'@', &author).map_or(author.len(), |at| at + 1);
        let domain = author.get(at..).unwrap_or_default();
        let wants = |by: &[u8]| signers.iter().any(|signer| is_accepted(by, signer, domain));
        let is_listed = |(glob, by): &(Glob, Vec<Box<[u8]>>)| {
            glob.matches_whole(&author) && by.iter().any(|by| wants(by))
        };
        (own.match_whole(&author) && signers.iter().any(|signer| *signer == *domain))
            || entries.0.iter().any(is_listed)
    })
}

/// Is `signer` who has to sign, or, where nobody is named, the author's own domain? `*.` and `.`
/// mean what is below, and not the domain itself. Of an address the domain counts.
fn is_accepted(by: &[u8], signer: &[u8], author: &[u8]) -> bool {
    let by = memchr::memrchr(b'@', by).and_then(|at| by.get(at + 1..)).unwrap_or(by);
    match by {
        b"" => signer == author,
        by => {
            let below = by.strip_prefix(b"*.").or(by.strip_prefix(b"."));
            is_of(by, signer) && below.is_none_or(|domain| domain != signer)
        }
    }
}
