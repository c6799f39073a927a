//! The table of settings as text: the commented sample, lists, the man page's body.

use super::feeds;
use super::table::{self, Config, Kind, Setting, Value};
use super::zones;

/// The commented `conf/mailprint.yaml`: every setting with its meaning and its default.
pub fn sample() -> String {
    let mut text = String::from(HEAD);
    let mut section = "";
    for setting in table::all() {
        let (this, name) = setting.name.split_once('.').unwrap_or(("", setting.name));
        if this != section {
            text.push_str(&format!("\n{this}:\n"));
            section = this;
        }
        for line in folded(setting.meaning, 90) {
            text.push_str(&format!("  # {line}\n"));
        }
        text.push_str(&format!("  # ({})\n", facts(&setting).join("; ")));
        let default = Config::default().get(setting.name);
        let default = default.map_or_else(String::new, |value| written(&value));
        text.push_str(&format!("  #{name}: {default}\n"));
        if setting.kind == Kind::Zones {
            sample_of_lists(&mut text);
        }
    }
    text.push_str(&sample_feeds());
    text
}

/// The section of feeds: one that shows every setting.
fn sample_feeds() -> String {
    let mut text = format!("\n{}:\n", feeds::SECTION);
    text.push_str("  # Known fingerprints that others publish, each feed under a name of yours.\n");
    text.push_str("  # (needs a restart)\n  #  example:\n");
    for (name, value, meaning) in feeds::MEANINGS {
        for line in folded(meaning, 84) {
            text.push_str(&format!("  #    # {line}\n"));
        }
        text.push_str(&format!("  #    {name}: {value}\n"));
    }
    text
}

/// The keys of one list and three lists as examples, all of it commented out.
fn sample_of_lists(text: &mut String) {
    text.push_str("  # Each list has these keys:\n");
    for setting in zones::TABLE {
        let name = setting.name.strip_prefix(zones::PREFIX).unwrap_or(setting.name);
        let default = zones::Zone::default().get(setting.name);
        let default = default.map_or_else(String::new, |value| written(&value));
        let mut facts = facts(setting);
        // What holds for all of them stands with the setting itself.
        facts.pop();
        let meaning = format!("{} ({})", setting.meaning, facts.join("; "));
        text.push_str(&format!("  #   {name}: {default}\n"));
        for line in folded(&meaning, 84) {
            text.push_str(&format!("  #     {line}\n"));
        }
    }
    text.push_str(EXAMPLES);
}

const EXAMPLES: &str = "  # For example:
  #   lists:
  #   - name: bl.example.net
  #     format: ip4set
  #     from: https://lists.example.net/full/bl.gz
  #     header_file: /etc/mailprint/bl.example.net.header
  #     checksum: .sha256
  #     least: 100000
  #     change: 20
  #     codes:
  #     - 127.0.0.2 RCVD_IN_EXAMPLE_SPAM 2.5 The relay was seen sending spam (bl.example.net)
  #     - 127.0.0.4 RCVD_IN_EXAMPLE_BOT 3.5 The relay is a hijacked computer (bl.example.net)
  #   - name: domains.example.net
  #     format: dnset
  #     from: rsync://rsync.example.net/lists/domains
  #     interval: 600
  #   - name: ours.bl.local
  #     format: networks
  #     from: [/etc/mailprint/ours, \"domains:/etc/mailprint/ours.domains\"]
  #     codes: [127.0.0.2 RCVD_IN_OURS 5 The relay has sent us spam]
";

const HEAD: &str = "\
# mailprint.yaml: the server's own settings. SpamAssassin's settings stay in its .cf files.
#
# Every line that sets something is commented out and shows the default. A setting can also
# come from the environment (server.listen is MAILPRINT_SERVER_LISTEN, a list with commas)
# or from an option of the command, which wins. `mailprint config` shows what is in force.
#
# This file is made by `mailprint config -s`.
";

/// Type, unit, range, and when it comes into force.
pub fn facts(setting: &Setting) -> Vec<String> {
    let mut facts = vec![setting.kind.word().to_owned()];
    if !setting.unit.is_empty() {
        facts.push(setting.unit.to_owned());
    }
    match setting.range {
        table::Range::Any => {}
        table::Range::Between(0, most) if most == isize::MAX as usize => {}
        range => facts.push(range.to_string()),
    }
    facts.push(if setting.reloadable { "SIGHUP reloads it" } else { "needs a restart" }.to_owned());
    facts
}

/// Settings with their values in `config`, one `name: value` a line; with `differing` only
/// those that are not at their default.
pub fn list(config: &Config, differing: bool) -> String {
    let defaults = Config::default();
    let mut text = String::new();
    for setting in table::all() {
        let value = config.get(setting.name);
        if differing && value == defaults.get(setting.name) {
            continue;
        }
        let value = value.map_or_else(String::new, |value| written(&value));
        text.push_str(&format!("{}: {value}\n", setting.name));
    }
    for (name, feed) in &config.feeds {
        let settings = serde_json::to_value(feed).unwrap_or_default();
        for (setting, value) in settings.as_object().into_iter().flatten() {
            text.push_str(&format!("{}.{name}.{setting}: {value}\n", feeds::SECTION));
        }
    }
    text
}

/// A value as YAML.
pub fn written(value: &Value) -> String {
    match value {
        Value::Switch(true) => "on".to_owned(),
        Value::Switch(false) => "off".to_owned(),
        Value::Count(number) => number.to_string(),
        Value::Decimal(number) => format!("{number:?}"),
        Value::Text(text) => quoted(text),
        Value::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            format!("[{}]", texts.join(", "))
        }
        Value::Zones(zones) => {
            let zones: Vec<String> = zones.iter().map(zones::shown).collect();
            format!("[{}]", zones.join(", "))
        }
    }
}

/// A text in YAML's double quotes, which JSON's are too.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// `text` in lines of at most `width` characters, as far as its words allow.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The settings as the body of `mailprint.yaml(5)`, in man's macros.
pub fn man_settings() -> String {
    let mut text = String::new();
    let of_list = zones::TABLE.iter().cloned();
    let all = table::all().flat_map(|setting| {
        let keys = (setting.kind == Kind::Zones).then(|| of_list.clone());
        std::iter::once(setting).chain(keys.into_iter().flatten())
    });
    for setting in all {
        let default = Config::default().get(setting.name);
        let default = default.or_else(|| zones::Zone::default().get(setting.name));
        let default = default.map_or_else(String::new, |value| written(&value));
        text.push_str(&format!(
            ".TP\n\\fB{}\\fR (default {})\n{}\n.br\n{}.\n",
            roff(setting.name),
            roff(&default),
            roff(setting.meaning),
            roff(&facts(&setting).join("; "))
        ));
    }
    for (name, value, meaning) in feeds::MEANINGS {
        text.push_str(&format!(
            ".TP\n\\fB{}.NAME.{}\\fR (such as {})\n{}\n.br\nneeds a restart.\n",
            feeds::SECTION,
            roff(name),
            roff(value),
            roff(meaning)
        ));
    }
    text
}

/// Text that man reads as it stands.
pub fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::path::Path;

    #[test]
    fn the_committed_sample_is_the_generated_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/mailprint.yaml");
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == sample(), "run `mailprint config -s > conf/mailprint.yaml`");
    }

    #[test]
    fn the_sample_sets_nothing_and_without_its_comment_signs_the_defaults() {
        let mut config = Config::default();
        load::read(&mut config, &sample(), Path::new("sample")).unwrap();
        assert_eq!(config, Config::default());
        let bare: String =
            sample().lines().map(|line| line.replacen("  #", "  ", 1) + "\n").collect();
        let set: String = bare
            .lines()
            .filter(|line| !line.starts_with("   ") && !line.starts_with('#'))
            .map(|line| line.to_owned() + "\n")
            .collect();
        load::read(&mut config, &set, Path::new("bare")).unwrap();
        assert_eq!(config, Config::default());
        assert!(set.matches('\n').count() > crate::limits::TABLE.len());
    }

    #[test]
    fn only_what_differs_is_listed() {
        let config = Config { port: 1783, ..Config::default() };
        assert_eq!(list(&config, true), "server.port: 1783\n");
        assert_eq!(list(&config, false).lines().count(), table::all().count());
    }
}
