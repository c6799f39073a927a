//! Which addresses are free mail: the providers' domains, and who is exempt all the same.
//!
//! In: `freemail_domains`, `freemail_welcomelist` and the lists that `freemail_import_*` names.
//! Out: yes or no for an address in lower case.

use super::super::{Binding, globs};
use super::known;
use crate::rules::options::{Options, Set};
use crate::rules::regex::{Caches, Exact, Overrun};

/// The lists, ready for use.
pub struct Domains {
    domains: Set,
    wildcards: Option<Exact>,
    welcome: Set,
    authenticated: Option<Exact>,
}

impl Domains {
    /// The lists as the rule files have them.
    pub fn new(to: &mut Binding) -> Result<Domains, String> {
        let options = &to.rules.options;
        let domains = options.set(b"freemail_domains").cloned().unwrap_or_default();
        let welcome = options.set(b"freemail_welcomelist").cloned().unwrap_or_default();
        let is_wild = |domain: &[u8]| domain.iter().any(|byte| b"*?".contains(byte));
        let wild: Vec<_> = domains.iter().filter(|domain| is_wild(domain)).cloned().collect();
        let authenticated = imported(options);
        Ok(Domains {
            wildcards: globs::any_of(b"@", &wild, b"[^.]*", to)?,
            authenticated: globs::any_of(b"^", &authenticated, b".*", to)?,
            domains,
            welcome,
        })
    }

    /// Is there no domain? Then nothing is free mail, and nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// Is `address`, in lower case, free mail that nothing exempts?
    pub fn hold(&self, address: &[u8], caches: &mut Caches) -> Result<bool, Overrun> {
        let domain = memchr::memrchr(b'@', address).and_then(|at| address.get(at + 1..));
        let domain = domain.unwrap_or(address);
        if address.is_empty()
            || self.welcome.contains(address)
            || self.welcome.contains(domain)
            || known::is_exempt(address)
            || matches(&self.authenticated, address, caches)?
        {
            return Ok(false);
        }
        Ok(self.domains.contains(domain) || matches(&self.wildcards, address, caches)?)
    }

    /// Is one of `all` free mail?
    pub fn hold_any(&self, all: &[Vec<u8>], caches: &mut Caches) -> Result<bool, Overrun> {
        for address in all {
            if self.hold(address, caches)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn matches(pattern: &Option<Exact>, text: &[u8], caches: &mut Caches) -> Result<bool, Overrun> {
    pattern.as_ref().map_or(Ok(false), |pattern| pattern.is_match(text, caches))
}

/// The entries of other lists that exempt an address, as far as the settings say so.
fn imported(options: &Options) -> Vec<Box<[u8]>> {
    let lists = [
        ("freemail_import_welcomelist_auth", &b"welcomelist_auth"[..]),
        ("freemail_import_def_welcomelist_auth", b"def_welcomelist_auth"),
    ];
    let imported = lists.into_iter().filter(|(switch, _)| options.flag(switch));
    imported.flat_map(|(_, list)| options.set(list).into_iter().flatten().cloned()).collect()
}
