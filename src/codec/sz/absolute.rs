//! Numbers that differ from what is predicted by a multiple of twice the error bound.

use super::float::Float;
use super::raster::{self, Place};

/// Symbols that stand for differences.
#[derive(Debug)]
pub(super) struct Differences<F> {
    /// From one symbol to the next.
    quantum: F,
    middle: i32,
}

impl<F: Float> Differences<F> {
    pub(super) fn new(bound: f64, middle: i32, rank: usize) -> Self {
        // Where it is doubled matters for bounds that are too small for a normal number.
        let quantum = match rank {
            1 => F::narrow(2.0 * bound),
            _ => F::narrow(bound) + F::narrow(bound),
        };
        Differences { quantum, middle }
    }

    /// The number that comes behind those in `data`.
    pub(super) fn value(&self, data: &[F], place: Place, symbol: i32) -> F {
        let difference = F::of_symbol(symbol.wrapping_sub(self.middle)) * self.quantum;
        raster::predict(data, place) + difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_multiples_of_twice_the_bound() {
        let differences = Differences::<f32>::new(0.25, 10, 2);
        assert_eq!(differences.value(&[1.0, 2.0], Place::Line, 7), 3.0 - 1.5);
        // Twice this is the least number of 32 bits; alone it is zero.
        let tiny = f64::from(f32::from_bits(1)) / 2.0;
        assert_eq!(
            Differences::<f32>::new(tiny, 10, 1).value(&[0.0], Place::Before(1), 11),
            f32::from_bits(1)
        );
        assert_eq!(Differences::<f32>::new(tiny, 10, 2).value(&[0.0], Place::Before(1), 11), 0.0);
    }
}
