//! `mailprint zones`: the lists that are held in memory.

mod check;
mod files;
mod query;

use super::{Failure, Outcome, flag, options, out};
use crate::clock;
use crate::config::Config;
use crate::dns::Name;
use crate::error::Code;
use crate::metrics::Metrics;
use crate::server::zones::Lists;
use crate::zones::held::build::{Builder, Job};
use crate::zones::held::{Notices, Row, Status, Store};
use clap::{Arg, ArgMatches, Command};
use std::sync::Arc;

/// Its description.
pub fn command() -> Command {
    Command::new("zones")
        .about("Show the lists that are held in memory")
        .long_about(
            "Shows the lists of zones.lists: their records, the memory that they take, how old \
             the copies are and what that leaves of their weight, when their sources are asked \
             next, questions and hits since the server's start, and what went wrong last. From \
             the running server, as it was seconds ago; without one from the copies on disk.",
        )
        .arg(options::config_file())
        .arg(flag("json", "The same as JSON"))
        .subcommand(
            Command::new("build").about("Make a table for the server, which calls this").hide(true),
        )
        .subcommand(
            Command::new("accept")
                .about("Take a list's next copy whatever has changed")
                .long_about(
                    "The next copy of the list is not compared with the last one: neither how \
                     much has changed nor its serial counts. It still must not list a canary, \
                     nor be too small or too large.",
                )
                .arg(options::config_file())
                .arg(Arg::new("NAME").required(true).help("The list's name")),
        )
        .subcommand(query::command())
        .subcommand(check::command())
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("accept", matches)) => return accept(matches),
        Some(("build", _)) => {
            Job::serve(std::io::stdin().lock(), std::io::stdout().lock())?;
            return Ok(0);
        }
        Some(("query", matches)) => return query::run(matches),
        Some(("check", matches)) => return check::run(matches),
        _ => {}
    }
    let config = options::file_and_environment(matches)?;
    if config.zones.is_empty() {
        return Err(Failure::new(Code::Config, "no lists are held (zones.lists is empty)"));
    }
    let now = clock::unix_seconds();
    let status = match Status::read(&config.zones_folder).filter(|status| status.is_current(now)) {
        Some(status) => status,
        None => on_disk(&config)?,
    };
    let text = match matches.get_flag("json") {
        true => serde_json::to_string_pretty(&status).unwrap_or_default() + "\n",
        false => table(&status, now),
    };
    out::print(text.as_bytes())?;
    Ok(0)
}

/// How the copies on disk stand, without a server.
fn on_disk(config: &Config) -> Result<Status, Failure> {
    let wrong = |why| Failure::new(Code::Config, why);
    let metrics = Metrics::new().map_err(|why| wrong(why.to_string()))?;
    let said = Notices { warn: Arc::new(|text| eprintln!("warn: {text}")), info: Arc::new(|_| {}) };
    let lists = Lists::open(config, &metrics, said, Builder::Here).map_err(wrong)?;
    let status = lists.map(|lists| lists.status()).unwrap_or_default();
    Ok(Status { process: 0, ..status })
}

fn accept(matches: &ArgMatches) -> Outcome {
    let config = options::file_and_environment(matches)?;
    let named = matches.get_one::<String>("NAME").and_then(Name::new);
    let is_held =
        |name: &Name| config.zones.iter().any(|zone| Name::new(&zone.name).as_ref() == Some(name));
    let name = named.filter(is_held);
    let name =
        name.ok_or_else(|| Failure::new(Code::Usage, "there is no such list in zones.lists"))?;
    let store = Store::new(&config.zones_folder, &name);
    store.set_accepts(true).map_err(|why| Failure::new(Code::CantCreat, why.to_string()))?;
    out::print(format!("the next copy of {name} is taken whatever has changed\n").as_bytes())?;
    Ok(0)
}

/// The lists in columns, and below what is wrong with them.
fn table(status: &Status, now: i64) -> String {
    let mut text = match status.process {
        0 => "No server is running; from the copies on disk:\n".to_owned(),
        process => format!(
            "Server {process}, {} seconds ago:\n",
            now.saturating_sub(status.written).max(0)
        ),
    };
    let heads = ["list", "records", "memory", "age", "weight", "next", "questions", "hits"];
    let heads = heads.map(str::to_owned);
    let rows: Vec<[String; 8]> =
        std::iter::once(heads).chain(status.lists.iter().map(|row| cells(row, now))).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0)
    };
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            match column {
                0 => line.push_str(&format!("{cell:<0$}", width(0))),
                _ => line.push_str(&format!("  {cell:>0$}", width(column))),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for row in &status.lists {
        if let Some(error) = &row.error {
            text.push_str(&format!("{}: {error}\n", row.name));
        }
    }
    text
}

fn cells(row: &Row, now: i64) -> [String; 8] {
    let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |n| n.to_string());
    [
        row.name.clone(),
        number(row.records),
        row.memory.map_or_else(|| "-".to_owned(), bytes),
        row.age.map_or_else(|| "-".to_owned(), span),
        format!("{:.0} %", row.weight * 100.0),
        row.next.map_or_else(|| "-".to_owned(), |next| span(next.saturating_sub(now).max(0))),
        row.questions.to_string(),
        row.hits.to_string(),
    ]
}

/// Seconds as people read them.
fn span(seconds: i64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Bytes as people read them.
fn bytes(number: u64) -> String {
    match number {
        0..=9_999 => format!("{number} B"),
        10_000..=9_999_999 => format!("{} kB", number / 1000),
        _ => format!("{} MB", number / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stand_in_columns_and_what_is_wrong_below() {
        let row = Row {
            name: "bl.example".into(),
            records: Some(1_234_567),
            memory: Some(12_000_000),
            age: Some(4000),
            weight: 1.0,
            next: Some(130),
            error: Some("torn".into()),
            questions: 20,
            hits: 3,
        };
        let empty = Row { name: "x.example".into(), weight: 1.0, ..Row::default() };
        let status = Status { process: 7, written: 95, lists: vec![row, empty] };
        assert_eq!(
            table(&status, 100),
            "Server 7, 5 seconds ago:\n\
             list        records  memory     age  weight  next  questions  hits\n\
             bl.example  1234567   12 MB  66 min   100 %  30 s         20     3\n\
             x.example         -       -       -   100 %     -          0     0\n\
             bl.example: torn\n"
        );
    }
}
