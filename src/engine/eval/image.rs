//! Attached images: how many, how large, under which names.
//! Mail::SpamAssassin::Plugin::ImageInfo.
//!
//! In: the images of a message, read once for all rules. A kind of image is `gif`, `png`,
//! `jpeg` or `all`; sizes are in pixels, height first.

use super::{Binding, Row, Test, at_most, hit_if, literal, number, optional_number};
use crate::engine::scan::Scan;
use crate::message::image::{Format, Image, Size, images};
use crate::rules::model::{Eval, EvalClass};
use std::sync::Arc;

/// The functions.
pub const TABLE: &[Row] = &[
    Row::new(PLUGIN, "image_count", "('kind', 'min' [, 'max'])", "so many images", count),
    Row::new(
        PLUGIN,
        "pixel_coverage",
        "('kind', 'min' [, 'max'])",
        "so many square pixels in all",
        coverage,
    ),
    Row::new(
        PLUGIN,
        "image_size_exact",
        "('kind', 'height', 'width')",
        "an image of exactly this size",
        size_exact,
    ),
    Row::new(
        PLUGIN,
        "image_size_range",
        "('kind', 'min height', 'min width' [, 'max height' [, 'max width']])",
        "an image within these sizes",
        size_range,
    ),
    Row::new(PLUGIN, "image_named", "('name')", "an image of this name", named),
    Row::new(PLUGIN, "image_name_regex", "('regex')", "an image whose name matches", name_regex),
    Row::new(
        PLUGIN,
        "image_to_text_ratio",
        "('kind', 'min', 'max')",
        "bytes of text for each square pixel: from min to less than max; rawbody rules count the \
         text as it was sent",
        text_ratio,
    ),
];

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::ImageInfo";

/// The images of a message.
struct Images(Vec<Image>);

impl Images {
    fn in_scan(scan: &mut Scan) -> Arc<Images> {
        scan.facts(|scan| Images(images(scan.views().message())))
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Image> {
        self.0.iter().filter(move |image| kind.is_none_or(|format| image.format == format))
    }

    fn sizes(&self, kind: Kind) -> impl Iterator<Item = Size> {
        self.of(kind).filter_map(|image| image.size)
    }

    fn area(&self, kind: Kind) -> f64 {
        self.sizes(kind).map(Size::area).sum()
    }

    /// The names of images that are not broken.
    fn names(&self) -> impl Iterator<Item = &[u8]> {
        let names = self.of(None).filter(|image| image.size.is_some());
        let names = names.filter_map(|image| image.name.as_deref());
        names.filter(|name| !name.is_empty() && *name != b"0")
    }
}

/// Which images are meant; `None` is all.
type Kind = Option<Format>;

/// The kind that the call names first.
fn kind(call: &Eval) -> Result<Kind, String> {
    match literal(call, 0)? {
        b"all" => Ok(None),
        b"gif" => Ok(Some(Format::Gif)),
        b"png" => Ok(Some(Format::Png)),
        b"jpeg" => Ok(Some(Format::Jpeg)),
        other => Err(format!(
            "'{}' is no kind of image: write gif, png, jpeg or all",
            other.escape_ascii()
        )),
    }
}

/// A bound that must be given, and one that may be.
fn bounds(call: &Eval, index: usize) -> Result<(f64, f64), String> {
    Ok((number(call, index)?, optional_number(call, index + 1)?.unwrap_or(f64::INFINITY)))
}

fn count(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 3)?;
    let (kind, (min, max)) = (kind(call)?, bounds(call, 1)?);
    Ok(Arc::new(move |scan, _| {
        let count = Images::in_scan(scan).of(kind).count() as f64;
        hit_if(count >= min && count <= max)
    }))
}

fn coverage(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 3)?;
    let (kind, (min, max)) = (kind(call)?, bounds(call, 1)?);
    Ok(Arc::new(move |scan, _| {
        let area = Images::in_scan(scan).area(kind);
        hit_if(area >= min && area <= max)
    }))
}

fn size_exact(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 3)?;
    let kind = kind(call)?;
    // Compared as written: 0800 is no size.
    let [height, width] = [literal(call, 1)?.to_vec(), literal(call, 2)?.to_vec()];
    Ok(Arc::new(move |scan, _| {
        let is = |pixels: u32, wanted: &[u8]| pixels.to_string().as_bytes() == wanted;
        let images = Images::in_scan(scan);
        let mut sizes = images.sizes(kind);
        hit_if(sizes.any(|size| is(size.height, &height) && is(size.width, &width)))
    }))
}

fn size_range(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 5)?;
    let kind = kind(call)?;
    let min = (number(call, 1)?, number(call, 2)?);
    let max = |index| Ok::<_, String>(optional_number(call, index)?.unwrap_or(f64::INFINITY));
    let max = (max(3)?, max(4)?);
    Ok(Arc::new(move |scan, _| {
        let fits = |pixels: u32, min, max| f64::from(pixels) >= min && f64::from(pixels) <= max;
        let images = Images::in_scan(scan);
        let mut sizes = images.sizes(kind);
        hit_if(sizes.any(|s| fits(s.height, min.0, max.0) && fits(s.width, min.1, max.1)))
    }))
}

fn named(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 1)?;
    let wanted = literal(call, 0)?.to_vec();
    Ok(Arc::new(move |scan, _| hit_if(Images::in_scan(scan).names().any(|name| name == wanted))))
}

fn name_regex(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    at_most(call, 1)?;
    // Unlike other patterns, Perl matches this one without the flag /aa.
    let pattern = to.pattern(&[b"(?d)", literal(call, 0)?].concat())?;
    Ok(Arc::new(move |scan, worker| {
        for name in Images::in_scan(scan).names() {
            if pattern.is_match(name, &mut worker.caches)? {
                return hit_if(true);
            }
        }
        hit_if(false)
    }))
}

fn text_ratio(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 3)?;
    let (kind, (min, max)) = (kind(call)?, bounds(call, 1)?);
    literal(call, 2)?;
    let is_raw = call.class == EvalClass::Rawbody;
    Ok(Arc::new(move |scan, _| {
        let area = Images::in_scan(scan).area(kind);
        if area == 0.0 {
            return hit_if(false);
        }
        let text = if is_raw { scan.views().rawbody() } else { scan.views().body() }.text().len();
        let ratio = text as f64 / area;
        hit_if(text > 0 && ratio >= min && ratio < max)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::wrong;

    #[test]
    fn wrong_calls_are_found_when_rules_are_loaded() {
        let pre = "loadplugin Mail::SpamAssassin::Plugin::ImageInfo\n";
        let lines = "body A eval:image_count('jpg', 1)\n\
                     body B eval:image_count('all')\n\
                     body C eval:image_count('all', 1)\n\
                     body D eval:image_size_exact('all', 10)\n\
                     body E eval:image_size_range('all', 10, 10, 20)\n\
                     body F eval:image_name_regex('[')\n\
                     body G eval:image_to_text_ratio('all', 0)\n\
                     body H eval:pixel_coverage('all', 'many')\n";
        assert_eq!(wrong(pre, lines), ["A", "B", "D", "F", "G", "H"]);
    }
}
