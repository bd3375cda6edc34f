//! The coding parameters of a scan (ITU-T T.87, C.2.4.1.1 and A.2.1).

use super::segments::Preset;
use crate::base::{Error, Result};
use crate::codec::damaged;

/// Where the counters of a context are halved if nothing else is said.
const RESET: u16 = 64;
/// CharLS 2.1 counts the ends of runs in bytes; beyond this it and the recommendation differ.
const MOST_RESET: u16 = 255;

/// For eight bits and no loss.
const BASIC_THRESHOLDS: [i32; 3] = [3, 7, 21];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    /// The largest sample.
    pub(super) largest: i32,
    /// The largest error of a sample.
    pub(super) near: i32,
    /// How many prediction errors there are, and the bits of one.
    pub(super) range: i32,
    pub(super) error_bits: u32,
    /// The most bits of a coded prediction error.
    pub(super) limit: u32,
    pub(super) reset: i32,
    thresholds: [i32; 3],
}

impl Parameters {
    pub(super) fn new(sample_bits: u32, near: u8, preset: &Preset) -> Result<Self> {
        let largest = i32::from(u16::MAX >> (16 - sample_bits));
        // CharLS 2.1 does not heed another one, which other encoders do.
        if preset.largest != 0 && i32::from(preset.largest) != largest {
            let what = format!("samples of {sample_bits} bits up to {} in the filter jpegls", preset.largest);
            return Err(Error::unsupported(what));
        }
        let reset = if preset.reset == 0 { RESET } else { preset.reset };
        // With counters of its own and no largest sample it takes that for 0, others for the default.
        let is_clear = reset == RESET || preset.largest != 0;
        if !(3..=MOST_RESET).contains(&reset) || !is_clear {
            return Err(Error::unsupported(format!("counters up to {reset} in the filter jpegls")));
        }
        let near = i32::from(near);
        if near > largest / 2 {
            return Err(damaged("jpegls", format!("errors up to {near} in samples up to {largest}")));
        }
        let range = (largest + 2 * near) / (2 * near + 1) + 1;
        let thresholds = thresholds(largest, near, preset.thresholds.map(i32::from))?;
        let (error_bits, limit) =
            (u32::BITS - (range - 1).leading_zeros(), 2 * (sample_bits + sample_bits.max(8)));
        Ok(Parameters { largest, near, range, error_bits, limit, reset: i32::from(reset), thresholds })
    }

    /// The region of a gradient, -4 to 4.
    pub(super) fn quantize(&self, gradient: i32) -> i32 {
        let size = gradient.abs();
        let passed = self.thresholds.iter().filter(|&&threshold| size >= threshold).count();
        let region = if size <= self.near { 0 } else { [1, 2, 3, 4][passed] };
        if gradient < 0 { -region } else { region }
    }

    /// The sample that is `error` off from what was predicted.
    pub(super) fn sample(&self, predicted: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let value = predicted + error * step;
        let turned = if value < -self.near {
            value + self.range * step
        } else if value > self.largest + self.near {
            value - self.range * step
        } else {
            value
        };
        turned.clamp(0, self.largest)
    }

    /// What is stored of the difference from what was predicted: a multiple of the steps, within the range.
    pub(super) fn error(&self, difference: i32) -> i32 {
        let step = 2 * self.near + 1;
        let error = difference.signum() * ((difference.abs() + self.near) / step);
        let error = if error < 0 { error + self.range } else { error };
        if error >= (self.range + 1) / 2 { error - self.range } else { error }
    }

    /// All parameters by their numbers, as streams of over twelve bits have them.
    pub(super) fn preset(&self) -> Preset {
        let number = |number: i32| u16::try_from(number).unwrap_or(0);
        Preset {
            largest: number(self.largest),
            thresholds: self.thresholds.map(number),
            reset: number(self.reset),
        }
    }

    /// What a context begins with as the sum of its errors.
    pub(super) fn first_sum(&self) -> i32 {
        2.max((self.range + 32) / 64)
    }
}

/// Those given, and for zeros the default ones.
fn thresholds(largest: i32, near: i32, given: [i32; 3]) -> Result<[i32; 3]> {
    let mut thresholds = given;
    let mut lowest = near + 1;
    for (index, threshold) in thresholds.iter_mut().enumerate() {
        if *threshold == 0 {
            let default = default_threshold(largest, near, index);
            *threshold = if (lowest..=largest).contains(&default) { default } else { lowest };
        }
        if !(lowest..=largest).contains(threshold) {
            return Err(damaged("jpegls", format!("thresholds {given:?} for errors up to {near}")));
        }
        lowest = *threshold;
    }
    Ok(thresholds)
}

fn default_threshold(largest: i32, near: i32, index: usize) -> i32 {
    // The smallest of each, and how much an error adds.
    let (least, slope) = ([2, 3, 4][index], [3, 5, 7][index] * near);
    let basic = BASIC_THRESHOLDS[index];
    if largest >= 128 {
        let factor = (largest.min(4095) + 128) / 256;
        factor * (basic - least) + least + slope
    } else {
        least.max(basic / (256 / (largest + 1)) + slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_recommendation() {
        let thresholds = |bits, near| Parameters::new(bits, near, &Preset::default()).unwrap().thresholds;
        assert_eq!(thresholds(8, 0), [3, 7, 21]);
        assert_eq!(thresholds(8, 3), [12, 22, 42]);
        assert_eq!(thresholds(10, 0), [6, 19, 72]);
        assert_eq!(thresholds(12, 0), [18, 67, 276]);
        assert_eq!(thresholds(16, 0), [18, 67, 276]);
        assert_eq!(thresholds(6, 0), [2, 3, 5]);
        assert_eq!(thresholds(2, 1), [3, 3, 3]);
        let parameters = Parameters::new(8, 3, &Preset::default()).unwrap();
        assert_eq!((parameters.range, parameters.error_bits, parameters.limit), (38, 6, 32));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |preset: Preset, near| Parameters::new(8, near, &preset).unwrap_err().to_string();
        assert!(refused(Preset { largest: 100, ..Preset::default() }, 0).contains("8 bits up to 100"));
        for (largest, reset) in [(255, 256), (255, 2), (0, 31)] {
            let words = format!("counters up to {reset} ");
            assert!(refused(Preset { largest, reset, ..Preset::default() }, 0).contains(&words));
        }
        assert!(refused(Preset::default(), 128).contains("errors up to 128"));
        assert!(refused(Preset { thresholds: [5, 4, 9], ..Preset::default() }, 0).contains("[5, 4, 9]"));
        assert!(refused(Preset { thresholds: [3, 0, 0], ..Preset::default() }, 3).contains("errors up to 3"));
    }

    #[test]
    fn gradients_and_samples_keep_to_their_bounds() {
        let exact = Parameters::new(8, 0, &Preset::default()).unwrap();
        assert_eq!(
            [0, 1, 2, 3, 6, 7, 20, 21, -3, -21].map(|g| exact.quantize(g)),
            [0, 1, 1, 2, 2, 3, 3, 4, -2, -4]
        );
        assert_eq!((exact.sample(250, 10), exact.sample(5, -10), exact.sample(5, 10)), (4, 251, 15));
        let near = Parameters::new(8, 3, &Preset::default()).unwrap();
        assert_eq!([3, 4, -3, -4].map(|g| near.quantize(g)), [0, 1, 0, -1]);
        assert_eq!((near.sample(250, 1), near.sample(254, 1), near.sample(1, -1)), (255, 0, 255));
    }
}
