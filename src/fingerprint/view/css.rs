//! What style sheets and `style=` say of how text is shown (CSS 2.2, and what later modules add
//! that text can be hidden or put in order with).
//!
//! In: declarations. Out: changes to a [`Look`]. Only what decides whether text is seen, and in
//! which order, is read. Invariant: a declaration that is not understood changes nothing.

use crate::message::html::colour::{self, Colour};

/// How text is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// No reader sees it, whatever elements inside say.
    pub gone: bool,
    /// It takes its room, but is not seen; elements inside may be again.
    pub invisible: bool,
    /// Its size in CSS pixels.
    pub size: f32,
    /// How much of what is behind shines through: 1 nothing, 0 all.
    pub opacity: f32,
    /// The colour of the text; none: not known, or many.
    pub text: Option<[u8; 3]>,
    /// The colour behind it.
    pub behind: Option<[u8; 3]>,
    /// Characters are written from right to left.
    pub rtl: bool,
    /// Characters are written in one direction, whatever their script (`bidi-override`).
    pub override_: bool,
    /// Its children are put in order: see [`Flow`].
    pub flow: Flow,
    /// Its own place among those around it (`order`).
    pub order: i32,
    /// It goes to the right, before what follows (`float`).
    pub floats_right: bool,
    /// It begins and ends a line: `display` where that is said.
    pub block: Option<bool>,
}

/// How children are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// As they come.
    Normal,
    /// `flex` and `grid`: by `order`.
    Ordered,
    /// `flex` from the end to the beginning.
    Reversed,
}

impl Look {
    /// A reader's: black on white.
    pub(super) const DEFAULT: Look = Look {
        gone: false,
        invisible: false,
        size: 16.0,
        opacity: 1.0,
        text: Some([0; 3]),
        behind: Some([255; 3]),
        rtl: false,
        override_: false,
        flow: Flow::Normal,
        order: 0,
        floats_right: false,
        block: None,
    };

    /// What an element inside begins with.
    pub(super) fn inherited(self) -> Look {
        let reset = Look { flow: Flow::Normal, order: 0, ..self };
        Look { floats_right: false, block: None, override_: false, ..reset }
    }

    /// Can it be read?
    pub(super) fn is_seen(&self) -> bool {
        !self.gone
            && !self.invisible
            && self.size > SMALLEST
            && self.opacity >= FAINTEST
            && !self.is_camouflaged()
    }

    /// Is the text as the background?
    fn is_camouflaged(&self) -> bool {
        let (Some(text), Some(behind)) = (self.text, self.behind) else { return false };
        let square = |(a, b): (u8, u8)| u32::from(a.abs_diff(b)).pow(2);
        text.into_iter().zip(behind).map(square).sum::<u32>() <= CLOSEST * CLOSEST
    }
}

/// Text of this size, in pixels, is not read.
const SMALLEST: f32 = 2.7;
/// Under this opacity, nothing is seen.
const FAINTEST: f32 = 0.05;
/// Colours that are no further apart (in red, green and blue, 0 to 255) are one to the eye.
const CLOSEST: u32 = 32;
/// Further out than so many pixels, nothing is shown.
const FAR: f32 = 400.0;

/// Boxes of declarations that together hide: collected over one element.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Box_ {
    flat: bool,
    clipped: bool,
    outside: bool,
    placed: bool,
    order: Option<Flow>,
}

/// Applies the declarations of `style` (`a:b;c:d`). `important`: only those that are so marked,
/// else only the others.
pub(super) fn apply(style: &str, around: &Look, look: &mut Look, box_: &mut Box_) {
    for declaration in style.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let property = clean(property);
        let value = clean(value);
        let value = value.split("!important").next().unwrap_or_default().trim_ascii();
        one(&property, value, around, look, box_);
    }
}

/// After all declarations of an element: what they amount to together.
pub(super) fn settle(look: &mut Look, box_: &Box_) {
    look.gone |= box_.flat && box_.clipped || box_.outside && box_.placed;
    if let Some(order) = box_.order {
        let turned = look.rtl && order == Flow::Ordered;
        look.flow = if turned { Flow::Reversed } else { order };
    }
}

/// Lower case, without comments, and with escapes undone.
fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    let text = text.trim_ascii();
    let plain = |b: u8| !b.is_ascii_uppercase() && b != b'\\' && b != b'/';
    if text.bytes().all(plain) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\\' {
            let (escaped, after) = unescaped(rest);
            out.extend(escaped.map(|c| c.to_ascii_lowercase()));
            rest = after;
        } else {
            out.push(c.to_ascii_lowercase());
        }
    }
    out.into()
}

/// The character that `text`, behind a `\`, means, and what follows.
pub(super) fn unescaped(text: &str) -> (Option<char>, &str) {
    let digits = text.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
    let (number, rest) = text.split_at_checked(digits).unwrap_or(("", text));
    match u32::from_str_radix(number, 16) {
        Ok(code) => {
            let rest = rest.strip_prefix([' ', '\t', '\n']).unwrap_or(rest);
            (char::from_u32(code), rest)
        }
        Err(_) => {
            let mut chars = text.chars();
            (chars.next(), chars.as_str())
        }
    }
}

fn one(property: &str, value: &str, around: &Look, look: &mut Look, box_: &mut Box_) {
    match property {
        "display" => display(value, look, box_),
        "visibility" => look.invisible = matches!(value, "hidden" | "collapse"),
        "content-visibility" if value == "hidden" => look.gone = true,
        "mso-hide" if value == "all" => look.gone = true,
        "opacity" => {
            if let Some(share) = share(value) {
                look.opacity = around.opacity * share;
            }
        }
        "filter" if value.contains("opacity(0") => look.gone = true,
        "font-size" => {
            if let Some(size) = size(value, around.size) {
                look.size = size;
            }
        }
        "font" => {
            let sizes = value.split_ascii_whitespace();
            let size_of = |word: &str| size(word.split('/').next()?, around.size);
            if let Some(size) = sizes
                .filter(|word| !(word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit())))
                .find_map(size_of)
            {
                look.size = size;
            }
        }
        "zoom" if share(value) == Some(0.0) => look.gone = true,
        "color" | "-webkit-text-fill-color" => match colour_of(value) {
            Paint::Colour(colour) => look.text = Some(colour),
            Paint::Clear => look.gone = true,
            Paint::Unknown => {}
        },
        "background-color" | "background" | "background-image" => background(value, look),
        "max-height" | "height" | "max-width" | "width" => {
            let flat = pixels(value, around.size).is_some_and(|length| length < 1.5);
            box_.flat |= flat;
            // Nothing spills out of what may be no larger, in the mail programs that matter.
            box_.clipped |= flat && property.starts_with("max");
        }
        "overflow" | "overflow-x" | "overflow-y" => {
            box_.clipped |= matches!(value, "hidden" | "clip" | "scroll" | "auto");
        }
        "position" => box_.placed |= matches!(value, "absolute" | "fixed" | "relative"),
        "left" | "top" | "right" | "bottom" => {
            box_.outside |= pixels(value, around.size).is_some_and(|at| at < -FAR);
        }
        "text-indent" | "margin-left" | "margin-top" => {
            look.gone |= pixels(value, around.size).is_some_and(|at| at < -FAR);
        }
        "transform" => look.gone |= value.contains("scale(0") || value.contains("(-9999"),
        "clip" => {
            let empty =
                value.starts_with("rect(") && !value.bytes().any(|b| matches!(b, b'2'..=b'9'));
            look.gone |= empty;
        }
        "clip-path" => {
            look.gone |= value.contains("inset(100%")
                || value.contains("inset(50%")
                || value.contains("circle(0");
        }
        "direction" => look.rtl = value == "rtl",
        "unicode-bidi" => {
            look.override_ = matches!(value, "bidi-override" | "isolate-override");
        }
        "order" => look.order = value.parse().unwrap_or(look.order),
        "float" => look.floats_right = value == "right",
        "flex-direction" | "flex-flow" => {
            let reversed = value.contains("-reverse");
            box_.order = Some(if reversed { Flow::Reversed } else { Flow::Ordered });
        }
        _ => {}
    }
}

fn display(value: &str, look: &mut Look, box_: &mut Box_) {
    match value {
        "none" => look.gone = true,
        "flex" | "inline-flex" | "grid" | "inline-grid" => {
            box_.order = box_.order.or(Some(Flow::Ordered));
        }
        _ => {}
    }
    look.block = match value {
        "block" | "flex" | "grid" | "table" | "list-item" | "table-row" => Some(true),
        value if value.starts_with("inline") => Some(false),
        _ => look.block,
    };
}

fn background(value: &str, look: &mut Look) {
    if value.contains("url(") || value.contains("gradient(") {
        look.behind = None;
        return;
    }
    // Functions have blanks inside; words have none.
    let whole = colour_of(value);
    let words = || value.split_ascii_whitespace().map(colour_of);
    let known = |paint: &Paint| !matches!(paint, Paint::Unknown);
    match Some(whole).filter(known).or_else(|| words().find(known)) {
        Some(Paint::Colour(colour)) => look.behind = Some(colour),
        Some(Paint::Clear | Paint::Unknown) | None => {}
    }
}

/// What a value paints with.
enum Paint {
    Colour([u8; 3]),
    /// Nothing.
    Clear,
    Unknown,
}

fn colour_of(value: &str) -> Paint {
    if value == "transparent" {
        return Paint::Clear;
    }
    if let Some(inner) = value.strip_prefix("rgb").and_then(|rest| rest.split_once('(')) {
        return channels(inner.1);
    }
    match colour::Colour::named(value.as_bytes()) {
        Colour::Rgb(rgb) => {
            let [_, r, g, b] = rgb.to_be_bytes();
            // `#rrggbbaa`
            let clear = value.len() == 9 && value.ends_with("00");
            if clear { Paint::Clear } else { Paint::Colour([r, g, b]) }
        }
        _ => Paint::Unknown,
    }
}

/// A colour as an attribute names it: the `#` may be missing.
pub(super) fn attribute_colour(value: &str) -> Option<[u8; 3]> {
    let value = value.trim_ascii().to_ascii_lowercase();
    let digits = value.len() == 6 && value.bytes().all(|b| b.is_ascii_hexdigit());
    match colour_of(&if digits { format!("#{value}") } else { value }) {
        Paint::Colour(colour) => Some(colour),
        _ => None,
    }
}

/// `1, 2, 3)`, `1 2 3 / 0.5)`, per cent, with opacity.
fn channels(inner: &str) -> Paint {
    let inner = inner.split(')').next().unwrap_or_default();
    let split = |c: char| c == ',' || c == '/' || c.is_ascii_whitespace();
    let mut numbers = inner.split(split).filter(|word| !word.is_empty()).map(|word| {
        let percent = word.strip_suffix('%');
        let number = percent.unwrap_or(word).parse::<f32>().ok()?;
        Some((number, percent.is_some()))
    });
    let mut channel = || {
        let (number, percent) = numbers.next()??;
        Some((if percent { number * 2.55 } else { number }).clamp(0.0, 255.0) as u8)
    };
    let (Some(r), Some(g), Some(b)) = (channel(), channel(), channel()) else {
        return Paint::Unknown;
    };
    match numbers.next().flatten() {
        Some((opacity, percent)) if opacity < FAINTEST * if percent { 100.0 } else { 1.0 } => {
            Paint::Clear
        }
        _ => Paint::Colour([r, g, b]),
    }
}

/// `0.5` or `50%`.
fn share(value: &str) -> Option<f32> {
    match value.strip_suffix('%') {
        Some(percent) => percent.parse::<f32>().ok().map(|number| number / 100.0),
        None => value.parse().ok(),
    }
}

/// A length in pixels; `em` is the size around.
fn pixels(value: &str, em: f32) -> Option<f32> {
    let unit = value.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(unit)?;
    let number: f32 = number.trim_ascii().parse().ok()?;
    Some(match unit {
        "" | "px" => number,
        "pt" => number * 1.333,
        "em" => number * em,
        "rem" => number * 16.0,
        "ex" | "ch" => number * em / 2.0,
        "in" => number * 96.0,
        "cm" => number * 37.8,
        "mm" => number * 3.78,
        "%" | "vw" | "vh" => number * 6.0,
        _ => return None,
    })
}

/// A font's size in pixels.
fn size(value: &str, around: f32) -> Option<f32> {
    if let Some(percent) = value.strip_suffix('%') {
        return percent.parse::<f32>().ok().map(|number| around * number / 100.0);
    }
    match value {
        "smaller" => Some(around / 1.2),
        "larger" => Some(around * 1.2),
        "medium" | "initial" => Some(16.0),
        "small" | "x-small" | "xx-small" | "large" | "x-large" | "xx-large" => Some(16.0),
        _ => pixels(value, around),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(style: &str) -> Look {
        let (mut look, mut box_) = (Look::DEFAULT.inherited(), Box_::default());
        apply(style, &Look::DEFAULT, &mut look, &mut box_);
        settle(&mut look, &box_);
        look
    }

    #[test]
    fn what_hides_text_is_understood() {
        let hidden = [
            "display:none",
            "DISPLAY : None !important",
            "dis/**/play:none",
            "displa\\79:none",
            "visibility:hidden",
            "font-size:0",
            "font-size: 1px",
            "font-size:.1em",
            "font:0/0 a",
            "font: 1px arial",
            "opacity:0.01",
            "color:#fff",
            "color:white",
            "color:rgb(250, 250,250)",
            "color:rgba(0,0,0,0)",
            "color:transparent",
            "color:#000000;background:#010101",
            "max-height:0",
            "height:0;overflow:hidden",
            "width:1px;overflow:hidden",
            "position:absolute;left:-9999px",
            "text-indent:-5000px",
            "mso-hide:all",
            "clip:rect(0 0 0 0)",
            "clip-path:inset(100%)",
            "transform:scale(0)",
            "zoom:0",
        ];
        for style in hidden {
            assert!(!look(style).is_seen(), "{style}");
        }
    }

    #[test]
    fn what_does_not_hide_text_is_left_alone() {
        let seen = [
            "",
            "display:block",
            "height:0",
            "left:-9999px",
            "font-size:9px",
            "font:300 12px arial",
            "font: bold 12px/0 arial",
            "opacity:.5",
            "color:#eee;background:url(x.gif)",
            "color:#fff;background-color:navy",
            "color:rgb(10% 10% 10%)",
            "line-height:0",
            "width:1px",
            "text-indent:-20px",
            ":;;:",
        ];
        for style in seen {
            assert!(look(style).is_seen(), "{style}");
        }
    }

    #[test]
    fn order_is_understood() {
        assert_eq!(look("display:flex").flow, Flow::Ordered);
        assert_eq!(look("display:flex;flex-direction:row-reverse").flow, Flow::Reversed);
        assert_eq!(look("direction:rtl;display:inline-flex").flow, Flow::Reversed);
        assert_eq!(look("order:-3").order, -3);
        assert!(look("unicode-bidi:bidi-override;direction:rtl").override_);
    }
}
