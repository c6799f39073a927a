//! `mailprint explain`: why a message has its score.

use super::{Failure, Outcome, network, options, out, ruleset};
use crate::clock::Tick;
use crate::engine::network::kinds::kind_name;
use crate::engine::{Options, Verdict};
use crate::error::Code;
use crate::text::number::shown_score;
use crate::text::shown::shown;
use clap::{Arg, ArgMatches, Command};
use std::io::Read;
use std::time::Duration;

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
pub fn run(matches: &ArgMatches) -> Outcome {
    let config = options::config(matches)?;
    let path = matches.get_one::<String>("FILE").map_or("-", String::as_str);
    let most = config.limits.message_bytes;
    let mail = read(path, most).map_err(|why| Failure::new(Code::NoInput, why))?;
    let engine = ruleset::engine(&config).map_err(|why| Failure::new(Code::Config, why))?;
    let outside = network::outside(&engine, &config)?;
    let limit = Duration::from_millis(config.limits.scan_milliseconds as u64);
    let options = Options {
        subtests: true,
        deadline: Some(Tick::now().plus(limit)),
        network: outside.network.clone(),
        known: outside.known.clone(),
        ..Options::default()
    };
    let verdict = engine.scan(&mut engine.worker(), mail, &options);
    out::print(render(&verdict).as_bytes())?;
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

fn render(verdict: &Verdict) -> String {
    let mut text = String::new();
    for hit in &verdict.hits {
        let times = if hit.count > 1 { format!(" × {}", hit.count) } else { String::new() };
        text.push_str(&format!("{:8.3}{times} {}", hit.score, hit.name));
        if !hit.place.is_empty() {
            text.push_str(&format!("  ({})", hit.place));
        }
        text.push('\n');
        text.push_str(&format!("         {}\n", shown(&hit.description)));
        if let Some(evidence) = &hit.evidence {
            text.push_str(&format!("         > {}\n", shown(&evidence.text)));
        }
        let is_told = |said: &Vec<u8>| hit.evidence.as_ref().is_some_and(|e| e.text == *said);
        for said in hit.log.iter().filter(|said| !is_told(said)) {
            text.push_str(&format!("         > {}\n", shown(said)));
        }
    }
    for cap in &verdict.caps {
        let taken = cap.counted - cap.sum;
        text.push_str(&format!(
            "{taken:8.3} group {}: {:.3} of its {:.3} count\n",
            cap.group, cap.counted, cap.sum
        ));
    }
    if !verdict.subtests.is_empty() {
        text.push_str("\nSub-tests:\n");
        for (name, count) in &verdict.subtests {
            let times = if *count > 1 { format!(" × {count}") } else { String::new() };
            text.push_str(&format!("         {name}{times}\n"));
        }
    }
    for (name, place) in &verdict.overruns {
        text.push_str(&format!("\nSwitched off: {name} ({place}), its pattern ran over a limit\n"));
    }
    for (name, kind) in &verdict.unanswered {
        text.push_str(&format!("\nNo answer in time: {name} {}\n", kind_name(*kind)));
    }
    for row in verdict.reached.iter() {
        text.push_str(&format!("\nReached: limits.{}, {}\n", row.name, row.reason));
    }
    let Verdict { score, required, confidence, .. } = *verdict;
    let shown = shown_score(score, required, verdict.is_spam());
    let word = if verdict.is_spam() { "spam" } else { "ham" };
    text.push_str(&format!(
        "\n{score:8.3} in sum: {word}, {shown} of {required:.1} required; confidence {confidence:.1} %\n"
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Hit;
    use crate::engine::verdict::{Cap, Evidence};

    #[test]
    fn the_parts_are_shown_with_place_and_evidence_and_add_up() {
        let hit = Hit {
            name: "A_RULE".into(),
            score: 2.5,
            count: 2,
            description: b"About\x1b it".as_slice().into(),
            place: "20_x.cf:7".into(),
            evidence: Some(Evidence { text: b"cheap".to_vec(), piece: 0, offset: 0 }),
            ..Hit::default()
        };
        let verdict = Verdict {
            hits: vec![hit],
            subtests: vec![("__S".into(), 3)],
            caps: vec![Cap { group: "G".into(), sum: 5.0, counted: 4.0 }],
            overruns: vec![("SLOW".into(), "a.cf:1".into())],
            score: 4.0,
            required: 4.0,
            confidence: 50.0,
            ..Verdict::default()
        };
        assert_eq!(
            render(&verdict),
            "   2.500 × 2 A_RULE  (20_x.cf:7)\n         About\\x1b it\n         > cheap\n  \
             -1.000 group G: 4.000 of its 5.000 count\n\n\
             Sub-tests:\n         __S × 3\n\n\
             Switched off: SLOW (a.cf:1), its pattern ran over a limit\n\n   \
             4.000 in sum: spam, 4.0 of 4.0 required; confidence 50.0 %\n"
        );
    }
}
