//! Which bits of a small grey picture are looked at (steps 4 to 6 of the specification).
//!
//! In: 32 x 32 means. Out: the values of each band, unsure bits in both ways.

/// The side of the picture that is transformed.
pub(super) const SIDE: usize = 32;
/// Coefficients of a band that may be next to nothing.
pub const FAINT: usize = 6;
/// The root mean square that a picture must have.
pub const CONTRAST: f32 = 250.0;
/// The greatest u + v.
const ORDER: usize = 10;
/// Bits of a band.
const BITS: usize = 24;
/// Bits of a band that are unsure.
const UNSURE: usize = 2;

/// The bands of a picture: number and values.
pub(super) fn bands(means: &[f32]) -> Vec<(u8, Vec<u32>)> {
    let coefficients = coefficients(means);
    let squares: f32 = coefficients.iter().map(|value| value * value).sum();
    let size = (squares / coefficients.len().max(1) as f32).sqrt();
    if size < CONTRAST {
        return Vec::new();
    }
    let band = |picked: Vec<f32>| values(&picked, size);
    let all = || coefficients.iter().copied();
    let picked = [
        all().take(BITS).collect(),
        all().skip(BITS).take(BITS).collect(),
        all().step_by(2).take(BITS).collect(),
        all().skip(1).step_by(2).take(BITS).collect(),
    ];
    let numbered = picked.into_iter().enumerate();
    numbered.filter_map(|(number, picked)| Some((number as u8, band(picked)?))).collect()
}

/// The low coefficients of the DCT, in order.
fn coefficients(means: &[f32]) -> Vec<f32> {
    let cosine = |x: usize, u: usize| {
        ((2 * x + 1) as f32 * u as f32 * std::f32::consts::PI / (2 * SIDE) as f32).cos()
    };
    let waves: Vec<Vec<f32>> =
        (0..=ORDER).map(|u| (0..SIDE).map(|x| cosine(x, u)).collect()).collect();
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    // For each u, the column of what each row gives.
    let across: Vec<Vec<f32>> = waves
        .iter()
        .map(|wave| means.chunks(SIDE).map(|row| product(row, wave)).collect())
        .collect();
    (1..=ORDER)
        .flat_map(|order| (0..=order).map(move |u| (u, order - u)))
        .filter_map(|(u, v)| Some(product(across.get(u)?, waves.get(v)?)))
        .collect()
}

/// The values of a band; `None` if too much of it is next to nothing.
fn values(picked: &[f32], size: f32) -> Option<Vec<u32>> {
    let faint = picked.iter().filter(|value| value.abs() < size / 100.0).count();
    if faint > FAINT || picked.len() < BITS {
        return None;
    }
    let sign = |(at, value): (usize, &f32)| u32::from(*value > 0.0) << at;
    let base = picked.iter().enumerate().map(sign).sum::<u32>();
    let mut order: Vec<usize> = (0..picked.len()).collect();
    let weight = |at: &usize| picked.get(*at).map_or(0.0, |value| value.abs());
    order.sort_by(|a, b| weight(a).total_cmp(&weight(b)));
    let unsure: Vec<u32> = order.iter().take(UNSURE).map(|at| 1 << at).collect();
    let flips = (0..1u32 << unsure.len()).map(|set| {
        let chosen = unsure.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
        chosen.map(|(_, flip)| flip).sum::<u32>()
    });
    Some(flips.map(|flip| base ^ flip).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_its_coefficient() {
        let wave = |x: usize| ((2 * x + 1) as f32 * 3.0 * std::f32::consts::PI / 64.0).cos();
        let means: Vec<f32> = (0..SIDE * SIDE).map(|at| wave(at % SIDE) * 100.0).collect();
        let all = coefficients(&means);
        assert_eq!(all.len(), 65);
        // (3, 0) is the last of order three: 2 + 3 + 4.
        let most = all.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap();
        assert_eq!(most.0, 8);
        assert!(bands(&means).is_empty(), "but one wave is no picture");
    }
}
