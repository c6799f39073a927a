//! The rules that come with this program, from the folder `rules/` of its source.
//!
//! They are part of the program, so that they cannot be of another version than it is.

/// Name and text of each file, in the order of reading.
pub const FILES: &[(&str, &str)] = &[
    ("(mailprint)/10_mailprint.cf", include_str!("../../rules/10_mailprint.cf")),
    ("(mailprint)/20_helo.cf", include_str!("../../rules/20_helo.cf")),
    ("(mailprint)/21_reverse_dns.cf", include_str!("../../rules/21_reverse_dns.cf")),
    ("(mailprint)/22_sender_domains.cf", include_str!("../../rules/22_sender_domains.cf")),
    ("(mailprint)/23_received.cf", include_str!("../../rules/23_received.cf")),
    ("(mailprint)/24_headers.cf", include_str!("../../rules/24_headers.cf")),
    ("(mailprint)/30_fingerprints.cf", include_str!("../../rules/30_fingerprints.cf")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::rules::{Sources, load};

    #[test]
    fn our_rules_load_without_complaint_and_are_capped_in_groups() {
        let sources = Sources {
            site: vec!["/nonexistent".into()],
            distribution: vec!["/nonexistent".into()],
            own: FILES.to_vec(),
            ..Sources::default()
        };
        let set = load(&sources, &Limits::default());
        let about_ours: Vec<_> = set.complaints.iter().filter(|c| c.place.is_some()).collect();
        assert!(about_ours.is_empty(), "{about_ours:?}");
        assert!(set.find("MP_AMBIGUOUS_MIME").is_some());
        assert!(set.options.lists("score_group").is_some_and(|groups| !groups.is_empty()));
    }
}
