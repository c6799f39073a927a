//! What matches amount to, in one line for people.

use super::Class;
use super::judge::Judgement;

impl Judgement {
    /// The class, the points of a hundred, and how many fingerprints of each algorithm count:
    /// `phish 160: text-exact 1, link-domain 0 (lifted 2)`. Nothing where nothing is known.
    pub fn summary(&self) -> String {
        let mut counts: Vec<(&str, usize, usize)> = Vec::new();
        for found in &self.matches {
            let name = found.print.algorithm.name();
            let (counting, lifted) = if found.points > 0 { (1, 0) } else { (0, 1) };
            match counts.iter_mut().find(|row| row.0 == name) {
                Some(row) => {
                    row.1 += counting;
                    row.2 += lifted;
                }
                None => counts.push((name, counting, lifted)),
            }
        }
        if counts.is_empty() {
            return String::new();
        }
        let shown = counts.into_iter().map(|(name, counting, lifted)| match lifted {
            0 => format!("{name} {counting}"),
            _ => format!("{name} {counting} (lifted {lifted})"),
        });
        let shown: Vec<String> = shown.collect();
        let class = self.bad_class().or(self.class).map_or("nothing", Class::name);
        format!("{class} {}: {}", self.bad.points, shown.join(", "))
    }

    /// The class with the most points among spam, phish and malware; the earlier of equals.
    pub fn bad_class(&self) -> Option<Class> {
        let bad = [Class::Malware, Class::Phish, Class::Spam];
        let points = |class: &Class| self.classes.get(*class as usize).map_or(0, |all| all.points);
        bad.into_iter().filter(|class| points(class) > 0).max_by_key(points)
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Evidence, Match, Standing};
    use super::super::{Algorithm, Fingerprint, Listed};
    use super::*;

    #[test]
    fn algorithms_are_counted_and_the_worst_class_named() {
        let found = |algorithm, points| Match {
            print: Fingerprint { algorithm, digest: [0; 16] },
            listed: Listed::default(),
            standing: Standing::Counts,
            points,
        };
        let mut judgement = Judgement {
            bad: Evidence { points: 160, ..Evidence::default() },
            matches: vec![
                found(Algorithm::TextAnchor, 40),
                found(Algorithm::Contact, 0),
                found(Algorithm::TextAnchor, 40),
            ],
            ..Judgement::default()
        };
        judgement.classes[Class::Phish as usize].points = 80;
        judgement.classes[Class::Bulk as usize].points = 90;
        assert_eq!(judgement.summary(), "phish 160: text-anchor 2, contact 0 (lifted 1)");
        assert_eq!(Judgement::default().summary(), "");
    }
}
