//! Headers that contradict one another, or themselves.
//!
//! In: header fields, as `$pms->get` gives them to Mail::SpamAssassin::Plugin::HeaderEval. Out:
//! hits, with nothing to show. What several of the tests look at is found out once for a message
//! (`facts`); patterns are compiled when the rules are loaded.

mod dates;
mod facts;
mod fields;
mod forged;
mod recipients;
mod subject;

use super::{Row, never};

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::HeaderEval";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    // dates
    Row::new(PLUGIN, "check_for_shifted_date", "(min, max)", "hours from the nearest Received date to Date, min <= hours < max; 'undef': no bound", dates::shifted),
    Row::new(PLUGIN, "received_within_months", "([min [, max]])", "the message came in so many months ago, min <= months < max; 'undef': no bound", dates::within_months),
    Row::new(PLUGIN, "check_outlook_message_id", "()", "the time in an Outlook Message-ID fits neither Date nor Received", dates::outlook_id),
    // forged
    Row::new(PLUGIN, "gated_through_received_hdr_remover", "()", "there is no Received, or a list manager removes it", forged::remover),
    Row::new(PLUGIN, "check_for_fake_aol_relay_in_rcvd", "()", "a Received line names an AOL relay and has not its form", forged::aol),
    Row::new(PLUGIN, "check_for_forged_eudoramail_received_headers", "()", "From eudoramail.com without its traces", forged::eudoramail),
    Row::new(PLUGIN, "check_for_forged_gmail_received_headers", "()", "From gmail.com without Google's traces", forged::gmail),
    Row::new(PLUGIN, "check_for_forged_gw05_received_headers", "()", "the oldest Received line is of a kind that one program forges", forged::gw05),
    Row::new(PLUGIN, "check_for_forged_hotmail_received_headers", "()", "a host calls itself hotmail.com, without Microsoft's traces", forged::hotmail),
    Row::new(PLUGIN, "check_for_no_hotmail_received_headers", "()", "From hotmail.com, without Microsoft's traces and without such a host", forged::no_hotmail),
    Row::new(PLUGIN, "check_for_forged_juno_received_headers", "()", "From juno.com without its traces", forged::juno),
    Row::new(PLUGIN, "check_for_forged_yahoo_received_headers", "()", "From yahoo.com without its traces", forged::yahoo),
    Row::new(PLUGIN, "check_for_msn_groups_headers", "()", "sent by a group of groups.msn.com", forged::msn_group),
    // recipients
    Row::new(PLUGIN, "check_for_missing_to_header", "()", "neither To nor Apparently-To", recipients::missing),
    Row::new(PLUGIN, "check_ratware_envelope_from", "()", "the envelope sender holds the recipient's domain and name", recipients::in_envelope_sender),
    Row::new(PLUGIN, "similar_recipients", "(min, max)", "of all pairs of five or more recipients, the share that begin alike, min <= share < max; 'undef': no bound", recipients::similar),
    Row::new(PLUGIN, "sorted_recipients", "()", "seven recipients or more, in order", recipients::sorted),
    // subject
    Row::new(PLUGIN, "check_for_to_in_subject", "('address' | 'user')", "Subject holds the recipient's address; or his name where a greeting would stand", subject::names_recipient),
    Row::new(PLUGIN, "check_for_unique_subject_id", "()", "never: SpamAssassin looks for no such id any more", never),
    Row::new(PLUGIN, "subject_is_all_caps", "()", "Subject has two words or more, ten bytes or more, and no small letter", subject::all_capitals),
    // fields
    Row::new(PLUGIN, "check_equal_from_domains", "()", "the last two labels of From's and of the envelope sender's domain differ", fields::domains_differ),
    Row::new(PLUGIN, "check_for_matching_env_and_hdr_from", "()", "From is the envelope sender; or both are empty", fields::senders_agree),
    Row::new(PLUGIN, "check_for_faraway_charset_in_headers", "()", "an encoded word in From or Subject is in a charset that ok_locales does not allow", fields::faraway_charset),
    Row::new(PLUGIN, "check_header_count_range", "('header', min, max)", "how many different values the header has, min <= values <= max", fields::count),
    Row::new(PLUGIN, "check_illegal_chars", "('header', ratio, count)", "control and 8-bit bytes in the raw header that is no UTF-8: as many and as large a share at least", fields::illegal_characters),
    Row::new(PLUGIN, "check_messageid_not_usable", "()", "a list manager or server changes Message-IDs", fields::id_not_usable),
    Row::new(PLUGIN, "check_ratware_name_id", "()", "Message-ID <28 capitals.address> and From \"name\" <address>", fields::ratware_id),
    Row::new(PLUGIN, "check_unresolved_template", "()", "a header holds %CAPITALS that a program should have replaced", fields::unresolved_template),
];

/// `\w`
fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `\b` before the byte at `index`.
pub(super) fn starts_at_border(text: &[u8], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| text.get(before));
    is_word(before) != is_word(text.get(index))
}

#[cfg(test)]
mod tests {
    use super::super::tests::wrong;

    #[test]
    fn wrong_arguments_are_found_when_rules_are_loaded() {
        let pre = "loadplugin Mail::SpamAssassin::Plugin::HeaderEval\n";
        let lines = "header A eval:check_for_shifted_date('3')\n\
            header B eval:check_for_shifted_date('x', 'undef')\n\
            header C eval:similar_recipients()\n\
            header D eval:check_illegal_chars('From', '0.2')\n\
            header E eval:check_header_count_range('From', '1', 'many')\n\
            header F eval:check_for_to_in_subject('name')\n\
            header G eval:received_within_months('h')\n\
            header H eval:received_within_months()\n\
            header I eval:check_for_shifted_date(-3, undef)\n";
        assert_eq!(wrong(pre, lines), ["A", "B", "C", "D", "E", "F", "G"]);
    }
}
