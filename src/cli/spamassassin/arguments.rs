//! What clap cannot say of spamassassin's options: `-e` takes the next word only if that is a
//! whole number, and in `-et` it has no value but a neighbour (Getopt::Long, `:i`).

use clap::{Arg, Command};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// `arguments` with the value of each `-e`, `--exit-code` and `--error-code` written out as
/// `--exit-code=5`; 0 where there is none.
pub fn with_exit_code(arguments: &[OsString], command: &Command) -> Vec<OsString> {
    let mut command = command.clone();
    command.build();
    let mut waiting: VecDeque<OsString> = arguments.iter().cloned().collect();
    let mut written = Vec::with_capacity(arguments.len());
    while let Some(word) = waiting.pop_front() {
        match word.as_bytes() {
            b"--" => {
                written.push(word);
                written.extend(waiting.drain(..));
            }
            b"--exit-code" | b"--error-code" => written.push(exit_code(next_number(&mut waiting))),
            [b'-', letters @ ..] if exit_letter(letters, &command).is_some() => {
                let at = exit_letter(letters, &command).unwrap_or_default();
                let (before, behind) = letters.split_at_checked(at).unwrap_or_default();
                let behind = behind.get(1..).unwrap_or_default();
                let (number, behind) = behind.split_at(number_length(behind));
                if !before.is_empty() {
                    written.push(OsString::from_vec([b"-", before].concat()));
                }
                let value = match (number, behind) {
                    (b"", b"") => next_number(&mut waiting),
                    _ => Some(number.to_vec()),
                };
                written.push(exit_code(value));
                if !behind.is_empty() {
                    waiting.push_front(OsString::from_vec([b"-", behind].concat()));
                }
            }
            option => {
                let value = wants_next(option, &command).then(|| waiting.pop_front()).flatten();
                written.push(word);
                written.extend(value);
            }
        }
    }
    written
}

fn exit_code(number: Option<Vec<u8>>) -> OsString {
    let number = number.filter(|number| !number.is_empty()).unwrap_or_else(|| b"0".to_vec());
    OsString::from_vec([b"--exit-code=", number.as_slice()].concat())
}

/// Takes the next word if it is a number.
fn next_number(waiting: &mut VecDeque<OsString>) -> Option<Vec<u8>> {
    let is_number = |word: &[u8]| !word.is_empty() && number_length(word) == word.len();
    let next = waiting.pop_front_if(|word| is_number(word.as_bytes()))?;
    Some(next.into_vec())
}

/// How long the whole number at the beginning of `text` is, with its sign.
fn number_length(text: &[u8]) -> usize {
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let digits = text.iter().skip(sign).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { 0 } else { sign + digits }
}

/// Where among `letters` the option `e` stands, if none before it takes the rest as its value.
fn exit_letter(letters: &[u8], command: &Command) -> Option<usize> {
    let valued = |letter: u8| short(letter, command).is_some_and(takes_value);
    letters
        .iter()
        .position(|&letter| letter == b'e' || letter == b'-' || valued(letter))
        .filter(|&at| letters.get(at) == Some(&b'e'))
}

/// Does the word after the option `word` belong to it in any case?
fn wants_next(word: &[u8], command: &Command) -> bool {
    let must =
        |arg: &Arg| takes_value(arg) && arg.get_num_args().is_none_or(|n| n.min_values() > 0);
    match word {
        [b'-', b'-', name @ ..] => long(name, command).is_some_and(must),
        [b'-', letters @ ..] => {
            let first = letters.iter().position(|l| short(*l, command).is_some_and(takes_value));
            let last = first.filter(|at| at + 1 == letters.len()).and_then(|at| letters.get(at));
            last.and_then(|letter| short(*letter, command)).is_some_and(must)
        }
        _ => false,
    }
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

fn short(letter: u8, command: &Command) -> Option<&Arg> {
    let letter = char::from(letter);
    command.get_arguments().find(|arg| {
        let others = arg.get_all_short_aliases().unwrap_or_default();
        arg.get_short() == Some(letter) || others.contains(&letter)
    })
}

fn long<'c>(name: &[u8], command: &'c Command) -> Option<&'c Arg> {
    let name = std::str::from_utf8(name).ok()?;
    command.get_arguments().find(|arg| {
        let others = arg.get_all_aliases().unwrap_or_default();
        arg.get_long() == Some(name) || others.contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_takes_a_number_or_nothing() {
        let command = super::super::command();
        for (words, expected) in [
            ("-e x.eml", "--exit-code=0 x.eml"),
            ("-e", "--exit-code=0"),
            ("-e 7 x", "--exit-code=7 x"),
            ("-e7 x", "--exit-code=7 x"),
            ("-e -3", "--exit-code=-3"),
            ("-te 7", "-t --exit-code=7"),
            ("-et 7", "--exit-code=0 -t 7"),
            ("-e7xt", "--exit-code=7 -xt"),
            ("-e+7", "--exit-code=+7"),
            ("-ee9", "--exit-code=0 --exit-code=9"),
            ("--error-code 9 --exit-code=x", "--exit-code=9 --exit-code=x"),
            ("--exit-code -t", "--exit-code=0 -t"),
            ("-p -e --cf -e -C -e", "-p -e --cf -e -C -e"),
            ("-pe5 -tpe", "-pe5 -tpe"),
            ("-D -e", "-D --exit-code=0"),
            ("--cf=-e -e", "--cf=-e --exit-code=0"),
            ("-- -e 7", "-- -e 7"),
            ("--debug -", "--debug -"),
        ] {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            let written = with_exit_code(&words, &command).join(&OsString::from(" "));
            assert_eq!(written, expected, "{words:?}");
        }
    }
}
