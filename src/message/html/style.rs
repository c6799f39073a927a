//! What text looks like: colours, size and visibility of all open elements.
//!
//! In: start and end tags with their attributes. Out: whether text is [`Look::Hidden`].
//! Invariant: as many styles are kept as elements are open, [`Limit::HtmlDepth`] at most.
//! Only attributes count, `<style>` and classes do not (Mail::SpamAssassin::HTML).

use super::colour::Colour;
use crate::limits::{Limit, Limits, Reached};

/// Can the reader see text?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As far as one knows.
    Visible,
    /// No: too small or switched off.
    Hidden,
    /// No: as the background.
    LowContrast,
    /// No: the colour is none.
    InvalidColour,
}

/// A CSS background without any value: SpamAssassin stops rendering there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EmptyBackground;

/// The attributes that styles are read from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StyleAttributes<'a> {
    pub text: Option<&'a [u8]>,
    pub color: Option<&'a [u8]>,
    pub size: Option<&'a [u8]>,
    pub style: Option<&'a [u8]>,
    /// Is there any other attribute that may stand here (`face`, `bgcolor`, `link`, …)?
    pub other: bool,
}

/// Elements that change a style. A `th` is a `td`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Default,
    A,
    Basefont,
    Big,
    Body,
    Div,
    Font,
    Marquee,
    P,
    Small,
    Span,
    Table,
    Td,
    Tr,
}

const ELEMENTS: usize = 14;

impl Element {
    /// The element called `name`, in lower case.
    pub(super) fn named(name: &[u8]) -> Option<Element> {
        Some(match name {
            b"a" => Element::A,
            b"basefont" => Element::Basefont,
            b"big" => Element::Big,
            b"body" => Element::Body,
            b"div" => Element::Div,
            b"font" => Element::Font,
            b"marquee" => Element::Marquee,
            b"p" => Element::P,
            b"small" => Element::Small,
            b"span" => Element::Span,
            b"table" => Element::Table,
            b"td" | b"th" => Element::Td,
            b"tr" => Element::Tr,
            _ => return None,
        })
    }

    /// Does the element take `style=`?
    pub(super) fn takes_style(self) -> bool {
        use Element::{A, Div, P, Span, Table, Td, Tr};
        matches!(self, A | Div | P | Span | Table | Td | Tr)
    }

    /// Does the element take `color=` and `size=`?
    pub(super) fn takes_font(self) -> bool {
        matches!(self, Element::Basefont | Element::Font)
    }
}

#[derive(Clone, Copy, Debug)]
struct Style {
    element: Element,
    foreground: Colour,
    background: Colour,
    size: f64,
    not_displayed: bool,
    not_visible: bool,
}

/// The styles of all open elements.
#[derive(Debug)]
pub(super) struct Styles {
    open: Vec<Style>,
    /// How many of each element are open.
    counts: [usize; ELEMENTS],
    depth: usize,
    basefont: f64,
    /// The smallest size that an attribute led to.
    pub smallest: f64,
    /// The largest.
    pub largest: f64,
    pub reached: Reached,
}

const DEFAULT: Style = Style {
    element: Element::Default,
    foreground: Colour::Rgb(0x00_0000),
    background: Colour::Rgb(0xff_ffff),
    size: 3.0,
    not_displayed: false,
    not_visible: false,
};

impl Styles {
    pub(super) fn new(limits: &Limits) -> Self {
        Styles {
            open: vec![DEFAULT],
            counts: [0; ELEMENTS],
            depth: limits.html_depth,
            basefont: 3.0,
            smallest: 3.0,
            largest: 3.0,
            reached: Reached::default(),
        }
    }

    /// Opens `element`.
    pub(super) fn open(
        &mut self,
        element: Element,
        attributes: StyleAttributes<'_>,
    ) -> Result<(), EmptyBackground> {
        if element == Element::Basefont
            && let Some(size) = attributes.size.and_then(|size| number(size.trim_ascii_start()))
        {
            self.basefont = size;
            return Ok(());
        }
        match element {
            Element::Td => self.close_while(element, &[Element::Font, Element::Td]),
            Element::Tr => self.close_while(element, &[Element::Font, Element::Td, Element::Tr]),
            _ => {}
        }
        let outer = self.current();
        let mut style = Style { element, ..outer };
        match element {
            Element::Big => style.size += 1.0,
            Element::Small => style.size -= 1.0,
            _ => {
                self.apply(&mut style, attributes)?;
            }
        }
        if self.open.len() > self.depth {
            self.reached.note(Limit::HtmlDepth);
            return Ok(());
        }
        self.open.push(style);
        self.count(element, 1);
        Ok(())
    }

    fn apply(
        &mut self,
        style: &mut Style,
        attributes: StyleAttributes<'_>,
    ) -> Result<(), EmptyBackground> {
        if let Some(colour) = attributes.text.or(attributes.color) {
            style.foreground = Colour::named(colour);
        }
        if let Some(size) = attributes.size {
            style.size = font_size(size, self.basefont).unwrap_or(style.size);
        }
        if let Some(css) = attributes.style {
            apply_css(style, self.current(), css)?;
        }
        let StyleAttributes { text, color, size, style: css, other } = attributes;
        if other || text.or(color).or(size).or(css).is_some() {
            if style.size > self.largest {
                self.largest = style.size;
            } else if style.size < self.smallest {
                self.smallest = style.size;
            }
        }
        Ok(())
    }

    /// Closes the last `element` with all that is open in it. `body` stays open, as in
    /// browsers.
    pub(super) fn close(&mut self, element: Element) {
        if element == Element::Body || !self.is_open(element) {
            return;
        }
        while let Some(style) = self.pop() {
            if style.element == element {
                break;
            }
        }
    }

    /// Closes elements of `inner` from the top, if `element` is open at all.
    fn close_while(&mut self, element: Element, inner: &[Element]) {
        if self.is_open(element) {
            while inner.contains(&self.current().element) {
                self.pop();
            }
        }
    }

    /// How text looks here.
    pub(super) fn look(&self) -> Look {
        let style = self.current();
        let colours = [style.foreground, style.background];
        if style.foreground.is_close_to(style.background) {
            Look::LowContrast
        } else if colours.contains(&Colour::Invalid) {
            Look::InvalidColour
        } else if style.size <= 1.0 || style.not_displayed || style.not_visible {
            Look::Hidden
        } else {
            Look::Visible
        }
    }

    fn current(&self) -> Style {
        self.open.last().copied().unwrap_or(DEFAULT)
    }

    fn is_open(&self, element: Element) -> bool {
        self.counts.get(element as usize).is_some_and(|&count| count > 0)
    }

    fn count(&mut self, element: Element, change: isize) {
        if let Some(count) = self.counts.get_mut(element as usize) {
            *count = count.saturating_add_signed(change);
        }
    }

    fn pop(&mut self) -> Option<Style> {
        if self.open.len() < 2 {
            return None;
        }
        let style = self.open.pop()?;
        self.count(style.element, -1);
        Some(style)
    }
}

/// `+1`, `-1` count from the base size; a number alone is the size.
fn font_size(value: &[u8], basefont: f64) -> Option<f64> {
    let value = value.trim_ascii_start();
    match value {
        [b'+', rest @ ..] => number(rest).map(|by| basefont + by),
        [b'-', rest @ ..] => number(rest).map(|by| basefont - by),
        _ => number(value),
    }
}

/// The digits at the start of `value`.
fn number(value: &[u8]) -> Option<f64> {
    let digits = value.iter().take_while(|b| b.is_ascii_digit());
    let (count, sum) =
        digits.fold((0, 0.0), |(count, sum), &b| (count + 1, sum * 10.0 + f64::from(b - b'0')));
    (count > 0).then_some(sum)
}

/// A colour while declarations are read: `transparent` is settled after the last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paint {
    Colour(Colour),
    Transparent,
}

/// Reads the declarations of a `style` attribute.
fn apply_css(style: &mut Style, outer: Style, css: &[u8]) -> Result<(), EmptyBackground> {
    let mut foreground = Paint::Colour(style.foreground);
    let mut background = Paint::Colour(style.background);
    for declaration in css.split(|&b| b == b';') {
        let Some((property, value)) = split_declaration(declaration) else { continue };
        let colon_follows = property.len() == property.trim_ascii_end().len();
        let property = property.trim_ascii_end();
        if colon_follows && property.eq_ignore_ascii_case(b"color") {
            foreground = css_colour(value).unwrap_or(foreground);
        } else if colon_follows && property.eq_ignore_ascii_case(b"background-color") {
            background = css_colour(value).unwrap_or(background);
        } else if colon_follows && property == b"background" {
            if let Some(colour) = css_background(value)? {
                background = Paint::Colour(colour);
            }
        } else if property == b"display" && !value.trim_ascii().is_empty() {
            style.not_displayed = value.eq_ignore_ascii_case(b"none");
        } else if property == b"visibility" && !value.trim_ascii().is_empty() {
            style.not_visible = value.eq_ignore_ascii_case(b"hidden");
        }
    }
    style.background = match background {
        Paint::Colour(colour) => colour,
        Paint::Transparent => outer.background,
    };
    style.foreground = match foreground {
        Paint::Colour(colour) => colour,
        Paint::Transparent => style.background,
    };
    Ok(())
}

/// `property: value`; the value is trimmed, on one line, and one blank where there is
/// nothing but blanks. `None` for anything else.
fn split_declaration(declaration: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', declaration)?;
    let (property, rest) = declaration.split_at_checked(colon)?;
    let value = trim(rest.get(1..)?);
    if value.is_empty() {
        let blank = rest.get(1..)?.iter().any(|&b| b != b'\n');
        return blank.then_some((trim_start(property), b" "));
    }
    memchr::memchr(b'\n', value).is_none().then_some((trim_start(property), value))
}

/// The colour of a `color` or `background-color`; `None` to go on with what is.
fn css_colour(value: &[u8]) -> Option<Paint> {
    let value = value.to_ascii_lowercase();
    let value = match value.strip_suffix(b"important").map(trim_end) {
        Some(before) => before.strip_suffix(b"!").map_or(value.as_slice(), trim_end),
        None => value.as_slice(),
    };
    if memchr::memmem::find(value, b"rgb").is_some() {
        return Some(Paint::Colour(Colour::from_numbers(value)));
    }
    match value {
        b"inherit" => None,
        b"transparent" => Some(Paint::Transparent),
        _ => Some(Paint::Colour(Colour::named(value))),
    }
}

/// The first colour in the bottom layer of a CSS `background`.
fn css_background(value: &[u8]) -> Result<Option<Colour>, EmptyBackground> {
    let value = value.to_ascii_lowercase();
    let bottom = bottom_layer(&value).ok_or(EmptyBackground)?;
    let colours = bottom.into_iter().map(|token| Colour::named(&token));
    Ok(colours.into_iter().find(|&colour| colour != Colour::Invalid))
}

/// The tokens of the last layer: blanks and commas part them, save in `()`, `""` and `''`.
fn bottom_layer(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut layer = Vec::new();
    let mut last = None;
    let mut token = Vec::new();
    let mut parenthesis = false;
    let mut quote = None;
    for &b in value {
        match (quote, b) {
            (Some(open), _) => {
                token.push(b);
                quote = Some(open).filter(|_| b != open);
            }
            (None, b' ') if !parenthesis => flush(&mut token, &mut layer),
            (None, b',') if !parenthesis => {
                flush(&mut token, &mut layer);
                last = Some(std::mem::take(&mut layer));
            }
            (None, _) => {
                token.push(b);
                match b {
                    b'"' | b'\'' => quote = Some(b),
                    b'(' => parenthesis = true,
                    b')' if parenthesis => {
                        flush(&mut token, &mut layer);
                        parenthesis = false;
                    }
                    _ => {}
                }
            }
        }
    }
    flush(&mut token, &mut layer);
    if layer.is_empty() { last } else { Some(layer) }
}

fn flush(token: &mut Vec<u8>, layer: &mut Vec<Vec<u8>>) {
    if !token.is_empty() {
        layer.push(std::mem::take(token));
    }
}

fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

fn trim_start(text: &[u8]) -> &[u8] {
    let begin = text.iter().position(|&b| !super::tokenizer::is_space(b)).unwrap_or(text.len());
    text.get(begin..).unwrap_or(b"")
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&b| !super::tokenizer::is_space(b)).map_or(0, |last| last + 1);
    text.get(..end).unwrap_or(b"")
}
