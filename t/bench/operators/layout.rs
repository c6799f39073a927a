//! Text whose source is in another order than what is seen, or mixed with what is not.

use super::Operator;
use super::text::{Chance, escaped, lines, map_words, page, text_of, with_body};

/// The operators of this file.
pub const OPERATORS: &[Operator] = &[
    ("letters_in_cells", letters_in_cells),
    ("columns_in_cells", columns_in_cells),
    ("css_order", css_order),
    ("css_reverse", css_reverse),
    ("css_class_hidden", css_class_hidden),
    ("css_before", css_before),
    ("css_float", css_float),
    ("bidi_characters", bidi_characters),
    ("bidi_css", bidi_css),
];

/// A row of cells a line, a letter each.
fn letters_in_cells(bytes: &[u8], _: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let cell = |c: char| format!("<td>{}</td>", escaped(&c.to_string()).replace(' ', "&nbsp;"));
    let row = |line: &str| {
        let cells: String = line.chars().map(cell).collect();
        format!("<table><tr>{cells}</tr></table>")
    };
    Some(with_body(bytes, "text/html", &page("", lines(&text).map(row))))
}

/// Four lines above one another, cut into columns of one letter.
fn columns_in_cells(bytes: &[u8], _: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let rows: Vec<String> = words.chunks(5).map(|words| words.join(" ")).collect();
    let tables = rows.chunks(4).map(|rows| {
        let widest = rows.iter().map(|row| row.chars().count()).max().unwrap_or_default();
        let column = |at: usize| {
            let letter = |row: &String| match row.chars().nth(at) {
                Some(' ') | None => "&nbsp;".to_owned(),
                Some(c) => escaped(&c.to_string()),
            };
            let letters: Vec<String> = rows.iter().map(letter).collect();
            format!("<td>{}</td>", letters.join("<br>"))
        };
        format!("<table><tr>{}</tr></table>", (0..widest).map(column).collect::<String>())
    });
    Some(with_body(bytes, "text/html", &page("", tables)))
}

/// Words in any order, put right by `order`.
fn css_order(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let boxes = lines(&text).map(|line| {
        let mut words: Vec<(usize, &str)> = line.split_whitespace().enumerate().collect();
        for at in (1..words.len()).rev() {
            words.swap(at, chance.below(at + 1));
        }
        let spans = words.iter().map(|(order, word)| {
            format!("<span style=\"order:{order}\">{}&nbsp;</span>", escaped(word))
        });
        format!("<div style=\"display:flex;flex-wrap:wrap\">{}</div>", spans.collect::<String>())
    });
    let body = page("", boxes);
    Some(with_body(bytes, "text/html", &body))
}

/// Words from the last to the first, put right by `row-reverse`.
fn css_reverse(bytes: &[u8], _: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let head =
        "<style>.r{display:flex;flex-direction:row-reverse;justify-content:flex-end}</style>";
    let boxes = lines(&text).map(|line| {
        let spans = line.split_whitespace().rev();
        let spans: String =
            spans.map(|word| format!("<span>{}&nbsp;</span>", escaped(word))).collect();
        format!("<div class=r>{spans}</div>")
    });
    Some(with_body(bytes, "text/html", &page(head, boxes)))
}

/// Between every few words others that a style sheet hides.
fn css_class_hidden(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let class = chance.letters(6);
    let ways = ["display:none", "font-size:0", "position:absolute;left:-9999px", "color:#ffffff"];
    let head = format!("<style>p{{margin:1em}}\n.{class} {{ {} }}</style>", chance.of(&ways));
    let paragraphs = lines(&text).map(|line| {
        map_words(&escaped(line), &mut chance, 20, |word, chance| {
            format!("{word} <i class=\"{class}\">{}</i>", chance.sentence(4))
        })
    });
    let body = page(&head, paragraphs.map(|line| format!("<p>{line}</p>")));
    Some(with_body(bytes, "text/html", &body))
}

/// Words that only a style sheet says.
fn css_before(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let class = chance.letters(5);
    let head = format!("<style>.{class}::before{{content:attr(data-{class})}}</style>");
    let lines = lines(&text).map(|line| {
        let line = escaped(line).replace('"', "&quot;");
        let said = |word: &str, _: &mut Chance| {
            format!("<b class=\"{class}\" data-{class}=\"{word}\"></b>")
        };
        format!("<p>{}</p>", map_words(&line, &mut chance, 30, said))
    });
    let body = page(&head, lines);
    Some(with_body(bytes, "text/html", &body))
}

/// Letters from the last to the first, put right by `float:right`.
fn css_float(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let paragraphs = lines(&text).map(|line| {
        let turned = |word: &str, _: &mut Chance| {
            let letters = word.chars().rev().map(|c| format!("<b style=\"float:right\">{c}</b>"));
            format!("<span style=\"display:inline-block\">{}</span>", letters.collect::<String>())
        };
        format!("<p>{}</p>", map_words(&escaped(line), &mut chance, 25, turned))
    });
    let body = page("", paragraphs);
    Some(with_body(bytes, "text/html", &body))
}

fn reversed(word: &str) -> String {
    word.chars().rev().collect()
}

/// Words written backwards, put right by U+202E.
fn bidi_characters(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let turned = |word: &str, _: &mut Chance| format!("\u{202e}{}\u{202c}", reversed(word));
    Some(with_body(bytes, "text/plain", &map_words(&text, &mut chance, 25, turned)))
}

/// Words written backwards, put right by `bidi-override`.
fn bidi_css(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let text = text_of(bytes)?;
    let mut chance = Chance::new(seed, bytes);
    let style = "unicode-bidi:bidi-override; direction:rtl";
    let paragraphs = lines(&text).map(|line| {
        let turned = |word: &str, _: &mut Chance| {
            format!("<span style=\"{style}\">{}</span>", reversed(word))
        };
        format!("<p>{}</p>", map_words(&escaped(line), &mut chance, 25, turned))
    });
    let body = page("", paragraphs);
    Some(with_body(bytes, "text/html", &body))
}
