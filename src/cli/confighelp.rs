//! `mailprint confighelp`: what a name in a rule file means.
//!
//! All that it says stands in the tables of directives and evals, which the program itself
//! follows.

use super::{Failure, Outcome, out};
use crate::engine::eval;
use crate::error::Code;
use crate::rules::directives::{self, Directive};
use crate::rules::evals::{self, EvalFunction};
use crate::rules::model::EvalClass;
use clap::{Arg, ArgMatches, Command};

/// So many names are offered in place of one that there is not.
const OFFERED: usize = 5;
/// Names longer than this are not compared with others.
const LONGEST: usize = 80;

/// Its description.
pub fn command() -> Command {
    Command::new("confighelp")
        .about("Say what a directive or an eval function means")
        .long_about(
            "Says of a directive of SpamAssassin's rule files, or of a function that eval rules \
             call, what it means, how it is written, what it is without a line, who may write \
             it, which plugin brings it, and whether it is built into this version. For a name \
             that there is not, it offers the nearest ones and ends with 64.",
        )
        .arg(
            Arg::new("NAME")
                .required(true)
                .help("A directive or a function, as rule files name it"),
        )
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let name = matches.get_one::<String>("NAME").map_or("", String::as_str);
    match help(name) {
        Some(text) => out::print(text.as_bytes())?,
        None => return Err(Failure::new(Code::Usage, unknown(name))),
    }
    Ok(0)
}

/// What there is to say of `name`.
fn help(name: &str) -> Option<String> {
    // Names of directives are read in any case, with dashes for underscores.
    let lower = name.to_ascii_lowercase().replace('-', "_");
    let function = name.trim_start_matches("eval:").trim_end_matches("()");
    let directive = all_directives().find(|directive| directive.is_called(&lower));
    directive.map(of_directive).or_else(|| of_eval(function))
}

fn all_directives() -> impl Iterator<Item = &'static Directive> {
    directives::TABLE.iter().chain(directives::UNREGISTERED)
}

fn of_directive(directive: &Directive) -> String {
    let Directive { name, aliases, setting, form, default, scope, plugin, built, meaning, .. } =
        *directive;
    let mut text = format!("{name}\n    {meaning}\n\n");
    let mut line = |what: &str, says: &str| text.push_str(&format!("{what:12} {says}\n"));
    if !aliases.is_empty() {
        line("also called", &aliases.join(", "));
    }
    if let Some(form) = form.shown() {
        line("written as", form);
    }
    match default {
        Some("") => line("default", "empty"),
        Some(default) => line("default", default),
        None => {}
    }
    if setting != name {
        line("changes", setting);
    }
    line("set by", scope.shown());
    if let Some(plugin) = plugin {
        line("plugin", &plugin_name(plugin));
    }
    line("here", if built { "built in" } else { "read, and without effect in this version" });
    text
}

fn of_eval(name: &str) -> Option<String> {
    let known = evals::find(name);
    let row = eval::find(name);
    let plugin = match (row, known) {
        (Some(row), _) => row.plugin.to_owned(),
        (None, Some(known)) => plugin_name(known.plugin),
        (None, None) => return None,
    };
    let mut text = format!("{name}{}\n", row.map_or("", |row| row.arguments));
    if let Some(row) = row {
        text.push_str(&format!("    {}\n", row.meaning));
    }
    text.push('\n');
    let mut line = |what: &str, says: &str| text.push_str(&format!("{what:12} {says}\n"));
    line("written as", &written(name, known));
    line("plugin", &plugin);
    let needs = known.and_then(EvalFunction::needs).map(|what| format!("rests on {what}"));
    if let Some(needs) = needs {
        line("", &needs);
    }
    line(
        "here",
        match row {
            Some(_) => "built in",
            None => "not built: rules that call it never hit (mailprint lint --pending)",
        },
    );
    Some(text)
}

/// A rule that calls the function, for each kind of rule that may.
fn written(name: &str, known: Option<&EvalFunction>) -> String {
    let kinds = match known.and_then(|known| known.class) {
        Some(EvalClass::Header | EvalClass::Rbl) => "header",
        Some(EvalClass::Body | EvalClass::Rawbody) => "body, rawbody",
        Some(EvalClass::Full) => "full",
        Some(EvalClass::Plugin) => "the plugin's own directive",
        None => "header, body, rawbody, full",
    };
    format!("{kinds} RULE eval:{name}(…)")
}

fn plugin_name(short: &str) -> String {
    format!("Mail::SpamAssassin::Plugin::{short}")
}

/// What to say of a name that nothing has.
fn unknown(name: &str) -> String {
    let near = nearest(name);
    let shown = name.escape_default();
    match near.is_empty() {
        true => format!("there is no directive and no eval function called '{shown}'"),
        false => format!(
            "there is no directive and no eval function called '{shown}'; near it are {}",
            near.join(", ")
        ),
    }
}

/// The names that are most like `name`, the nearest first.
fn nearest(name: &str) -> Vec<&'static str> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    if name.len() > LONGEST {
        return Vec::new();
    }
    let directives = all_directives().flat_map(|d| d.aliases.iter().copied().chain([d.name]));
    let functions = evals::TABLE.iter().map(|function| function.name);
    let mut near: Vec<(usize, &str)> = directives
        .chain(functions)
        .map(|known| {
            let holds = name.len() > 3 && known.contains(&name);
            (if holds { 1 } else { distance(&name, known) }, known)
        })
        .filter(|(distance, known)| *distance <= known.len().min(name.len()) / 3)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(OFFERED).map(|(_, known)| known).collect()
}

/// How many letters have to be changed, put in or taken out to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut before = i;
        let mut left = i + 1;
        for (place, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let kept = before + usize::from(x != y);
            before = *place;
            *place = kept.min(left + 1).min(before + 1);
            left = *place;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_is_told_with_all_that_the_table_knows() {
        assert_eq!(
            help("Required-Hits").unwrap(),
            "required_score\n    spam threshold\n\n\
             also called  required_hits\n\
             written as   a number\n\
             default      5\n\
             set by       everybody\n\
             here         built in\n"
        );
        let pending = help("bayes_stopword_en").unwrap();
        assert!(pending.starts_with("bayes_stopword_*\n"));
        assert!(pending.contains("plugin       Mail::SpamAssassin::Plugin::Bayes\n"));
        assert!(pending.ends_with("read, and without effect in this version\n"));
    }

    #[test]
    fn an_eval_is_told_whether_it_is_built_or_not() {
        let built = help("eval:check_qp_ratio()").unwrap();
        assert!(built.starts_with("check_qp_ratio('least')\n    bytes that"), "{built}");
        assert!(built.contains("written as   body, rawbody RULE eval:check_qp_ratio(…)\n"));
        assert!(built.ends_with("here         built in\n"));
        let pending = help("check_olemacro").unwrap();
        assert!(pending.contains("never hit"), "{pending}");
    }

    #[test]
    fn near_names_are_offered_for_one_that_is_none() {
        assert_eq!(help("requird_score"), None);
        assert_eq!(nearest("requird_score").first(), Some(&"required_score"));
        assert!(nearest("qp_ratio").contains(&"check_qp_ratio"));
        assert!(nearest("zzzzzzzz").is_empty() && nearest(&"x".repeat(500)).is_empty());
        assert!(
            unknown("requird_score\x1b").contains("_score\\u{1b}'; near it are required_score")
        );
        assert_eq!(
            (distance("kitten", "sitting"), distance("", "ab"), distance("ab", "")),
            (3, 2, 2)
        );
    }

    #[test]
    fn every_name_has_a_meaning() {
        for directive in all_directives() {
            assert!(!directive.meaning.is_empty(), "{}", directive.name);
        }
        for row in eval::table() {
            assert!(help(row.name).is_some_and(|text| text.contains(row.meaning)), "{}", row.name);
        }
    }
}
