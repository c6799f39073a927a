//! Pictures decoded, grey and small (steps 1 to 3 of the specification).
//!
//! In: the bytes of a picture. Out: [`Grey`]. What the header says of the size is checked
//! before a pixel is decoded, and decoders may not take more memory than that needs.

use crate::limits::{Limit, Reached};
use image::{DynamicImage, ImageReader};
use std::io::Cursor;

/// A grey picture, row by row, from 0 (black) to 255.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grey {
    width: usize,
    height: usize,
    pixels: Vec<f32>,
}

/// The least width and height.
const LEAST: u32 = 64;
/// The longest side after step 2.
const LONGEST: usize = 256;
/// What is left after step 3 at least.
const LEFT: usize = 16;
/// The mean distance from the mean below which a row is empty.
const EMPTY: f32 = 6.0;

/// Decodes a picture and makes it small.
pub(super) fn decode(bytes: &[u8], most: usize, reached: &mut Reached) -> Option<Grey> {
    let open = || ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok();
    let (width, height) = open()?.into_dimensions().ok()?;
    let pixels = (width as usize).saturating_mul(height as usize);
    if pixels > most {
        reached.note(Limit::ImagePixels);
        return None;
    }
    if width < LEAST || height < LEAST {
        return None;
    }
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(width);
    limits.max_image_height = Some(height);
    limits.max_alloc = Some((pixels as u64).saturating_mul(16) + (1 << 20));
    let mut reader = open()?;
    reader.limits(limits);
    Some(Grey::of(&reader.decode().ok()?).small())
}

impl Grey {
    fn of(picture: &DynamicImage) -> Grey {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let luma = |r: u8, g: u8, b: u8| {
            (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b)) as f32 / 1000.0
        };
        let pixels = match picture {
            DynamicImage::ImageLuma8(grey) => grey.as_raw().iter().map(|&l| f32::from(l)).collect(),
            DynamicImage::ImageRgb8(rgb) => {
                let triples = rgb.as_raw().as_chunks::<3>().0;
                triples.iter().map(|&[r, g, b]| luma(r, g, b)).collect()
            }
            other => {
                let rgba = other.to_rgba8();
                let over_white = |&[r, g, b, a]: &[u8; 4]| {
                    let alpha = f32::from(a) / 255.0;
                    luma(r, g, b) * alpha + 255.0 * (1.0 - alpha)
                };
                rgba.as_raw().as_chunks::<4>().0.iter().map(over_white).collect()
            }
        };
        Grey { width, height, pixels }
    }

    fn small(self) -> Grey {
        let longest = self.width.max(self.height);
        if longest <= LONGEST {
            return self;
        }
        let side = |side: usize| {
            let scaled = (side * LONGEST) as f32 / longest as f32;
            (scaled.round() as usize).max(LEFT)
        };
        let (width, height) = (side(self.width), side(self.height));
        Grey { width, height, pixels: self.scaled(width, height) }
    }

    /// The means of `width` x `height` areas.
    pub fn scaled(&self, width: usize, height: usize) -> Vec<f32> {
        let narrow: Vec<f32> = self
            .pixels
            .chunks(self.width.max(1))
            .flat_map(|row| averaged(row.iter().copied(), self.width, width))
            .collect();
        let mut out = vec![0.0; width * height];
        for x in 0..width {
            let column = narrow.iter().skip(x).step_by(width.max(1)).copied();
            for (y, mean) in averaged(column, self.height, height).into_iter().enumerate() {
                if let Some(to) = out.get_mut(y * width + x) {
                    *to = mean;
                }
            }
        }
        out
    }

    /// Without empty rows and columns around it.
    pub fn without_edges(&self) -> Option<Grey> {
        let rows = self.pixels.chunks(self.width.max(1));
        let (top, bottom) = edges(rows.map(|row| distance(row.iter().copied())), self.height);
        let kept = self.pixels.get(top * self.width..bottom * self.width)?;
        let column = |x: usize| kept.iter().skip(x).step_by(self.width.max(1)).copied();
        let (left, right) = edges((0..self.width).map(|x| distance(column(x))), self.width);
        let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
        if width < LEFT || height < LEFT {
            return None;
        }
        let rows = kept.chunks(self.width).filter_map(|row| row.get(left..right));
        Some(Grey { width, height, pixels: rows.flatten().copied().collect() })
    }

    /// Twice the logarithm of width by height, rounded; both ways where it is not clear.
    pub fn shapes(&self) -> Vec<i8> {
        let exact = 2.0 * (self.width as f32 / self.height as f32).log2();
        let near = exact.round();
        let mut shapes = vec![near as i8];
        let rest = exact - near;
        if rest.abs() > 0.35 {
            shapes.push((near + rest.signum()) as i8);
        }
        shapes
    }
}

/// `from` values averaged to `to`.
fn averaged(values: impl Iterator<Item = f32>, from: usize, to: usize) -> Vec<f32> {
    let step = to as f32 / from.max(1) as f32;
    let mut sums = vec![0.0; to];
    for (at, value) in values.enumerate() {
        // The part of the line from 0 to `to` that this value covers.
        let (mut begin, end) = (at as f32 * step, (at + 1) as f32 * step);
        while begin < end {
            let area = begin as usize;
            let stop = ((area + 1) as f32).min(end);
            // Rounding must not make the last step endless.
            let stop = if stop <= begin { end } else { stop };
            if let Some(sum) = sums.get_mut(area) {
                *sum += value * (stop - begin);
            }
            begin = stop;
        }
    }
    sums
}

/// The mean distance from the mean.
fn distance(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let count = values.clone().count().max(1) as f32;
    let mean = values.clone().sum::<f32>() / count;
    values.map(|value| (value - mean).abs()).sum::<f32>() / count
}

/// The first line that is not empty, and the one after the last.
fn edges(distances: impl Iterator<Item = f32>, count: usize) -> (usize, usize) {
    let empty: Vec<bool> = distances.map(|distance| distance < EMPTY).collect();
    let most = count * 2 / 5;
    let begin = empty.iter().take(most).take_while(|empty| **empty).count();
    let end = empty.iter().rev().take(most).take_while(|empty| **empty).count();
    (begin, count - end)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use image::{GrayImage, Luma};
    use proptest::prelude::*;

    /// A picture with something in it.
    pub fn picture(width: u32, height: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, y| {
            let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
            let wave = (x * 9.0 + y * 4.0).sin() + (x * x * 23.0).cos() * (y * 7.0).sin();
            let spot = if (x - 0.3).hypot(y - 0.6) < 0.2 { 1.0 } else { 0.0 };
            Luma([(128.0 + 50.0 * wave + 60.0 * spot).clamp(0.0, 255.0) as u8])
        })
    }

    pub fn jpeg(picture: &GrayImage, quality: u8) -> Vec<u8> {
        let mut out = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality);
        picture.write_with_encoder(encoder).unwrap();
        out
    }

    #[test]
    fn areas_are_averaged() {
        assert_eq!(averaged([0.0, 10.0, 20.0, 30.0].into_iter(), 4, 2), [5.0, 25.0]);
        let uneven = averaged([0.0, 3.0, 6.0].into_iter(), 3, 2);
        assert!((uneven[0] - 1.0).abs() < 0.01 && (uneven[1] - 5.0).abs() < 0.01);
        let wider = averaged([1.0, 2.0].into_iter(), 2, 4);
        assert_eq!(wider, [1.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn borders_are_cut_off() {
        let inner = picture(100, 80);
        let mut framed = GrayImage::from_pixel(140, 100, Luma([250]));
        image::imageops::replace(&mut framed, &inner, 20, 5);
        let grey = Grey::of(&DynamicImage::ImageLuma8(framed)).without_edges().unwrap();
        assert_eq!((grey.width, grey.height), (100, 80));
    }

    #[test]
    fn shapes_near_a_limit_are_both() {
        let of = |width, height| Grey { width, height, pixels: Vec::new() }.shapes();
        assert_eq!(of(100, 100), [0]);
        assert_eq!(of(200, 100), [2]);
        assert_eq!(of(118, 100), [0, 1]);
    }

    proptest! {
        #[test]
        fn damaged_pictures_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = jpeg(&picture(80, 80), 80);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len() + 1));
            if let Some(grey) = decode(&bytes, 1 << 16, &mut Reached::default()) {
                grey.without_edges();
            }
        }
    }
}
