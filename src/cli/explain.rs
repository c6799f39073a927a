//! `mailprint explain`: why a message has its score.

use super::{Failure, Glue, Outcome, options, out};
use crate::error::Code;
use crate::text::number::shown_score;
use crate::text::shown::shown;
use clap::{Arg, ArgMatches, Command};
use std::io::Read;

/// A verdict with its reasons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explained {
    /// The rules that hit, in the order in which they are to be shown.
    pub hits: Vec<Reason>,
    /// Sub-tests that hit, with how many times.
    pub subtests: Vec<(String, u32)>,
    /// The sum.
    pub score: f64,
    /// `required_score`.
    pub required: f64,
    /// In percent.
    pub confidence: f64,
    /// The verdict.
    pub is_spam: bool,
}

/// One rule that hit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reason {
    /// Its name.
    pub name: String,
    /// Its score for one hit.
    pub score: f64,
    /// How many times it hit.
    pub count: u32,
    /// What `describe` says.
    pub description: Vec<u8>,
    /// Where it is written: `file:line`.
    pub place: String,
    /// What it matched, and where.
    pub evidence: Vec<String>,
}

/// Its description.
pub fn command() -> Command {
    let command = Command::new("explain").about("Say why a message has its score").long_about(
        "Scans one message and lists every rule that hit: its score, what it matched, and \
         the file and line where it is written. The scores add up to the sum at the end.",
    );
    options::rules(command)
        .arg(options::preferences())
        .arg(Arg::new("FILE").required(true).help("The message; - for standard input"))
}

/// Runs it.
pub fn run(matches: &ArgMatches, glue: &Glue) -> Outcome {
    let config = options::config(matches)?;
    let path = matches.get_one::<String>("FILE").map_or("-", String::as_str);
    let most = config.limits.message_bytes;
    let mail = read(path, most).map_err(|why| Failure::new(Code::NoInput, why))?;
    let explained = (glue.explain)(&config, mail).map_err(|why| Failure::new(Code::Config, why))?;
    out::print(render(&explained).as_bytes())?;
    Ok(0)
}

/// A message of at most `most` bytes from a file or standard input.
pub fn read(path: &str, most: usize) -> Result<Vec<u8>, String> {
    let mut mail = Vec::new();
    let wrong = |error: std::io::Error| format!("{path}: {error}");
    let source: Box<dyn Read> = match path {
        "-" => Box::new(std::io::stdin().lock()),
        file => Box::new(std::fs::File::open(file).map_err(wrong)?),
    };
    source.take(most as u64 + 1).read_to_end(&mut mail).map_err(wrong)?;
    if mail.len() > most {
        return Err(format!("{path}: longer than {most} bytes (limits.message_bytes)"));
    }
    Ok(mail)
}

fn render(explained: &Explained) -> String {
    let mut text = String::new();
    for hit in &explained.hits {
        let times = if hit.count > 1 { format!(" × {}", hit.count) } else { String::new() };
        text.push_str(&format!("{:8.3}{times} {}", hit.score, hit.name));
        if !hit.place.is_empty() {
            text.push_str(&format!("  ({})", hit.place));
        }
        text.push('\n');
        if !hit.description.is_empty() {
            text.push_str(&format!("         {}\n", shown(&hit.description)));
        }
        for evidence in &hit.evidence {
            text.push_str(&format!("         > {}\n", shown(evidence.as_bytes())));
        }
    }
    if !explained.subtests.is_empty() {
        text.push_str("\nSub-tests:\n");
        for (name, count) in &explained.subtests {
            let times = if *count > 1 { format!(" × {count}") } else { String::new() };
            text.push_str(&format!("         {name}{times}\n"));
        }
    }
    let Explained { score, required, is_spam, confidence, .. } = *explained;
    let shown = shown_score(score, required, is_spam);
    let word = if is_spam { "spam" } else { "ham" };
    text.push_str(&format!(
        "\n{score:8.3} in sum: {word}, {shown} of {required:.1} required; confidence {confidence:.1} %\n"
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hit_has_score_place_and_evidence() {
        let explained = Explained {
            hits: vec![Reason {
                name: "A_RULE".into(),
                score: 2.5,
                count: 2,
                description: b"About\x1b it".to_vec(),
                place: "20_x.cf:7".into(),
                evidence: vec!["body: cheap".into()],
            }],
            subtests: vec![("__S".into(), 3)],
            score: 5.0,
            required: 5.0,
            confidence: 50.0,
            is_spam: true,
        };
        assert_eq!(
            render(&explained),
            "   2.500 × 2 A_RULE  (20_x.cf:7)\n         About\\x1b it\n         > body: cheap\n\n\
             Sub-tests:\n         __S × 3\n\n   \
             5.000 in sum: spam, 5.0 of 5.0 required; confidence 50.0 %\n"
        );
    }
}
