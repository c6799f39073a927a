//! `mailprint man`: the man pages, from the commands' descriptions and the settings' table.

use super::{Failure, Outcome};
use crate::config::sample;
use crate::error::Code;
use clap::{Arg, ArgMatches, Command};
use std::path::Path;

/// Its description; packagers need it, users do not.
pub fn command() -> Command {
    Command::new("man")
        .about("Write the man pages into a directory")
        .hide(true)
        .arg(Arg::new("DIR").required(true).help("The directory; it has to be there"))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    let directory = matches.get_one::<String>("DIR").map_or(".", String::as_str);
    for (name, text) in pages()? {
        let path = Path::new(directory).join(&name);
        std::fs::write(&path, text).map_err(|error| {
            Failure::new(Code::CantCreat, format!("{}: {error}", path.display()))
        })?;
    }
    Ok(0)
}

/// All pages: file name and text.
fn pages() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let all = super::command();
    let mut pages = vec![("mailprint.1".to_owned(), page(all.clone(), "1")?)];
    for sub in all.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let section = if sub.get_name() == "spamd" { "8" } else { "1" };
        let name: &'static str = match sub.get_name() {
            "spamd" => "mailprint-spamd",
            "spamassassin" => "mailprint-spamassassin",
            "check_spamd" => "mailprint-check_spamd",
            "lint" => "mailprint-lint",
            "config" => "mailprint-config",
            "confighelp" => "mailprint-confighelp",
            "explain" => "mailprint-explain",
            "mass-check" => "mailprint-mass-check",
            "fp" => "mailprint-fp",
            _ => continue,
        };
        for inner in sub.get_subcommands() {
            let name: &'static str = inner_name(inner.get_name());
            let inner = inner.clone().name(name).version(env!("CARGO_PKG_VERSION"));
            pages.push((format!("{name}.{section}"), page(inner, section)?));
        }
        let sub = sub.clone().name(name).version(env!("CARGO_PKG_VERSION"));
        pages.push((format!("{name}.{section}"), page(sub, section)?));
    }
    pages.push(("mailprint.yaml.5".to_owned(), settings_page().into_bytes()));
    Ok(pages)
}

/// The page of a command below `fp`.
fn inner_name(name: &str) -> &'static str {
    const PAGES: &[&str] = &[
        "mailprint-fp-learn",
        "mailprint-fp-forget",
        "mailprint-fp-check",
        "mailprint-fp-show",
        "mailprint-fp-delist",
        "mailprint-fp-stats",
        "mailprint-fp-export",
        "mailprint-fp-import",
        "mailprint-fp-keygen",
    ];
    let page = PAGES.iter().find(|page| page.strip_prefix("mailprint-fp-") == Some(name));
    page.copied().unwrap_or("mailprint-fp-other")
}

fn page(command: Command, section: &str) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command).section(section).render(&mut text)?;
    Ok(text)
}

fn settings_page() -> String {
    format!(
        ".TH mailprint.yaml 5 \"\" \"mailprint {}\"\n\
         .SH NAME\nmailprint.yaml \\- the settings of the mailprint server\n\
         .SH DESCRIPTION\n\
         The server reads \\fI{}\\fR, or the file that \\fB\\-\\-config\\fR or the variable \
         \\fB{}\\fR names. It is YAML: sections with settings. A setting that is not known, \
         or whose value is out of its range, is an error.\n.PP\n\
         Each setting can also come from the environment, where \\fBserver.listen\\fR is \
         \\fBMAILPRINT_SERVER_LISTEN\\fR and a list has commas; options of the command line \
         win over both.\n.PP\n\
         SpamAssassin's own settings stay in its .cf files.\n\
         .SH SETTINGS\n{}\
         .SH SEE ALSO\n\\fBmailprint\\fR(1), \\fBmailprint\\-config\\fR(1), \
         \\fBMail::SpamAssassin::Conf\\fR(3)\n",
        env!("CARGO_PKG_VERSION"),
        sample::roff(crate::config::PATH),
        crate::config::load::PATH_VARIABLE,
        sample::man_settings(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_pages_are_the_generated_ones() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("doc/man");
        let mut expected: Vec<String> = Vec::new();
        for (name, text) in pages().map_err(|failure| failure.text).unwrap() {
            let committed = std::fs::read(directory.join(&name)).unwrap_or_default();
            assert!(committed == text, "{name}: run `mailprint man doc/man`");
            expected.push(name);
        }
        let mut there: Vec<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        there.sort();
        expected.sort();
        assert_eq!(there, expected);
    }
}
