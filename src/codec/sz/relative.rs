//! Numbers with an error bound that is relative to each of them: ratios to what is predicted, or their logarithms.

use super::float::Float;
use super::raster::Place;

/// Symbols that stand for ratios.
#[derive(Debug)]
pub(super) struct Ratios {
    base: f64,
    exponent: f64,
    middle: i32,
    /// With three axes SZ predicts in 64 bits, whatever the numbers have.
    wide: bool,
}

impl Ratios {
    pub(super) fn new(bound: f64, closer: u8, middle: i32, rank: usize) -> Self {
        let exponent = 2.0 - 2f64.powi(-i32::from(closer));
        Ratios { base: 1.0 + bound, exponent, middle, wide: rank == 3 }
    }

    /// The number that comes behind those in `data`.
    pub(super) fn value<F: Float>(&self, data: &[F], place: Place, symbol: i32) -> F {
        let predicted = match self.wide {
            true => F::narrow(predict(place, |back| data[data.len() - back].wide())),
            false => predict(place, |back| data[data.len() - back]),
        };
        let ratio = self.base.powf(self.exponent * f64::from(symbol.wrapping_sub(self.middle)));
        F::narrow(predicted.abs().wide() * ratio)
    }
}

/// As `raster::predict`, by multiplying and dividing.
fn predict<F: Float>(place: Place, at: impl Fn(usize) -> F) -> F {
    match place {
        Place::Start => F::ZERO,
        Place::Before(back) => at(back),
        Place::Line => at(1) * at(1) / at(2),
        Place::Plane(near, far) => at(near) * at(far) / at(near + far),
        Place::Space(row, layer) => {
            let above = at(1) * at(row) * at(layer) * at(layer + row + 1);
            above / (at(row + 1) * at(layer + row) * at(layer + 1))
        }
    }
}

/// Brings back zeros and signs; without signs no number is negative.
pub(super) fn finish_ratios<F: Float>(values: &mut [F], signs: &[u8], least: F) {
    if signs.is_empty() {
        values.iter_mut().filter(|value| **value < least).for_each(|value| *value = F::ZERO);
        return;
    }
    for (value, &sign) in values.iter_mut().zip(signs) {
        if *value < least && *value >= F::ZERO {
            *value = F::ZERO;
        } else if sign != 0 {
            *value = value.below_zero();
        }
    }
}

/// Makes numbers of their logarithms; without signs no number is negative.
pub(super) fn finish_logarithms<F: Float>(values: &mut [F], signs: &[u8], least: F) {
    for value in &mut *values {
        *value = if *value < least { F::ZERO } else { F::narrow(value.wide().exp2()) };
    }
    for (value, _) in values.iter_mut().zip(signs).filter(|(_, sign)| **sign != 0) {
        *value = -*value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_powers_of_a_ratio() {
        let ratios = Ratios::new(0.5, 0, 10, 1);
        assert_eq!(ratios.value(&[-2.0], Place::Before(1), 12), 2.0 * 1.5 * 1.5);
        let ratios = Ratios::new(0.5, 1, 10, 2);
        assert_eq!(ratios.value(&[2.0, 4.0], Place::Line, 10), 8.0);
        assert_eq!(ratios.value(&[2.0, 4.0], Place::Line, 12), 8.0 * 1.5 * 1.5 * 1.5);
        // The product is beyond 32 bits, which three axes do not mind.
        let large = [1e30f32, 1e30, 1e30];
        assert_eq!(Ratios::new(0.5, 0, 10, 3).value(&large, Place::Plane(1, 2), 10), 1e30);
        assert_eq!(Ratios::new(0.5, 0, 10, 2).value(&large, Place::Plane(1, 2), 10), f32::INFINITY);
        let cube = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let predicted = Ratios::new(0.5, 0, 10, 3).value(&cube, Place::Space(2, 4), 10);
        assert_eq!(predicted, 7.0 * 6.0 * 4.0 * 1.0 / (5.0 * 2.0 * 3.0));
    }

    #[test]
    fn zeros_and_signs_come_back() {
        let mut values = [0.5, 2.0, 0.5, -1.0, 4.0];
        finish_ratios(&mut values, &[0, 1, 1, 0, 0], 1.0);
        assert_eq!(values, [0.0, -2.0, 0.0, -1.0, 4.0]);
        let mut values = [0.5, 2.0, -1.0];
        finish_ratios(&mut values, &[], 1.0);
        assert_eq!(values, [0.0, 2.0, 0.0]);
        let mut values = [0.0, 1.0, -2.0];
        finish_logarithms(&mut values, &[1, 0, 1], -1.0);
        assert_eq!(values, [-1.0, 2.0, 0.0]);
        finish_logarithms(&mut values, &[], -1.0);
        assert_eq!(values, [0.5, 4.0, 1.0]);
    }
}
