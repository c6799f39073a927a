//! Renders HTML to text and collects the facts that rules ask for.
//!
//! In: the decoded text of a part. Out: [`Html`]. Behaviour: Mail::SpamAssassin::HTML with
//! what Mail::SpamAssassin::Message::Node adds to its results.

use super::attributes::{self, Attributes};
use super::elements;
use super::entity::{self, Decoded};
use super::style::{Element, Look, Styles};
use super::text::Text;
use super::tokenizer::{self, Attribute, Events};
use super::words::{self, Alphabet};
use super::{Html, Link, Snippet, Source, link};
use crate::limits::{Limit, Limits, Reached};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

/// Renders `source`, the text of a part that has `octets` octets before its charset was
/// decoded.
pub fn render(source: &[u8], kind: Source, octets: usize, limits: &Limits) -> Html {
    let wide = kind == Source::Utf8;
    let source = match kind {
        Source::Ascii if !source.is_ascii() => Cow::Owned(latin1_to_utf8(source)),
        _ => Cow::Borrowed(source),
    };
    let alphabet = if kind == Source::Octets { Alphabet::Octets } else { Alphabet::Utf8 };
    let mut renderer = Renderer::new(alphabet, wide, limits);
    renderer.html.length = alphabet.count(&source);
    let edited = super::edit::before_parsing(&source, alphabet, wide);
    let (ended, reached) = tokenizer::tokenize(&edited, limits.html_attributes, &mut renderer);
    renderer.html.aborted = !ended;
    renderer.reached.merge(reached);
    renderer.finish(octets)
}

/// A string that grows, and whether it is one of characters.
#[derive(Debug, Default)]
struct Growing {
    text: Vec<u8>,
    wide: bool,
}

impl Growing {
    fn push(&mut self, text: &[u8], wide: bool) {
        self.text.extend_from_slice(text);
        self.wide |= wide;
    }
}

struct Renderer<'l> {
    alphabet: Alphabet,
    /// Is the source a string of characters?
    wide: bool,
    limits: &'l Limits,
    html: Html,
    text: Text,
    styles: Styles,
    reached: Reached,
    tags: usize,
    elements: usize,
    tags_seen: usize,
    elements_seen: usize,
    closed_extra: usize,
    obfuscation: usize,
    backhair: HashSet<(usize, usize)>,
    base: Option<(Vec<u8>, bool)>,
    links: HashMap<Vec<u8>, usize>,
    /// The place of each reference resolved against the base in force.
    resolved: HashMap<Vec<u8>, usize>,
    /// Texts of anchors: the link they belong to, and the text.
    anchors: Vec<(Option<usize>, Growing)>,
    titles: Vec<Growing>,
    open: Open,
}

/// How many of the elements that text depends on are open.
#[derive(Debug, Default)]
struct Open {
    a: i64,
    script: i64,
    style: i64,
    title: i64,
}

impl Events for Renderer<'_> {
    fn start(&mut self, name: &[u8], attributes: &[Attribute<'_>]) -> ControlFlow<()> {
        let name = name.to_ascii_lowercase();
        let Some(kind) = self.tag(&name, 1) else { return ControlFlow::Continue(()) };
        let attributes = Attributes::read(&name, attributes, self.alphabet, self.wide);
        if let Some(element) = Element::named(&name)
            && self.styles.open(element, attributes.style(element)).is_err()
        {
            return ControlFlow::Break(());
        }
        self.text.space(kind.space);
        self.start_links(&name, &attributes);
        self.start_facts(&name, &attributes);
        ControlFlow::Continue(())
    }

    fn end(&mut self, name: &[u8]) -> ControlFlow<()> {
        let name = name.to_ascii_lowercase();
        if let Some(kind) = self.tag(&name, -1) {
            if let Some(element) = Element::named(&name) {
                self.styles.close(element);
            }
            self.text.space(kind.space);
        }
        ControlFlow::Continue(())
    }

    fn text(&mut self, text: &[u8], literal: bool) {
        let (text, wide) = self.decode(text, literal);
        if self.open.script > 0 {
            self.html.script.push(self.snippet(&text, wide));
        } else if self.open.style <= 0 {
            self.body_text(&text, wide);
        }
    }

    fn comment(&mut self, text: &[u8]) {
        self.html.comment.push(self.snippet(text, self.wide));
    }

    fn declaration(&mut self, text: &[u8]) {
        if text.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype")) {
            self.elements += 1;
            self.tags += 1;
            self.html.inside.insert(b"!doctype".to_vec(), 0);
        }
    }

    fn unclosed(&self) -> Option<&'static [u8]> {
        match (self.open.style > 0, self.open.script > 0) {
            (true, _) => Some(b"style"),
            (_, true) => Some(b"script"),
            _ => None,
        }
    }
}

/// What is said of an element that is rendered.
struct Kind {
    space: &'static [u8],
}

impl<'l> Renderer<'l> {
    fn new(alphabet: Alphabet, wide: bool, limits: &'l Limits) -> Self {
        Renderer {
            alphabet,
            wide,
            limits,
            html: Html::default(),
            text: Text::new(alphabet),
            styles: Styles::new(limits),
            reached: Reached::default(),
            tags: 0,
            elements: 0,
            tags_seen: 0,
            elements_seen: 0,
            closed_extra: 0,
            obfuscation: 0,
            backhair: HashSet::new(),
            base: None,
            links: HashMap::new(),
            resolved: HashMap::new(),
            anchors: Vec::new(),
            titles: Vec::new(),
            open: Open::default(),
        }
    }

    /// Counts a tag; gives what to do with it, if it is to be rendered.
    fn tag(&mut self, name: &[u8], change: i64) -> Option<Kind> {
        if self.tags >= self.limits.html_tags {
            self.reached.note(Limit::HtmlTags);
            return None;
        }
        let namespace = attributes::is_namespace(name);
        let element = elements::is_element(name);
        let seen = self.html.inside.get(name).copied();
        let counted = element || namespace;
        self.tags += 1;
        self.tags_seen += usize::from(seen.is_none());
        self.elements += usize::from(counted);
        self.elements_seen += usize::from(counted && seen.is_none());
        let mut inside = seen.unwrap_or(0) + change;
        if inside < 0 {
            inside = 0;
            self.closed_extra += 1;
        }
        match self.html.inside.get_mut(name) {
            Some(count) => *count = inside,
            None => drop(self.html.inside.insert(name.to_vec(), inside)),
        }
        match name {
            b"a" => self.open.a = inside,
            b"script" => self.open.script = inside,
            b"style" => self.open.style = inside,
            b"title" => self.open.title = inside,
            _ => {}
        }
        (element || elements::is_rendered_only(name))
            .then(|| Kind { space: elements::white_space(name) })
    }

    /// Decodes references; gives the text and whether it is one of characters.
    fn decode<'t>(&self, text: &'t [u8], literal: bool) -> (Cow<'t, [u8]>, bool) {
        if literal {
            return (Cow::Borrowed(text), self.wide);
        }
        if self.alphabet == Alphabet::Octets && std::str::from_utf8(text).is_err() {
            let text = latin1_to_utf8(text);
            return (Cow::Owned(entity::decode(&text, true).text.into_owned()), false);
        }
        let Decoded { text, wide } = entity::decode(text, true);
        (text, self.wide || (wide && self.alphabet == Alphabet::Utf8))
    }

    fn body_text(&mut self, text: &[u8], wide: bool) {
        if self.open.a > 0
            && let Some((_, anchor)) = self.anchors.last_mut()
        {
            anchor.push(text, wide);
        }
        if self.open.title > 0
            && let Some(title) = self.titles.last_mut()
        {
            title.push(text, wide);
        }
        let look = match self.text.is_blank(text) {
            true => Look::Visible,
            false => self.styles.look(),
        };
        self.html.font_low_contrast |= look == Look::LowContrast;
        self.html.font_invalid_color |= look == Look::InvalidColour;
        self.broken_words(text, wide);
        self.text.push(text, wide, look != Look::Visible);
    }

    /// Notes words that a tag before `text` cuts in two.
    fn broken_words(&mut self, text: &[u8], wide: bool) {
        let Some((before, before_wide)) = self.text.last_piece() else { return };
        let starts = self.alphabet.first(text).is_some_and(|(c, _)| words::is_lettering(c, wide));
        let ends = self.alphabet.last(before);
        let ends = ends.is_some_and(|(c, _)| words::is_lettering(c, before_wide));
        if starts && ends {
            self.obfuscation += 1;
        }
        if let Some(tail) = short_end(before, self.alphabet, before_wide)
            && let Some(head) = short_start(text, self.alphabet, wide)
        {
            self.backhair.insert((tail, head));
        }
    }

    fn start_links(&mut self, name: &[u8], attributes: &Attributes) {
        match name {
            b"body" | b"table" | b"tr" | b"td" => {
                self.link(name, attributes.background.as_ref());
            }
            b"a" | b"area" | b"link" => {
                self.link(name, attributes.href.as_ref());
                self.link(name, attributes.safe_redirect.as_ref());
            }
            b"img" | b"frame" | b"iframe" | b"embed" | b"script" | b"bgsound" => {
                self.link(name, attributes.src.as_ref());
            }
            b"form" => self.link(name, attributes.action.as_ref()),
            b"base" => self.base(attributes),
            b"meta" => self.link(name, attributes.refresh().as_ref()),
            _ => {}
        }
    }

    fn base(&mut self, attributes: &Attributes) {
        let Some((href, wide)) =
            attributes.href.as_ref().filter(|(href, _)| !href.is_empty() && href != b"0")
        else {
            return;
        };
        let uri = self.canonical(href, *wide).to_vec();
        self.link(b"base", Some(&(uri.clone(), *wide)));
        if let Some(directory) = link::directory(&uri) {
            self.base = Some((directory, *wide));
            self.resolved.clear();
        }
    }

    /// Notes that an element refers to a URI.
    fn link(&mut self, element: &[u8], value: Option<&(Vec<u8>, bool)>) {
        let Some((value, wide)) = value else { return };
        let uri = self.canonical(value, *wide);
        if let Some(kind) = elements::linking(element)
            && let Some(index) = self.resolved_index(uri, *wide)
            && let Some(link) = self.html.uris.get_mut(index)
            && !link.types.contains(&kind)
        {
            link.types.push(kind);
        }
    }

    /// The place of what `reference` leads to. A long base is not walked again for a
    /// reference that was seen before.
    fn resolved_index(&mut self, reference: &[u8], wide: bool) -> Option<usize> {
        if reference.is_empty() {
            return None;
        }
        if let Some(&index) = self.resolved.get(reference) {
            return Some(index);
        }
        if self.resolved.len() >= self.limits.uris {
            self.reached.note(Limit::Uris);
            return None;
        }
        let (base, base_wide) = match self.base.as_ref() {
            Some((base, wide)) if !link::is_opaque(reference) => (base.as_slice(), *wide),
            _ => (&b""[..], false),
        };
        let wide = wide || base_wide;
        let uri = match link::is_opaque(reference) {
            true => self.outward(reference, wide),
            false => self.outward(&link::resolve(base, reference), wide),
        };
        if uri.is_empty() {
            return None;
        }
        let index = self.link_index(uri, wide)?;
        self.resolved.insert(reference.to_vec(), index);
        Some(index)
    }

    /// The place of `uri` in the list, at its end if it is new.
    fn link_index(&mut self, uri: Vec<u8>, wide: bool) -> Option<usize> {
        if let Some(&index) = self.links.get(&uri) {
            return Some(index);
        }
        if self.html.uris.len() >= self.limits.uris {
            self.reached.note(Limit::Uris);
            return None;
        }
        let index = self.html.uris.len();
        self.links.insert(uri.clone(), index);
        self.html.uris.push(Link { uri, wide, ..Link::default() });
        Some(index)
    }

    /// A URI without white space around, cut at the limit.
    fn canonical<'u>(&mut self, uri: &'u [u8], wide: bool) -> &'u [u8] {
        let space = |c: char| c == '\u{a0}' || words::is_space(c, wide);
        let mut uri = uri;
        while let Some((_, length)) = self.alphabet.first(uri).filter(|&(c, _)| space(c)) {
            uri = uri.get(length..).unwrap_or(b"");
        }
        while let Some((_, length)) = self.alphabet.last(uri).filter(|&(c, _)| space(c)) {
            uri = uri.get(..uri.len() - length).unwrap_or(b"");
        }
        match self.alphabet.nth(uri, self.limits.uri_length) {
            Some(end) => {
                self.html.uri_truncated = true;
                self.reached.note(Limit::UriLength);
                uri.get(..end).unwrap_or(uri)
            }
            None => uri,
        }
    }

    fn start_facts(&mut self, name: &[u8], attributes: &Attributes) {
        match name {
            b"font" => self.html.font_face_bad |= attributes.face_is_bad(),
            b"img" => {
                if self.open.a > 0
                    && let Some((_, anchor)) = self.anchors.last_mut()
                {
                    anchor.push(b"<img>\n", false);
                }
                self.html.image_area += attributes.area().unwrap_or(0.0);
            }
            b"form" => {
                let action = attributes.action.as_ref();
                let mail = action.is_some_and(|(action, _)| {
                    memchr::memmem::find(&action.to_ascii_lowercase(), b"mailto:").is_some()
                });
                self.html.form_action_mailto |= mail;
            }
            b"object" | b"embed" => self.html.embeds = true,
            b"a" => self.start_anchor(attributes),
            b"title" => self.titles.push(Growing::default()),
            _ => {}
        }
    }

    fn start_anchor(&mut self, attributes: &Attributes) {
        let (uri, wide) = match attributes.href.as_ref() {
            Some((href, wide)) => {
                let uri = self.canonical(href, *wide).to_vec();
                (self.outward(&uri, *wide), *wide)
            }
            None => (Vec::new(), false),
        };
        let index = self.link_index(uri, wide);
        self.anchors.push((index, Growing::default()));
    }

    /// `text` as Perl holds it: a string without characters above U+00FF may be octets.
    fn outward(&self, text: &[u8], wide: bool) -> Vec<u8> {
        match wide || self.alphabet == Alphabet::Octets || text.is_ascii() {
            true => text.to_vec(),
            false => utf8_to_latin1(text),
        }
    }

    fn snippet(&self, text: &[u8], wide: bool) -> Snippet {
        Snippet { text: self.outward(text, wide), wide }
    }

    fn finish(mut self, octets: usize) -> Html {
        self.reached.merge(self.styles.reached);
        let mut html = std::mem::take(&mut self.html);
        if !html.aborted {
            self.ratios(&mut html);
            self.growing(&mut html);
        }
        html.reached = self.reached;
        let text = std::mem::replace(&mut self.text, Text::new(self.alphabet));
        text.finish(&mut html);
        if octets > 0 {
            html.ratio = Some((octets as f64 - html.html_length as f64) / octets as f64);
        }
        if html.aborted {
            html = Html {
                text: html.text,
                wide: html.wide,
                invisible: html.invisible,
                html_length: html.html_length,
                non_space_len: html.non_space_len,
                ratio: html.ratio,
                font_low_contrast: html.font_low_contrast,
                font_invalid_color: html.font_invalid_color,
                font_face_bad: html.font_face_bad,
                embeds: html.embeds,
                form_action_mailto: html.form_action_mailto,
                aborted: true,
                reached: html.reached,
                ..Html::default()
            };
        }
        html
    }

    fn ratios(&self, html: &mut Html) {
        html.min_size = self.styles.smallest;
        html.max_size = self.styles.largest;
        html.backhair_count = Some(self.backhair.len()).filter(|&count| count > 0);
        let of = |count: usize, all: usize, known: bool| {
            (known && all > 0).then(|| count as f64 / all as f64)
        };
        html.closed_extra_ratio = of(self.closed_extra, self.tags, true);
        html.bad_tag_ratio = of(self.tags - self.elements, self.tags, self.elements > 0);
        html.non_element_ratio =
            of(self.tags_seen - self.elements_seen, self.tags_seen, self.elements_seen > 0);
        html.obfuscation_ratio = of(self.obfuscation, self.tags, self.obfuscation > 0);
    }

    fn growing(&mut self, html: &mut Html) {
        let anchors = std::mem::take(&mut self.anchors);
        for (index, Growing { text, wide }) in anchors {
            let text = self.snippet(&text, wide);
            if let Some(link) = index.and_then(|index| html.uris.get_mut(index)) {
                link.anchor_text.push(text.clone());
            }
            html.anchor.push(text);
        }
        let titles = std::mem::take(&mut self.titles);
        html.title = titles.iter().map(|title| self.snippet(&title.text, title.wide)).collect();
    }
}

/// The length of the longest word piece of up to seven at the end of `text`,
/// if it starts at a word boundary.
fn short_end(text: &[u8], alphabet: Alphabet, wide: bool) -> Option<usize> {
    let mut rest = text;
    let mut found = None;
    let mut after: Option<char> = None;
    for length in 0..=7 {
        let before = alphabet.last(rest);
        if let Some(c) = after {
            let boundary =
                before.is_some_and(|(b, _)| words::is_word(b, wide)) != words::is_word(c, wide);
            found = if boundary { Some(length) } else { found };
        }
        let Some((c, bytes)) = before.filter(|&(c, _)| words::is_lettering(c, wide)) else { break };
        after = Some(c);
        rest = rest.get(..rest.len() - bytes).unwrap_or(b"");
    }
    found
}

/// The length of the longest word piece of up to seven at the start of `text` that ends at
/// a word boundary.
fn short_start(text: &[u8], alphabet: Alphabet, wide: bool) -> Option<usize> {
    let mut rest = text;
    let mut found = None;
    let mut before: Option<char> = None;
    for length in 0..=7 {
        let next = alphabet.first(rest);
        if let Some(c) = before {
            let boundary =
                next.is_some_and(|(n, _)| words::is_word(n, wide)) != words::is_word(c, wide);
            found = if boundary { Some(length) } else { found };
        }
        let Some((c, bytes)) = next.filter(|&(c, _)| words::is_lettering(c, wide)) else { break };
        before = Some(c);
        rest = rest.get(bytes..).unwrap_or(b"");
    }
    found
}

fn latin1_to_utf8(text: &[u8]) -> Vec<u8> {
    text.iter().map(|&b| char::from(b)).collect::<String>().into_bytes()
}

fn utf8_to_latin1(text: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(text).chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rendered(source: &[u8], limits: &Limits) -> Html {
        render(source, Source::Ascii, source.len(), limits)
    }

    #[test]
    fn hostile_documents_take_linear_time() {
        let many = 200_000;
        let attributes: String = (0..many).map(|number| format!(" a{number}=b")).collect();
        let documents = [
            "<b>".repeat(many),
            "<p>".repeat(many),
            "<a href=x>y".repeat(many),
            "<title>".repeat(many),
            "<script>".repeat(many),
            "<textarea>x".repeat(many),
            "<td><tr>".repeat(many),
            "</p>".repeat(many),
            "<!--".repeat(many),
            "<![INCLUDE[".repeat(many),
            "<![--".repeat(many),
            "<![-->--".repeat(many),
            "]]>".repeat(many),
            "<".repeat(many),
            "&".repeat(many),
            "&#".repeat(many),
            "<a b='".repeat(many),
            "</a b='".repeat(many),
            "<!doctype '".repeat(many),
            " ".repeat(many),
            format!("&{}", "a".repeat(many)),
            format!("<a{attributes}>"),
            format!("<a {}>x", "x/href=y ".repeat(many)),
            format!("<p style=\"{}\">x", "background:".repeat(many)),
            format!("<p style=\"{}\">x", "color:red;".repeat(many)),
            format!("<img{}/>", " ".repeat(many)),
            format!("<a href=\"{}\">x", "../".repeat(many)),
            format!("<base href=http://h.com/{}>{}", "a/".repeat(4000), "<a href=..>".repeat(500)),
        ];
        for document in documents {
            rendered(document.as_bytes(), &Limits::default());
        }
    }

    #[test]
    fn limit_html_depth_and_html_tags_and_html_attributes() {
        let mut limits = Limits::default();
        for (name, value) in
            [("html_tags", 3), ("html_depth", 2), ("html_attributes", 1), ("uris", 1)]
        {
            assert!(limits.set(name, value));
        }
        let at = rendered(b"<p><p><a href=x>y", &limits);
        assert!(at.reached.has(Limit::HtmlDepth) && !at.reached.has(Limit::HtmlTags));
        let under = rendered(b"<p><a href=x>y", &limits);
        assert_eq!(under.reached, Reached::default());
        let over = rendered(b"<b><b><b><p>x</p>y<a a=1 href=x>", &limits);
        assert_eq!(over.text, b"xy");
        assert!(over.reached.has(Limit::HtmlTags) && over.reached.has(Limit::HtmlAttributes));
        let links = rendered(b"<a href=x><a href=y>", &limits);
        assert_eq!(links.uris.len(), 1);
        assert!(links.reached.has(Limit::Uris));
    }

    #[test]
    fn a_uri_is_cut_at_its_limit() {
        for (length, truncated) in [(8191, false), (8192, false), (8193, true)] {
            let source = format!("<a href='{}'>", "x".repeat(length));
            let html = rendered(source.as_bytes(), &Limits::default());
            assert_eq!(html.uri_truncated, truncated);
            assert_eq!(html.uris.first().map(|link| link.uri.len()), Some(length.min(8192)));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_ranges_lie_in_the_text(
            pieces in proptest::collection::vec(prop_oneof![
                "[<>/!\\[\\]\"'=&#;-]", "[a-z ]{0,5}", "\\PC", Just("<p style='color:white'>".into()),
                Just("<script>".into()), Just("<![CDATA[".into()), Just("]]>".into()),
                Just("<title>".into()), Just("<!--".into()), Just("-->".into()),
                Just("&#xD83D;".into()), Just("&#xDE00;".into()), Just("</a>".into()),
            ], 0..40),
        ) {
            let source = pieces.concat();
            for kind in [Source::Utf8, Source::Ascii, Source::Octets] {
                let html = render(source.as_bytes(), kind, source.len(), &Limits::default());
                prop_assert!(html.invisible.iter().all(|range| html.text.get(range.clone()).is_some()));
                prop_assert!(!html.wide || std::str::from_utf8(&html.text).is_ok());
            }
        }

        #[test]
        fn octets_never_panic(source in proptest::collection::vec(any::<u8>(), 0..200)) {
            for kind in [Source::Utf8, Source::Ascii, Source::Octets] {
                render(&source, kind, source.len(), &Limits::default());
            }
        }
    }
}
