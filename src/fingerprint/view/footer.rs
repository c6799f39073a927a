//! Footers: what mailing lists, mail programs and authors put below every message.
//!
//! In: a text. Out: the text above its footer. Two messages with the same footer have nothing
//! else in common, and replies of few words would be taken for each other.

/// A footer has no more octets and lines.
const FOOTER: usize = 1600;
const FOOTER_LINES: usize = 32;
/// So many words stand above a footer.
const ABOVE: usize = 5;

/// `text` without what mailing lists, mail programs and authors put below every message: from the
/// first separator on behind which there are no more than [`FOOTER_LINES`] lines and
/// [`FOOTER`] octets; as long as an eighth of its words stands above it.
pub(super) fn without_footer(text: &str) -> &str {
    let start = text.ceil_char_boundary(text.len().saturating_sub(FOOTER));
    let tail = text.get(start..).unwrap_or_default();
    let mut cuts = Vec::new();
    let mut at = text.len();
    for line in tail.split_inclusive('\n').rev().take(FOOTER_LINES) {
        at -= line.len();
        if is_separator(line) {
            cuts.push(at);
        }
    }
    let body = cuts.into_iter().rev().find_map(|cut| {
        let (body, footer) = text.split_at_checked(cut)?;
        let above = body.split_whitespace().take(FOOTER).count();
        let enough = above * 8 >= footer.split_whitespace().count();
        (enough && above >= ABOVE).then_some(body)
    });
    body.unwrap_or(text)
}

/// Is this line drawn: nothing but `- _ = * ~ #` (two or more), or mostly?
fn is_separator(line: &str) -> bool {
    let line = line.trim_start_matches(['>', '|', ' ', '\t']).trim_end();
    let drawn =
        line.bytes().filter(|b| matches!(b, b'-' | b'_' | b'=' | b'*' | b'~' | b'#')).count();
    drawn >= 2 && drawn == line.len() || drawn >= 12 && drawn * 5 >= line.len() * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers_are_left_out_and_signatures_that_are_the_message_are_not() {
        let own = "Hello, this is what I have to say about it.\n";
        let foot = "a mailing list\nhttp://lists.example/info\n";
        for line in ["-- \n", "_______________\n", "----- a list -----------\n", "> -- \n"] {
            assert_eq!(without_footer(&[own, line, foot].concat()), own, "{line}");
        }
        let stacked = [own, "-- \n", "me\n", "______\n", foot].concat();
        assert_eq!(without_footer(&stacked), own);
        let message = ["-- \n", own, foot].concat();
        assert_eq!(without_footer(&message), message);
        let greeting = ["Dear A B,\n-- \n", own, foot].concat();
        assert_eq!(without_footer(&greeting), greeting);
        let long = [own, "-- \n", &own.repeat(50)].concat();
        assert_eq!(without_footer(&long), long);
        assert_eq!(without_footer("no - footer\n"), "no - footer\n");
    }
}
