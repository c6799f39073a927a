//! What the administrator's configuration says about reading a message.

use crate::limits::Limits;
use crate::text::domain::Registry;
use crate::text::net::NetSet;
use std::sync::Arc;

/// Takes a URI; gives the URI that it redirects to, if it is a redirector's.
pub type Redirector = Arc<dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// The settings of SpamAssassin's `.cf` language that decide what views look like.
///
/// The rules room fills them in from the files it reads; each field is the directive of
/// the same name, with its default.
#[derive(Clone)]
pub struct Settings {
    /// `trusted_networks`; `None` where nothing is configured.
    pub trusted_networks: Option<NetSet>,
    /// `internal_networks`; `None` where nothing is configured.
    pub internal_networks: Option<NetSet>,
    /// `msa_networks`.
    pub msa_networks: Option<NetSet>,
    /// `originating_ip_headers`, in order.
    pub originating_ip_headers: Vec<String>,
    /// `envelope_sender_header`.
    pub envelope_sender_header: Option<String>,
    /// `always_trust_envelope_sender`.
    pub always_trust_envelope_sender: bool,
    /// `normalize_charset`.
    pub normalize_charset: bool,
    /// `body_part_scan_size` in bytes; 0 means no limit.
    pub body_part_scan_size: usize,
    /// `rawbody_part_scan_size` in bytes; 0 means no limit.
    pub rawbody_part_scan_size: usize,
    /// `parse_dkim_uris`.
    pub parse_dkim_uris: bool,
    /// `util_rb_tld`, `util_rb_2tld`, `util_rb_3tld`.
    pub domains: Registry,
    /// `redirector_pattern`, in order.
    pub redirectors: Vec<Redirector>,
    /// The heights of all limits.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            trusted_networks: None,
            internal_networks: None,
            msa_networks: None,
            originating_ip_headers: Vec::new(),
            envelope_sender_header: None,
            always_trust_envelope_sender: false,
            normalize_charset: true,
            body_part_scan_size: 50_000,
            rawbody_part_scan_size: 500_000,
            parse_dkim_uris: true,
            domains: Registry::default(),
            redirectors: Vec::new(),
            limits: Limits::default(),
        }
    }
}
