//! Rules for lists that the administrator adds, made from `zones.lists.codes`.
//!
//! In: the lists of the configuration. Out: lines of the .cf language, read after our own rules
//! and before the site's, so that a `score` line of the site's counts. A rule for each listing
//! code; those of one subject are in one score group, so that several lists that name the same
//! sender do not add up without bound.

use crate::config::Config;
use crate::config::zones::{CodeLine, Zone};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The rules that `config` asks for; empty where it asks for none.
pub fn lines(config: &Config) -> String {
    let mut text = String::new();
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for zone in config.zones.iter().filter(|zone| !zone.codes.is_empty()) {
        let subject = Subject::of(zone);
        if subject == Subject::Nothing {
            continue;
        }
        let name = zone.name.trim_end_matches('.').to_ascii_lowercase();
        let _ = writeln!(text, "# {name}");
        if let Some(function) = subject.function() {
            let set = subject.set(&name);
            let base = base_of(&name);
            let _ = writeln!(text, "header {base} eval:{function}('{set}', '{name}.')");
            let _ = writeln!(text, "tflags {base} net");
        }
        for rule in zone.rules() {
            subject.write(&mut text, &name, &rule);
            let group = if zone.group.is_empty() { subject.group() } else { &zone.group };
            groups.entry(group.to_owned()).or_default().push(rule.rule.to_owned());
        }
    }
    if text.is_empty() {
        return text;
    }
    let mut whole = String::from(HEAD);
    whole.push_str(&text);
    whole.push_str("tryplugin Mail::SpamAssassin::Plugin::Mailprint\n");
    for (group, rules) in groups {
        let _ = writeln!(whole, "score_group {group} {} {}", config.group_most, rules.join(" "));
    }
    whole
}

const HEAD: &str = "\
# Made from zones.lists of mailprint.yaml.
tryplugin Mail::SpamAssassin::Plugin::DNSEval
tryplugin Mail::SpamAssassin::Plugin::URIDNSBL
";

/// What a list is asked about.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    LastRelay,
    Relays,
    Uris,
    Senders,
    EnvelopeSender,
    Nothing,
}

impl Subject {
    fn of(zone: &Zone) -> Subject {
        let of_names = ["dnset", "hosts", "domains"].contains(&zone.format.as_str());
        match zone.asked_about.as_str() {
            "last-relay" => Subject::LastRelay,
            "relays" => Subject::Relays,
            "uris" => Subject::Uris,
            "senders" => Subject::Senders,
            "envelope-sender" => Subject::EnvelopeSender,
            "none" => Subject::Nothing,
            _ if of_names => Subject::Uris,
            _ => Subject::LastRelay,
        }
    }

    /// What asks; `None` for the lines of `urirhssub`.
    fn function(self) -> Option<&'static str> {
        match self {
            Subject::LastRelay | Subject::Relays => Some("check_rbl"),
            Subject::Senders => Some("check_rbl_from_domain"),
            Subject::EnvelopeSender => Some("check_rbl_envfrom"),
            Subject::Uris | Subject::Nothing => None,
        }
    }

    /// The name of the set, whose end chooses the relays.
    fn set(self, name: &str) -> String {
        match self {
            Subject::LastRelay => format!("{name}-lastexternal"),
            _ => name.to_owned(),
        }
    }

    /// The score group of lists that say what they are asked about.
    fn group(self) -> &'static str {
        match self {
            Subject::Uris => "LISTS_OF_URIS",
            Subject::Senders | Subject::EnvelopeSender => "LISTS_OF_SENDERS",
            _ => "LISTS_OF_RELAYS",
        }
    }

    fn write(self, text: &mut String, name: &str, line: &CodeLine) {
        let CodeLine { code, rule, score, says } = line;
        let _ = match self {
            Subject::Uris => writeln!(
                text,
                "urirhssub {rule} {name}. A {code}\nbody {rule} eval:check_uridnsbl('{rule}')"
            ),
            _ => {
                writeln!(text, "header {rule} eval:check_rbl_sub('{}', '{code}')", self.set(name))
            }
        };
        let nice = if *score < 0.0 { " nice" } else { "" };
        let says = match says.is_empty() {
            true => format!("Listed in {name}"),
            false => (*says).to_owned(),
        };
        let _ =
            writeln!(text, "tflags {rule} net{nice}\nscore {rule} {score}\ndescribe {rule} {says}");
    }
}

/// The sub-test that asks a list for all rules of its codes.
fn base_of(name: &str) -> String {
    let letters = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("__MP_LIST_{}", name.chars().map(letters).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::rules::{Sources, load};

    fn zone(name: &str, format: &str, codes: &[&str]) -> Zone {
        Zone {
            name: name.into(),
            format: format.into(),
            from: vec!["/x".into()],
            codes: codes.iter().map(|&line| line.to_owned()).collect(),
            ..Zone::default()
        }
    }

    #[test]
    fn a_rule_for_each_code_in_a_group_of_its_subject() {
        let zones = vec![
            zone("bl.example", "ip4set", &["127.0.0.2 IN_BL 2.5 On it", "127.0.0.4 IN_BL_BOT 3"]),
            zone("d.example", "dnset", &["127.0.1.2 URI_IN_D 2"]),
            Zone {
                group: "OURS".into(),
                asked_about: "senders".into(),
                ..zone("s.example", "domains", &["127.0.0.2 FROM_IN_S -1"])
            },
            zone("known.example", "ip4set", &[]),
        ];
        let config = Config { zones, group_most: 4.0, ..Config::default() };
        let sources = Sources::of_lines(lines(&config));
        let set = load(&sources, &Limits::default());
        let about: Vec<_> = set.complaints.iter().filter(|c| c.place.is_some()).collect();
        assert!(about.is_empty(), "{about:?}");
        for (name, score) in
            [("IN_BL", 2.5), ("IN_BL_BOT", 3.0), ("URI_IN_D", 2.0), ("FROM_IN_S", -1.0)]
        {
            let rule = set.find(name).and_then(|id| set.rule(id)).unwrap();
            assert_eq!(
                (rule.scores, rule.tflags.net, rule.tflags.nice),
                ([score; 4], true, score < 0.0)
            );
        }
        let groups = set.options.lists("score_group").unwrap();
        let text = |group: &str| {
            groups
                .get(group.as_bytes())
                .unwrap()
                .iter()
                .map(|word| String::from_utf8_lossy(word))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(text("LISTS_OF_RELAYS"), "4 IN_BL IN_BL_BOT");
        assert_eq!(
            (text("LISTS_OF_URIS"), text("OURS")),
            ("4 URI_IN_D".into(), "4 FROM_IN_S".into())
        );
        assert!(
            lines(&Config { zones: vec![zone("x.example", "ip4set", &[])], ..Config::default() })
                .is_empty()
        );
    }
}
