//! HTML as a browser shows it: text in the order shown, hidden text dropped, letters put
//! together again that were spread over cells; and what the page is built of.
//!
//! In: one HTML document, in characters. Out: a [`Rendered`]. Never a tree: one pass with a
//! stack of open elements. Invariant: time and memory linear in the document: moving text
//! (`order`, `bidi-override`, cells) has a budget of [`MOVES`] times its length.

use super::css::{Box_, Flow, Look, apply, attribute_colour, settle};
use super::sheet::{Identity, Place, Sheet, content};
use super::tokenizer::{Token, attributes, tokens};
use super::{Element, File, Link, Page, Picture, Source};
use crate::limits::{Limit, Limits, Reached};
use crate::message::decode::base64;
use crate::message::html::entity;
use std::borrow::Cow;

/// Each character may be moved so often on average.
const MOVES: usize = 8;
/// A row of a table longer than this is not looked at for spread letters.
const ROW: usize = 4096;
/// An end tag closes no element further out than this.
const REACH: usize = 256;
/// So many elements may be open.
const DEPTH: usize = 1024;
/// A script longer than this is a file: it may carry one.
const SCRIPT: usize = 2048;

/// A document, shown.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    /// What is seen.
    pub text: String,
    /// What it is built of.
    pub page: Page,
    /// Where it refers to.
    pub links: Vec<Link>,
    /// What its `data:` URLs and scripts hold.
    pub files: Vec<File<'static>>,
    /// Limits that were met.
    pub reached: Reached,
}

/// An element that is not closed yet.
struct Open<'t> {
    identity: (Name, &'t str, &'t str),
    look: Look,
    /// Where its text begins.
    start: usize,
    /// Children that do not stand where they come: their order and their text.
    children: Vec<(i32, bool, usize, usize)>,
    /// Of a table's row: where each cell begins.
    cells: Vec<usize>,
    /// Text after its content.
    after: String,
}

/// An element's name in lower case; those that are longer than any known are cut.
#[derive(Clone, Copy)]
struct Name([u8; 12], u8);

impl Name {
    fn new(name: &str) -> Name {
        let mut bytes = [0; 12];
        let mut length = 0;
        for (to, from) in bytes.iter_mut().zip(name.bytes().filter(u8::is_ascii)) {
            *to = from.to_ascii_lowercase();
            length += 1;
        }
        Name(bytes, length)
    }

    fn as_str(&self) -> &str {
        let bytes = self.0.get(..usize::from(self.1)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// Shows `document`.
pub(super) fn render(document: &str, limits: &Limits) -> Rendered {
    let mut renderer = Renderer {
        limits,
        out: Rendered { text: String::with_capacity(document.len() / 2), ..Rendered::default() },
        hidden: String::new(),
        open: Vec::new(),
        sheet: Sheet::default(),
        moves: document.len().saturating_mul(MOVES),
    };
    for token in tokens(document) {
        match token {
            Token::Start(name, rest) => renderer.start(name, rest),
            Token::End(name) => renderer.end(Name::new(name).as_str()),
            Token::Text(text) => renderer.text(&decoded(text)),
            Token::Raw(name, text) => renderer.raw(name, text),
        }
    }
    while !renderer.open.is_empty() {
        renderer.close();
    }
    renderer.finish()
}

struct Renderer<'t, 'l> {
    limits: &'l Limits,
    out: Rendered,
    /// What is not seen.
    hidden: String,
    open: Vec<Open<'t>>,
    sheet: Sheet,
    moves: usize,
}

/// A start tag's attributes that matter here.
#[derive(Default)]
struct Attributes<'t> {
    class: &'t str,
    id: &'t str,
    style: Cow<'t, str>,
    hidden: bool,
    dir: &'t str,
    colour: Option<[u8; 3]>,
    behind: Option<[u8; 3]>,
    pictured: bool,
}

impl<'t> Renderer<'t, '_> {
    fn start(&mut self, name: &str, rest: &'t str) {
        let name = Name::new(name);
        let tag = name.as_str();
        self.close_implied(tag);
        let read = self.attributes(tag, rest);
        self.note_element(tag, read.class);
        let around = self.open.last().map_or(Look::DEFAULT, |open| open.look);
        let (look, before, after) = self.look(tag, rest, &read, &around);
        if matches!(tag, "td" | "th")
            && let Some(row) = self.open.last_mut().filter(|open| open.is("tr"))
            && row.cells.len() < ROW
        {
            row.cells.push(self.out.text.len());
        }
        let breaks = look.block.unwrap_or_else(|| is_block(tag));
        if breaks && !is_cell(tag) {
            self.line_end(tag);
        }
        if tag == "hr" {
            self.out.text.push_str("----\n");
        }
        if is_void(tag) || self.open.len() >= DEPTH {
            return;
        }
        let (start, identity) = (self.out.text.len(), (name, read.class, read.id));
        self.open.push(Open {
            identity,
            look,
            start,
            children: Vec::new(),
            cells: Vec::new(),
            after,
        });
        self.text(&before);
    }

    fn note_element(&mut self, tag: &str, class: &str) {
        if self.out.page.elements.len() >= self.limits.fingerprint_elements {
            self.out.reached.note(Limit::FingerprintElements);
            return;
        }
        let class = class.split_ascii_whitespace().next().unwrap_or_default().to_owned();
        let depth = self.open.len();
        self.out.page.elements.push(Element { name: tag.to_owned(), class, depth });
    }

    /// How an element looks, and the texts that style sheets put before and after its content.
    fn look(
        &self,
        tag: &str,
        rest: &str,
        read: &Attributes<'_>,
        around: &Look,
    ) -> (Look, String, String) {
        let mut look = around.inherited();
        let mut box_ = Box_::default();
        let (mut before, mut after) = (String::new(), String::new());
        look.gone |= read.hidden || matches!(tag, "template" | "datalist");
        look.text = read.colour.or(look.text);
        look.behind = read.behind.or(look.behind);
        if read.pictured {
            look.behind = None;
        }
        look.override_ = tag == "bdo";
        match read.dir {
            dir if dir.eq_ignore_ascii_case("rtl") => look.rtl = true,
            dir if dir.eq_ignore_ascii_case("ltr") => look.rtl = false,
            _ => {}
        }
        if !self.sheet.is_empty() {
            let element = Identity { name: tag, class: read.class, id: read.id };
            let outer = self.open.iter().rev().map(Open::identity);
            for rule in self.sheet.rules_for(element, outer) {
                let attribute = |name: &str| attribute(rest, name);
                match rule.place {
                    Place::Element => apply(&rule.declarations, around, &mut look, &mut box_),
                    Place::Before => before = content(&rule.declarations, attribute),
                    Place::After => after = content(&rule.declarations, attribute),
                }
            }
        }
        if !read.style.is_empty() {
            apply(&read.style, around, &mut look, &mut box_);
        }
        settle(&mut look, &box_);
        (look, before, after)
    }

    /// Reads a start tag's attributes; notes where they refer to.
    fn attributes(&mut self, tag: &str, rest: &'t str) -> Attributes<'t> {
        let mut read = Attributes::default();
        let mut picture = Picture::default();
        let mut field = (String::new(), String::new());
        for (name, value) in attributes(rest).take(self.limits.html_attributes) {
            let name = Name::new(name);
            match name.as_str() {
                "class" => read.class = value,
                "id" => read.id = value,
                "style" => {
                    read.style = decoded(value);
                    self.urls_of_style(value);
                }
                "hidden" => read.hidden = true,
                "dir" => read.dir = value,
                "color" | "text" if matches!(tag, "font" | "body") => {
                    read.colour = attribute_colour(value);
                }
                "bgcolor" => read.behind = attribute_colour(value),
                "background" => {
                    read.pictured = true;
                    self.link(value, Source::Loaded);
                }
                "href" => {
                    let followed = matches!(tag, "a" | "area");
                    self.link(value, if followed { Source::Anchor } else { Source::Other });
                }
                "src" | "data" | "poster" => {
                    if tag == "img" {
                        picture.src = short_source(value);
                    }
                    self.link(value, Source::Loaded);
                }
                "action" | "formaction" => self.link(value, Source::Form),
                "content" if tag == "meta" => self.refresh(value),
                "width" => picture.size.0 = leading_number(value),
                "height" => picture.size.1 = leading_number(value),
                "alt" => picture.alt = decoded(value).into_owned(),
                "type" => field.0 = value.to_ascii_lowercase(),
                "name" => field.1 = value.to_owned(),
                _ => {}
            }
        }
        let bounded = |count: usize| count < self.limits.fingerprint_links;
        match tag {
            "img" if bounded(self.out.page.images.len()) => self.out.page.images.push(picture),
            "input" | "select" | "textarea" | "button" if bounded(self.out.page.fields.len()) => {
                let kind = if field.0.is_empty() { tag } else { &field.0 };
                self.out.page.fields.push(format!("{kind}:{}", field.1));
            }
            _ => {}
        }
        read
    }

    /// `5; url=…`
    fn refresh(&mut self, value: &str) {
        let lower = value.to_ascii_lowercase();
        if let Some(at) = lower.find("url=") {
            let url = value.get(at + 4..).unwrap_or_default();
            self.link(url.trim_matches(['\'', '"', ' ']), Source::Other);
        }
    }

    /// `url(…)`
    fn urls_of_style(&mut self, style: &str) {
        for after in style.split("url(").skip(1) {
            let url = after.split(')').next().unwrap_or_default();
            self.link(url.trim_matches(['\'', '"', ' ']), Source::Loaded);
        }
    }

    fn link(&mut self, value: &str, source: Source) {
        let value = value.trim_ascii();
        let is_data = value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:"));
        if is_data {
            self.embedded(value.get(5..).unwrap_or_default());
        } else if self.out.links.len() >= self.limits.fingerprint_links {
            self.out.reached.note(Limit::FingerprintLinks);
        } else if !value.is_empty() && !value.starts_with('#') {
            let mut url: String = decoded(value).chars().filter(|c| !c.is_whitespace()).collect();
            url.truncate(url.floor_char_boundary(self.limits.uri_length));
            self.out.links.push(Link { url, source });
        }
    }

    /// What a `data:` URL holds (RFC 2397).
    fn embedded(&mut self, url: &str) {
        if self.out.files.len() >= self.limits.fingerprint_files {
            self.out.reached.note(Limit::FingerprintFiles);
            return;
        }
        let Some((head, body)) = url.split_once(',') else { return };
        let body = percent_decoded(body.as_bytes());
        let is_base64 = head.to_ascii_lowercase().ends_with(";base64");
        let bytes = if is_base64 { base64(&body) } else { body };
        let kind = head.split(';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
        let (name, bytes) = (String::new(), Cow::Owned(bytes));
        self.out.files.push(File { name, kind, attached: false, bytes });
    }

    fn raw(&mut self, name: &'static str, text: &str) {
        match name {
            "style" => self.sheet.read(text),
            "textarea" | "xmp" => self.text(text),
            "script" if text.len() > SCRIPT => {
                if self.out.files.len() < self.limits.fingerprint_files {
                    self.out.files.push(File {
                        name: String::new(),
                        kind: "text/javascript".to_owned(),
                        attached: false,
                        bytes: Cow::Owned(text.as_bytes().to_vec()),
                    });
                } else {
                    self.out.reached.note(Limit::FingerprintFiles);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let seen = self.open.last().is_none_or(|open| open.look.is_seen());
        let out = if seen { &mut self.out.text } else { &mut self.hidden };
        for (at, run) in text.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            if at > 0 && !out.ends_with([' ', '\n']) {
                out.push(' ');
            }
            out.push_str(run);
        }
    }

    fn line_end(&mut self, tag: &str) {
        let out = &mut self.out.text;
        if tag != "br" && !out.is_empty() && !out.ends_with("\n\n") {
            out.push_str(if out.ends_with('\n') { "\n" } else { "\n\n" });
        } else if tag == "br" {
            out.push('\n');
        }
    }

    /// Closes what `tag` ends without saying so.
    fn close_implied(&mut self, tag: &str) {
        let ends: &[&str] = match tag {
            "td" | "th" => &["td", "th"],
            "tr" => &["td", "th", "tr"],
            "tbody" | "thead" | "tfoot" => &["td", "th", "tr", "tbody", "thead", "tfoot"],
            "li" => &["li"],
            "option" => &["option"],
            "dd" | "dt" => &["dd", "dt"],
            _ if is_block(tag) && tag != "br" => &["p"],
            _ => return,
        };
        if tag == "li" || ends == ["p"] {
            if self.open.last().is_some_and(|open| ends.contains(&open.name())) {
                self.close();
            }
            return;
        }
        // Up to the table around; what stands between goes, too.
        let border = self.open.iter().rev().take(REACH).position(|open| open.is("table"));
        let inner = border.unwrap_or(self.open.len().min(REACH));
        let first = self.open.len().saturating_sub(inner);
        let tail = self.open.get(first..).unwrap_or_default();
        if let Some(at) = tail.iter().position(|open| ends.contains(&open.name())) {
            while self.open.len() > first + at {
                self.close();
            }
        }
    }

    fn end(&mut self, tag: &str) {
        if tag == "br" || tag == "p" && !self.open.iter().rev().take(REACH).any(|o| o.is("p")) {
            return self.line_end(tag);
        }
        let Some(at) = self.open.iter().rev().take(REACH).position(|open| open.is(tag)) else {
            return;
        };
        // `</b>` in a cell does not close the table.
        let crossed = self.open.iter().rev().take(at).any(|open| open.is("table"));
        if crossed && !is_block(tag) {
            return;
        }
        for _ in 0..=at {
            self.close();
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.last_mut() {
            let after = std::mem::take(&mut open.after);
            self.text(&after);
        }
        let Some(open) = self.open.pop() else { return };
        let end = self.out.text.len();
        if open.is("tr") {
            self.join_cells(&open);
        }
        if !open.children.is_empty() {
            self.reorder(&open);
        }
        if open.look.override_ && end > open.start && self.may_move(end - open.start) {
            let text = self.out.text.split_off(open.start);
            self.out.text.push_str(&turned(&text, open.look.rtl));
        }
        let (tag, end) = (open.name(), self.out.text.len());
        if let Some(outer) = self.open.last_mut()
            && (open.look.order != 0 || open.look.floats_right || outer.look.flow != Flow::Normal)
            && outer.children.len() < ROW
        {
            outer.children.push((open.look.order, open.look.floats_right, open.start, end));
        }
        if open.look.block.unwrap_or_else(|| is_block(tag)) && !is_cell(tag) {
            self.line_end(tag);
        } else if is_cell(tag) {
            self.out.text.push('\n');
        }
    }

    fn may_move(&mut self, length: usize) -> bool {
        let left = self.moves.checked_sub(length);
        self.moves = left.unwrap_or(0);
        left.is_some()
    }

    /// Puts the children of `open` where they are shown.
    fn reorder(&mut self, open: &Open<'_>) {
        let end = self.out.text.len();
        if !self.may_move(end.saturating_sub(open.start)) {
            return;
        }
        let mut pieces: Vec<(bool, i32, usize, usize)> = Vec::new();
        let mut at = open.start;
        for &(order, right, from, to) in &open.children {
            if from > at {
                pieces.push((false, 0, at, from));
            }
            pieces.push((right, order, from.max(at), to.max(at)));
            at = at.max(to);
        }
        if end > at {
            pieces.push((false, 0, at, end));
        }
        let ordered = open.look.flow != Flow::Normal;
        if ordered {
            pieces.sort_by_key(|&(_, order, ..)| order);
        } else {
            // What floats to the right stands there in reverse.
            let (mut rights, lefts): (Vec<_>, Vec<_>) =
                pieces.into_iter().partition(|&(right, ..)| right);
            rights.reverse();
            pieces = lefts;
            pieces.append(&mut rights);
        }
        if open.look.flow == Flow::Reversed {
            pieces.reverse();
        }
        let mut moved = String::with_capacity(end - open.start);
        for (_, _, from, to) in pieces {
            moved.push_str(self.out.text.get(from..to).unwrap_or_default());
        }
        self.out.text.truncate(open.start);
        self.out.text.push_str(&moved);
    }

    /// Puts letters together that were spread over the cells of a row, line by line.
    fn join_cells(&mut self, row: &Open<'_>) {
        let end = self.out.text.len();
        if row.cells.len() < 3 || end.saturating_sub(row.start) > ROW {
            return;
        }
        let ends = row.cells.iter().skip(1).copied().chain([end]);
        let cells: Vec<Vec<&str>> = row
            .cells
            .iter()
            .zip(ends)
            .map(|(&from, to)| self.out.text.get(from..to).unwrap_or_default().trim().lines())
            .map(|lines| lines.map(str::trim).filter(|line| !line.is_empty()).collect())
            .collect();
        let lines = cells.iter().map(Vec::len).sum::<usize>();
        let chars = cells.iter().flatten().map(|line| line.chars().count()).sum::<usize>();
        if lines < 3 || chars > 2 * lines {
            return;
        }
        let tallest = cells.iter().map(Vec::len).max().unwrap_or_default();
        let mut joined = String::new();
        for at in 0..tallest.min(64) {
            for cell in &cells {
                joined.push_str(cell.get(at).copied().unwrap_or(" "));
            }
            joined.push('\n');
        }
        self.out.text.truncate(row.start);
        self.out.text.push_str(&joined);
    }

    fn finish(mut self) -> Rendered {
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
        self.out.page.seen = letters(&self.out.text);
        self.out.page.hidden = letters(&self.hidden);
        // A page that shows nothing was not understood.
        if self.out.page.seen < 16 && self.out.page.hidden > 100 {
            self.out.text.push_str(&self.hidden);
        }
        self.out
    }
}

impl Open<'_> {
    fn name(&self) -> &str {
        self.identity.0.as_str()
    }

    fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    fn identity(&self) -> Identity<'_> {
        Identity { name: self.name(), class: self.identity.1, id: self.identity.2 }
    }
}

/// `text` with references decoded.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    match entity::decode(text.as_bytes(), true).text {
        Cow::Borrowed(_) => text.into(),
        Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}

/// The value of the attribute `name` of a start tag.
fn attribute(tag: &str, name: &str) -> String {
    let mut all = attributes(tag);
    all.find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| decoded(value).into_owned())
        .unwrap_or_default()
}

/// `text` as it is shown where all characters go one way: from right to left, or from left to
/// right. A reader reads each script in its own direction.
pub(in crate::fingerprint) fn turned(text: &str, rtl: bool) -> Cow<'_, str> {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (all, from_right) =
        letters.fold((0, 0), |(all, right), c| (all + 1, right + usize::from(is_rtl(c))));
    match (from_right * 2 > all) == rtl {
        true => text.into(),
        false => text.chars().rev().collect::<String>().into(),
    }
}

/// Is `c` of a script that is written from right to left?
fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// `%41` undone.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if first == b'%' => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}

/// A source, of a `data:` URL only its type.
fn short_source(value: &str) -> String {
    let value = value.trim_ascii();
    match value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
        true => value.split(',').next().unwrap_or_default().chars().take(64).collect(),
        false => decoded(value).chars().filter(|c| !c.is_whitespace()).take(8192).collect(),
    }
}

/// `600px` and `600`.
fn leading_number(value: &str) -> Option<u32> {
    let value = value.trim_ascii();
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let whole = !value.get(end..)?.starts_with('%');
    value.get(..end)?.parse().ok().filter(|_| whole)
}

fn is_cell(tag: &str) -> bool {
    matches!(tag, "td" | "th")
}

/// Does it begin and end a line?
#[rustfmt::skip]
fn is_block(tag: &str) -> bool {
    matches!(
        tag,
        "address" | "article" | "aside" | "blockquote" | "body" | "br" | "caption" | "center"
        | "dd" | "details" | "dialog" | "dir" | "div" | "dl" | "dt" | "fieldset" | "figcaption"
        | "figure" | "footer" | "form" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "header"
        | "hr" | "html" | "legend" | "li" | "main" | "menu" | "nav" | "ol" | "optgroup"
        | "option" | "p" | "pre" | "section" | "summary" | "table" | "tbody" | "td" | "tfoot"
        | "th" | "thead" | "tr" | "ul"
    )
}

/// Has it no content?
fn is_void(tag: &str) -> bool {
    matches!(
        tag,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
            | "keygen"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(document: &str) -> String {
        let words = render(document, &Limits::default()).text;
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_shown_is_read_in_the_order_shown() {
        let cases = [
            ("a<b>b</b>c<!-- x -->d<span></span>e", "abcde"),
            ("<p>a<p>b<br>c", "a b c"),
            ("a<span style='display:none'>x<b>y</b></span>b", "ab"),
            ("<div hidden>x</div>a", "a"),
            ("<font color=white>x</font>a", "a"),
            ("<body bgcolor=black text=white>a", "a"),
            ("<table bgcolor='#000000'><tr><td><font color=white>a", "a"),
            ("<style>.q{display:none}</style>a<i class='w q'>x</i>b", "ab"),
            (
                "<style>.q:before{content:'pre'}.q::after{content:attr(data-x)}</style>\
              <i class=q data-x=post>mid</i>",
                "premidpost",
            ),
            (
                "<div style='display:flex'><b style='order:2'>b</b><b style='order:1'>a</b></div>",
                "ab",
            ),
            (
                "<div style='display:flex;flex-direction:row-reverse'><b>c</b><b>b</b><b>a</b></div>",
                "abc",
            ),
            ("<div><b style='float:right'>c</b><b style='float:right'>b</b>a</div>", "abc"),
            ("<bdo dir=rtl>edoc</bdo>", "code"),
            ("<span style='unicode-bidi:bidi-override;direction:rtl'>edoc</span>", "code"),
            ("<bdo dir=rtl>שלום</bdo>", "שלום"),
            ("<table><tr><td>V<td>I<td>A<td>G</table>", "VIAG"),
            ("<table><tr><td>V<br>C<td>I<br>I<td>A<br>A</table>", "VIA CIA"),
            ("<table><tr><td>one<td>two<td>three</table>", "one two three"),
            ("<td style='display:none'>x<td>a", "a"),
            ("<script>x</script><title>x</title>a", "a"),
            ("&#97;&amp;b&nbsp;c", "a&b c"),
            ("<select><option>a<option>b</select>", "a b"),
            ("</b></p>a</table>", "a"),
            ("<div style='visibility:hidden'>x<b style='visibility:visible'>a</b></div>", "a"),
        ];
        for (document, expected) in cases {
            assert_eq!(text(document), expected, "{document}");
        }
    }

    #[test]
    fn what_a_page_refers_to_is_noted() {
        let document = "<a href='http://a/ b&amp;c'>x</a><img src=cid:1 width=20px height=50%>\
            <form action=http://f><input type=password name=pw></form>\
            <meta http-equiv=refresh content='0; URL=http://r'>\
            <p style=\"background:url('http://u')\"><img src='data:image/png;base64,aGk='>";
        let shown = render(document, &Limits::default());
        let links: Vec<_> = shown.links.iter().map(|l| (l.url.as_str(), l.source)).collect();
        let expected = [
            ("http://a/b&c", Source::Anchor),
            ("cid:1", Source::Loaded),
            ("http://f", Source::Form),
            ("http://r", Source::Other),
            ("http://u", Source::Loaded),
        ];
        assert_eq!(links, expected);
        assert_eq!(shown.page.fields, ["password:pw"]);
        assert_eq!(shown.page.images.first().map(|i| i.size), Some((Some(20), None)));
        assert_eq!(shown.files.first().map(|f| f.bytes.as_ref()), Some(&b"hi"[..]));
        assert_eq!(shown.files.first().map(|f| f.kind.as_str()), Some("image/png"));
    }
}
