//! The areas of `-D`: which debug lines are wanted.
//!
//! As SpamAssassin reads them: names with commas between, `all` for every area, `noNAME` to leave
//! one out; of several words on one area the last counts. `info` is no area of debug lines.

use std::collections::HashMap;

/// A choice of areas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Each area's last word; `all` stands for those without one.
    named: HashMap<String, bool>,
}

impl Areas {
    /// Every area.
    pub fn all() -> Areas {
        Areas::parse(&["all"])
    }

    /// The areas of lists like `config,rules` or `all,nodns`.
    pub fn parse<S: AsRef<str>>(lists: &[S]) -> Areas {
        let mut areas = Areas::default();
        for word in lists.iter().flat_map(|list| list.as_ref().split(',')) {
            if word.is_empty() || word.contains(char::is_whitespace) {
                continue;
            }
            let without = word.get(..2).filter(|start| start.eq_ignore_ascii_case("no"));
            let (name, wanted) = match without.and_then(|_| word.get(2..)) {
                Some(name) if !name.is_empty() => (name, false),
                _ => (word, true),
            };
            areas.named.insert(name.to_owned(), wanted);
        }
        areas
    }

    /// Are lines of `area` wanted?
    pub fn has(&self, area: &str) -> bool {
        self.named.get(area).or_else(|| self.named.get("all")).copied().unwrap_or(false)
    }

    /// Was no area named, neither wanted nor left out?
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// Is any area wanted at all, so that debug lines have to be made?
    pub fn any(&self) -> bool {
        self.named.iter().any(|(name, wanted)| *wanted && name != "info")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_named_left_out_and_overruled() {
        let cases: [(&[&str], &[&str], &[&str]); 6] = [
            (&["all"], &["config", "x"], &[]),
            (&["config,rules"], &["config", "rules"], &["dns", "all"]),
            (&["all,norules", "NOdns"], &["config"], &["rules", "dns"]),
            (&["nodcc,dcc,dcc,nodcc"], &[], &["dcc", "x"]),
            (&["rules", "norules", "rules"], &["rules"], &["x"]),
            (&["", "no way,,"], &[], &["no", "way"]),
        ];
        for (lists, with, without) in cases {
            let areas = Areas::parse(lists);
            assert!(with.iter().all(|area| areas.has(area)), "{lists:?}");
            assert!(!without.iter().any(|area| areas.has(area)), "{lists:?}");
        }
        assert!(!Areas::parse(&["info"]).any());
        assert!(!Areas::parse(&["norules"]).any());
        assert!(Areas::parse(&["info,rules"]).any() && Areas::all().any());
    }
}
