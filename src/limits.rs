//! Every limit: its name, its default, its unit and the reason for it, in one table.
//!
//! Mail, clients and rule files are hostile. A limit is therefore never a number in the
//! code: it is a row here, which makes it a setting (`limits.<name>` in `mailprint.yaml`),
//! a counter (`limit_hit{name="…"}`) and a line in `doc/THREATS.md`. Reaching one is a
//! recorded fact ([`Reached`]), never a lost message.

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Octets.
    Bytes,
    /// Things: parts, headers, tags.
    Count,
    /// Thousandths of a second.
    Milliseconds,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The limit, as [`Reached`] records it.
    pub limit: Limit,
    /// The name in the configuration and in the metric.
    pub name: &'static str,
    /// The name of the setting: `limits.` and the name.
    pub setting: &'static str,
    /// The value without configuration.
    pub default: usize,
    /// What it counts.
    pub unit: Unit,
    /// Why it is there, and why at this height.
    pub reason: &'static str,
}

macro_rules! limits {
    ($($limit:ident $name:ident = $default:expr, $unit:ident, $reason:literal;)*) => {
        /// The limits by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Limit { $(#[doc = $reason] $limit,)* }

        /// The heights in force. `Limits::default()` is the table's own.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits { $(#[doc = $reason] pub $name: usize,)* }

        impl Default for Limits {
            fn default() -> Self {
                Limits { $($name: $default,)* }
            }
        }

        /// The whole table, in the order of the documentation.
        pub const TABLE: &[Row] = &[$(Row {
            limit: Limit::$limit,
            name: stringify!($name),
            setting: concat!("limits.", stringify!($name)),
            default: $default,
            unit: Unit::$unit,
            reason: $reason,
        },)*];

        impl Limits {
            /// The height of `limit`.
            pub fn get(&self, limit: Limit) -> usize {
                match limit { $(Limit::$limit => self.$name,)* }
            }

            /// Sets the height of the limit called `name`; false if there is none.
            pub fn set(&mut self, name: &str, value: usize) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

limits! {
    // What a client may send.
    RequestLine request_line = 8 * 1024, Bytes,
        "a request or request-header line; spamc's longest is under 1 KiB";
    RequestHeaders request_headers = 256, Count,
        "request headers before the message; spamd's own bound";
    RequestHead request_head = 64 * 1024, Bytes,
        "command line and request headers together";
    MessageBytes message_bytes = 256 << 20, Bytes,
        "a message accepted; spamc's own upper bound for --max-size";
    InflateRatio inflate_ratio = 200, Count,
        "a compressed message larger than small_message, for each byte of it that came; text gives 3 to 20";
    Connections connections = 1024, Count,
        "connections open at once; more are refused, not queued";
    ReadMilliseconds read_milliseconds = 30_000, Milliseconds,
        "from accept to the last byte of a request; spamd's --timeout-tcp";
    RequestBytes request_bytes = 1 << 30, Bytes,
        "messages held by all connections together beyond small_message; one more byte is told to come back";
    SmallMessage small_message = 1 << 20, Bytes,
        "the part of a message that does not count for request_bytes, so that small mail always gets in";
    WriteMilliseconds write_milliseconds = 30_000, Milliseconds,
        "from the first to the last byte of a reply; a client that does not read is dropped";
    LingerMilliseconds linger_milliseconds = 1_000, Milliseconds,
        "what a client still sends after its reply is read and dropped for so long, so that the reply arrives";
    DrainMilliseconds drain_milliseconds = 30_000, Milliseconds,
        "from SIGTERM until requests that are not answered yet are cut off";
    ScanMilliseconds scan_milliseconds = 300_000, Milliseconds,
        "a whole scan; spamd's --timeout-child";
    QueuedScans queued_scans = 256, Count,
        "requests that wait for a scan worker; one more is told to come back";

    // Users' preferences.
    UserPrefs user_prefs = 256 * 1024, Bytes,
        "a user's file of preferences; a longer one is not read";
    PrefsMilliseconds prefs_milliseconds = 5_000, Milliseconds,
        "for a user to be looked up and their preferences to be opened; after that the message is scanned without them";
    UserProfiles user_profiles = 256, Count,
        "users whose preferences are kept ready";
    UserPrograms user_programs = 8, Count,
        "users with rules of their own (allow_user_rules) whose programs are kept ready";

    // The header block.
    HeaderName header_name = 256, Bytes,
        "a header field's name; SpamAssassin cuts there (Constants.pm)";
    HeaderValue header_value = 8 * 1024, Bytes,
        "a header field's value; SpamAssassin cuts there";
    HeaderBlock header_block = 64 * 1024, Bytes,
        "all headers of one part together; SpamAssassin cuts there";
    Headers headers = 65_536, Count,
        "header fields of a whole message, so high that none hides behind others";
    Addresses addresses = 1024, Count,
        "addresses read from all headers of one name";
    ReceivedHops received_hops = 256, Count,
        "Received lines read as relays";
    HostNames host_names = 8, Count,
        "names of a sending host, and exchangers of a sender's domain, whose addresses are asked for";

    // The MIME tree.
    MimeParts mime_parts = 1000, Count,
        "parts of one multipart; SpamAssassin stops there (CVE-2019-12420)";
    MimeTree mime_tree = 10_000, Count,
        "parts of a whole message; SpamAssassin has no such bound";
    MimeDepth mime_depth = 20, Count,
        "nesting of multiparts and attached messages; SpamAssassin stops there";

    // HTML and URIs.
    HtmlDepth html_depth = 65_536, Count,
        "open elements whose style is remembered";
    HtmlTags html_tags = 1 << 20, Count,
        "tags of one part that are interpreted; text after them is still read";
    HtmlAttributes html_attributes = 4096, Count,
        "attributes of one tag";
    Uris uris = 10_000, Count,
        "distinct URIs of a message";
    UriLength uri_length = 8192, Bytes,
        "a URI; SpamAssassin cuts there and says so (uri_truncated)";
    UriNesting uri_nesting = 20, Count,
        "redirectors within redirectors that are followed";

    // Questions to the DNS.
    WaitingScans waiting_scans = 4096, Count,
        "scans that wait for the network; more do not ask it and go by the message alone";
    DnsQuestions dns_questions = 1000, Count,
        "questions about one message; 20 URI hosts in all stock lists take about 300";
    DnsInFlight dns_in_flight = 512, Count,
        "questions on the wire at once, a socket each; more wait";
    DnsQueued dns_queued = 8192, Count,
        "questions that wait to be sent; one more fails";
    DnsRecords dns_records = 512, Count,
        "records of an answer that are read; a chain of aliases has under 20";
    DnsCacheEntries dns_cache_entries = 200_000, Count,
        "answers kept; those used least go first";
    DnsCacheBytes dns_cache_bytes = 64 << 20, Bytes,
        "memory of the answers kept, overhead included";
    DnsKeepMilliseconds dns_keep_milliseconds = 86_400_000, Milliseconds,
        "an answer kept, whatever its records say; a day";
    DnsKeepNegativeMilliseconds dns_keep_negative_milliseconds = 3_600_000, Milliseconds,
        "an answer kept that there is nothing, whatever its zone says; RFC 2308 has one to three hours";
    DnsKeepFailureMilliseconds dns_keep_failure_milliseconds = 5_000, Milliseconds,
        "a failure kept, so that one dead server is not asked again by every message";

    // Signatures.
    Signatures signatures = 51, Count,
        "DKIM signatures that are looked at, and half of what is of ARC; Mail::DKIM's own height";
    SigningKeyBits signing_key_bits = 16_384, Count,
        "bits of a signer's key that is used; OpenSSL's own height";
    AuthorDomains author_domains = 10, Count,
        "domains of authors whose signing practices are asked for";

    // What the network is asked.
    SpfTerms spf_terms = 20, Count,
        "terms of SPF records that ask the DNS, in one check; SpamAssassin's own height, RFC 7208 says 10";
    SpfNames spf_names = 10, Count,
        "mail exchangers of an SPF term, or names of a client, whose addresses are asked for";
    SpfVoidLookups spf_void_lookups = 2, Count,
        "questions of SPF terms whose answer is empty, in one check; as RFC 7208 advises";
    SpfExpansion spf_expansion = 8 * 1024, Bytes,
        "a name or an explanation of an SPF record with its macros filled in";
    SpfQuestionMilliseconds spf_question_milliseconds = 3_000, Milliseconds,
        "one question of SPF to the DNS; SpamAssassin's own patience. spf_timeout is for a whole check";

    // What is fetched from elsewhere.
    FetchConnectMilliseconds fetch_connect_milliseconds = 10_000, Milliseconds,
        "from a server's address to the end of its TLS handshake, for a download";
    FetchStallMilliseconds fetch_stall_milliseconds = 30_000, Milliseconds,
        "between two pieces of a download; a server that is silent for longer is given up";
    FetchMilliseconds fetch_milliseconds = 600_000, Milliseconds,
        "a whole download, redirects included";
    FetchBytes fetch_bytes = 512 << 20, Bytes,
        "a downloaded file, unpacked; the largest list of names known has a third of it";
    FetchRedirects fetch_redirects = 5, Count,
        "redirects that a download follows";
    FeedDeltaBytes feed_delta_bytes = 64 << 20, Bytes,
        "a delta of a feed; one of a minute has under 10 KiB, one of a day of a large feed 10 MiB";
    FeedEntries feed_entries = 64_000_000, Count,
        "entries of a feed, and of one of its files; 10 million are a large feed";
    FeedChangeEntries feed_change_entries = 1000, Count,
        "entries of one list that a step of a feed may add or remove without being held to a share of the list";
    FeedOverlay feed_overlay = 50_000, Count,
        "entries of a feed that changed since it was last written down; one more, and it is written anew";

    // Fingerprints.
    FingerprintTexts fingerprint_texts = 4, Count,
        "texts of one message that fingerprints are made of; a mail has one or two";
    FingerprintText fingerprint_text = 256 * 1024, Bytes,
        "of one text, as it came: the first half and the last half of so much";
    FingerprintTokens fingerprint_tokens = 16_384, Count,
        "words of one text; a newsletter has 2,000";
    FingerprintLinks fingerprint_links = 256, Count,
        "references to other documents; those after them are not looked at";
    FingerprintElements fingerprint_elements = 4096, Count,
        "start tags of one HTML part whose order is looked at";
    FingerprintFiles fingerprint_files = 64, Count,
        "files of one message, those in data: URLs included";
    FingerprintContacts fingerprint_contacts = 256, Count,
        "addresses, numbers and names of one message by which somebody could be reached";
    FingerprintFile fingerprint_file = 16 << 20, Bytes,
        "of one file that is cut into chunks, unpacked and read; its digest is that of all of it";
    ArchiveDepth archive_depth = 3, Count,
        "archives within archives that are unpacked";
    ArchiveMembers archive_members = 64, Count,
        "members of all archives of one message that are unpacked";
    ArchiveBytes archive_bytes = 32 << 20, Bytes,
        "unpacked from all archives and documents of one message";
    ArchiveRatio archive_ratio = 200, Count,
        "bytes unpacked for each byte packed, beyond the first 64 KiB; text gives 3 to 20";
    DocumentText document_text = 64 * 1024, Bytes,
        "text taken out of one document";
    DocumentStreams document_streams = 256, Count,
        "pieces of one document that are unpacked and read";
    FingerprintImages fingerprint_images = 6, Count,
        "images of one message that are decoded";
    ImagePixels image_pixels = 4 << 20, Count,
        "pixels of an image that is decoded, as its header has them; a screen has two million";
    ImageMilliseconds image_milliseconds = 100, Milliseconds,
        "after that no further image of a message is decoded; one takes 2 to 20";
    FingerprintPhrases fingerprint_phrases = 8 << 20, Count,
        "phrases of wanted mail that are remembered; a wanted message brings 200 new ones at first";

    // What is taught and kept.
    LessonFingerprints lesson_fingerprints = 1024, Count,
        "fingerprints of one message that are learned; a mail has 20 to 100";
    LessonPhrases lesson_phrases = 8192, Count,
        "phrases of one wanted message that are learned; a newsletter has 2,000";
    LessonRequest lesson_request = 8 << 20, Bytes,
        "one request over the store's socket; 128 messages of a mailbox take 300 kB";
    LessonConnections lesson_connections = 16, Count,
        "connections to the store's socket at once; more are closed";
    LessonMilliseconds lesson_milliseconds = 30_000, Milliseconds,
        "for a request over the store's socket to arrive, and for its answer to be taken";
    KnownChanges known_changes = 65_536, Count,
        "changes of what is known that are kept beside the snapshot; with more a new one is written";

    // What goes out.
    FilledTemplate filled_template = 4 << 20, Bytes,
        "a report or header with its tags filled in; tags behind that stay as they are written";
    RewrittenFields rewritten_fields = 1024, Count,
        "From, To and Subject fields of one message that rewrite_header changes";

    // Block lists held here.
    ZoneLine zone_line = 32 * 1024, Bytes,
        "a line of a list; rbldnsd's own height";
    ZoneFile zone_file = 2 << 30, Bytes,
        "a list's file, inflated; the largest public ones have a tenth of it";
    ZoneEntries zone_entries = 200_000_000, Count,
        "entries of one dataset of a list";
    ZoneValues zone_values = 1 << 30, Bytes,
        "different addresses and texts of one dataset of a list together";
    ZoneEntryValues zone_entry_values = 255, Count,
        "values of one entry of a list; an answer has no more records";
    ZoneDatasets zone_datasets = 1000, Count,
        "$DATASET lines of a combined list";
    ZoneConnections zone_connections = 64, Count,
        "connections open at once to the lists' DNS server; one more is closed";
    ZoneIdleMilliseconds zone_idle_milliseconds = 5_000, Milliseconds,
        "from one question on such a connection to the end of the next";

    // Rules.
    RuleFileLine rule_file_line = 1 << 20, Bytes,
        "a line of a .cf file; the longest known is under 1 KiB";
    IncludeDepth include_depth = 16, Count,
        "include files within include files";
    PatternBytes pattern_bytes = 1 << 20, Bytes,
        "a pattern after its replace tags; the longest stock one has 224 KiB";
    PatternDepth pattern_depth = 250, Count,
        "nested parentheses of a pattern; PCRE2's own bound, Perl's is 1000";
    PatternProgram pattern_program = 32 << 20, Bytes,
        "a pattern's compiled automaton; the largest stock one takes a third of it";
    MatchHeap match_heap = 16 << 20, Bytes,
        "memory that PCRE2 may take for one call; beyond it the rule is off for that message";
    MatchSteps match_steps = 1_000_000, Count,
        "PCRE2's match limit for one call; beyond it the rule is off for that message";
    RuleHits rule_hits = 100_000, Count,
        "matches counted for one rule in one message";
    Evidence evidence = 200, Bytes,
        "matched text kept per hit";
}

/// The limits that something has reached: a set that travels with the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached(u128);

impl Reached {
    /// Remembers that `limit` was reached.
    pub fn note(&mut self, limit: Limit) {
        self.0 |= 1 << limit as u32;
    }

    /// Was `limit` reached?
    pub fn has(self, limit: Limit) -> bool {
        self.0 & (1 << limit as u32) != 0
    }

    /// Adds what another part of the work has reached.
    pub fn merge(&mut self, other: Reached) {
        self.0 |= other.0;
    }

    /// The limits reached, in the table's order.
    pub fn iter(self) -> impl Iterator<Item = &'static Row> {
        TABLE.iter().filter(move |row| self.has(row.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_found_by_its_name_and_set() {
        let mut limits = Limits::default();
        assert!(limits.set("mime_parts", 3));
        assert_eq!(limits.get(Limit::MimeParts), 3);
        assert!(!limits.set("no_such_limit", 3));
    }

    #[test]
    fn reached_limits_are_remembered_in_table_order() {
        let mut reached = Reached::default();
        reached.note(Limit::UriLength);
        reached.note(Limit::HeaderName);
        let names: Vec<_> = reached.iter().map(|row| row.name).collect();
        assert_eq!(names, ["header_name", "uri_length"]);
    }

    #[test]
    fn the_set_has_room_for_every_limit() {
        assert!(TABLE.len() <= u128::BITS as usize);
    }
}
