//! How exactly the blocks of a zfp stream keep their numbers: as a header has it, and as users ask for it.
//!
//! Users give, as the macros of H5Z-ZFP pack it, a number for the mode, one that does not count, and
//!
//! ```text
//! 1 rate        bits per number, a 64-bit floating-point number in two values, the lower half first
//! 2 precision   bit planes
//! 3 accuracy    the most that numbers may differ, in two values as above
//! 4 expert      fewest bits of a block, most bits, bit planes, the smallest exponent
//! 5 reversible
//! ```
//!
//! Without any values, all that zfp can keep is kept, in blocks of floating-point numbers with a common exponent.

use super::damaged;
use super::header::Kind;
use crate::base::{Error, Result};
use crate::codec::low_bits::{BitSink, Bits};

/// The most a block can take, and the smallest exponent of all; what is below it stands for the reversible mode.
const MAX_BITS: u32 = 16658;
const MAX_PRECISION: u32 = 64;
const MIN_EXPONENT: i32 = -1074;

/// The number in 12 bits behind which all four parameters follow, and what is added to the exponent there.
const LONG: u32 = 4095;
const LONG_EXPONENT: i32 = 16495;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) min_bits: u32,
    pub(super) max_bits: u32,
    pub(super) precision: u32,
    pub(super) min_exponent: i32,
}

impl Mode {
    const DEFAULT: Mode =
        Mode { min_bits: 1, max_bits: MAX_BITS, precision: MAX_PRECISION, min_exponent: MIN_EXPONENT };

    pub(super) fn decode(bits: &mut Bits<'_>) -> Result<Self> {
        let number = |value: u64| u32::try_from(value).map_err(|e| damaged("zfp", e));
        let all = Mode::DEFAULT;
        Ok(match number(bits.take(12))? {
            mode @ 0..2048 => Mode { min_bits: mode + 1, max_bits: mode + 1, ..all },
            mode @ 2048..2176 => Mode { precision: mode - 2047, ..all },
            2176 => Mode { min_exponent: MIN_EXPONENT - 1, ..all },
            mode @ 2177..LONG => Mode { min_exponent: MIN_EXPONENT + (mode - 2177).cast_signed(), ..all },
            _ => Mode {
                min_bits: number(bits.take(15))? + 1,
                max_bits: number(bits.take(15))? + 1,
                precision: number(bits.take(7))? + 1,
                min_exponent: number(bits.take(15))?.cast_signed() - LONG_EXPONENT,
            },
        })
    }

    /// Puts the mode; what is out of a header's range is put as the nearest that is in it.
    pub(super) fn encode(&self, sink: &mut BitSink<'_>) {
        if let Some(short) = self.short() {
            return sink.put(u64::from(short), 12);
        }
        let number = |value: u32, most: u32| u64::from(value.clamp(1, most) - 1);
        let exponent = self.min_exponent.saturating_add(LONG_EXPONENT).clamp(0, 0x7fff);
        sink.put(u64::from(LONG), 12);
        sink.put(number(self.min_bits, 1 << 15), 15);
        sink.put(number(self.max_bits, 1 << 15), 15);
        sink.put(number(self.precision, 1 << 7), 7);
        sink.put(u64::from(exponent.unsigned_abs()), 15);
    }

    /// The number that says all, for the modes that have one. The default has none.
    fn short(&self) -> Option<u32> {
        if *self == Mode::DEFAULT {
            return None;
        }
        let is_rate = self.min_bits == self.max_bits
            && (1..=MAX_BITS).contains(&self.max_bits)
            && self.precision == MAX_PRECISION
            && self.min_exponent == MIN_EXPONENT;
        if is_rate {
            return (self.max_bits <= 2048).then(|| self.max_bits - 1);
        }
        if self.min_bits > 1 || self.max_bits < MAX_BITS {
            return None;
        }
        match self.min_exponent {
            MIN_EXPONENT => Some(2047 + self.precision),
            _ if self.precision < MAX_PRECISION => None,
            exponent if exponent < MIN_EXPONENT => Some(2176),
            exponent => Some(2177 + exponent.abs_diff(MIN_EXPONENT)).filter(|&mode| mode < LONG),
        }
    }

    /// The mode that users ask for by these values.
    pub(super) fn asked_for(values: &[u32], kind: Kind, dimensions: usize) -> Result<Self> {
        let Some(&mode) = values.first() else { return Ok(Mode::DEFAULT) };
        let number = |index: usize| {
            values.get(index).copied().ok_or_else(|| {
                Error::misuse(format!("mode {mode} of zfp needs more than {} values", values.len()))
            })
        };
        let double = |index| {
            Ok::<f64, Error>(f64::from_bits(u64::from(number(index + 1)?) << 32 | u64::from(number(index)?)))
        };
        Ok(match mode {
            1 => {
                let bits = block_bits(double(2)?, dimensions)?.max(kind.head(false));
                Mode { min_bits: bits, max_bits: bits, ..Mode::DEFAULT }
            }
            2 => match number(2)? {
                0 => Mode::DEFAULT,
                precision => Mode { precision: precision.min(MAX_PRECISION), ..Mode::DEFAULT },
            },
            3 => Mode { min_exponent: exponent(double(2)?)?, ..Mode::DEFAULT },
            4 => Mode::expert(number(2)?, number(3)?, number(4)?, number(5)?.cast_signed())?,
            5 => Mode { min_exponent: MIN_EXPONENT - 1, ..Mode::DEFAULT },
            _ => return Err(Error::misuse(format!("mode {mode} of zfp: 1 to 5 are known"))),
        })
    }

    fn expert(min_bits: u32, max_bits: u32, precision: u32, min_exponent: i32) -> Result<Self> {
        if min_bits > max_bits || !(1..=MAX_PRECISION).contains(&precision) {
            let what = format!("{min_bits} to {max_bits} bits of a block in {precision} bit planes");
            return Err(Error::misuse(format!("zfp takes no {what}")));
        }
        Ok(Mode { min_bits, max_bits, precision, min_exponent })
    }

    pub(super) fn is_reversible(&self) -> bool {
        self.min_exponent < MIN_EXPONENT
    }

    /// Refuses blocks that cannot even hold what stands before their numbers: zfp takes the rest, which is less than
    /// nothing, for a lot.
    pub(super) fn check(&self, kind: Kind) -> Result<()> {
        let (most, head) = (self.max_bits, kind.head(self.is_reversible()));
        if self.min_bits > most || self.precision > MAX_PRECISION {
            return Err(damaged("zfp", "the header in the client data does not hold together"));
        }
        if most < head {
            return Err(Error::unsupported(format!("zfp blocks of {most} bits, of which {head} come first")));
        }
        Ok(())
    }
}

/// The bits of a block at a rate.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it fits")]
fn block_bits(rate: f64, dimensions: usize) -> Result<u32> {
    let numbers = f64::from(1u32 << (2 * dimensions));
    let bits = (numbers * rate + 0.5).floor();
    match (0.0..=f64::from(u32::MAX)).contains(&bits) {
        true => Ok(bits as u32),
        false => Err(Error::misuse(format!("zfp takes no {rate} bits per number"))),
    }
}

/// The highest power of two that is not above a tolerance; 0 asks for the smallest there is.
fn exponent(tolerance: f64) -> Result<i32> {
    if !tolerance.is_finite() || tolerance < 0.0 {
        return Err(Error::misuse(format!("zfp takes no tolerance of {tolerance}")));
    }
    let (exponent, mantissa) = (tolerance.to_bits() >> 52, tolerance.to_bits() & (u64::MAX >> 12));
    Ok(match (i32::try_from(exponent).unwrap_or(0), mantissa) {
        (0, 0) => MIN_EXPONENT,
        (0, mantissa) => MIN_EXPONENT + mantissa.ilog2().cast_signed(),
        (exponent, _) => exponent - 1023,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOAT: Kind = Kind { wide: false, floating: true };
    const INTEGER: Kind = Kind { wide: true, floating: false };

    fn asked(values: &[u32]) -> Result<Mode> {
        Mode::asked_for(values, FLOAT, 2)
    }

    fn with(mode: u32, value: f64) -> Vec<u32> {
        let bits = value.to_bits();
        [mode.into(), 0, bits & 0xffff_ffff, bits >> 32].map(|v| u32::try_from(v).unwrap()).to_vec()
    }

    #[test]
    fn modes_as_users_ask_for_them() {
        let all = Mode::DEFAULT;
        assert_eq!(asked(&[]).unwrap(), all);
        assert_eq!(asked(&with(1, 2.04)).unwrap(), Mode { min_bits: 33, max_bits: 33, ..all });
        assert_eq!(asked(&with(1, 0.1)).unwrap(), Mode { min_bits: 9, max_bits: 9, ..all });
        let tiny = Mode::asked_for(&with(1, 0.1), INTEGER, 2).unwrap();
        assert_eq!(tiny, Mode { min_bits: 2, max_bits: 2, ..all });
        assert_eq!(asked(&[2, 0, 17]).unwrap(), Mode { precision: 17, ..all });
        assert_eq!([asked(&[2, 0, 0]).unwrap(), asked(&[2, 0, 99]).unwrap()], [all; 2]);
        assert_eq!(asked(&with(3, 0.01)).unwrap(), Mode { min_exponent: -7, ..all });
        assert_eq!(asked(&with(3, 1.0)).unwrap(), Mode { min_exponent: 0, ..all });
        assert_eq!(asked(&with(3, 0.0)).unwrap(), all);
        assert_eq!(asked(&with(3, f64::from_bits(5))).unwrap(), Mode { min_exponent: -1072, ..all });
        let expert = Mode { min_bits: 3, max_bits: 200, precision: 40, min_exponent: -9 };
        assert_eq!(asked(&[4, 0, 3, 200, 40, (-9i32).cast_unsigned()]).unwrap(), expert);
        assert!(asked(&[5]).unwrap().is_reversible());
    }

    #[test]
    fn what_zfp_cannot_do_is_the_callers_mistake() {
        for values in [
            &[0][..],
            &[6],
            &[1, 0, 0],
            &[2, 0],
            &[4, 0, 9, 8, 64, 0],
            &[4, 0, 1, 2, 65, 0],
            &[4, 0, 1, 2, 0, 0],
        ] {
            assert!(asked(values).is_err(), "{values:?}");
        }
        for number in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(asked(&with(1, number)).is_err() && asked(&with(3, number)).is_err(), "{number}");
        }
        assert!(asked(&with(1, 1e9)).is_err());
    }

    #[test]
    fn blocks_hold_what_stands_before_their_numbers() {
        let most = |max_bits, min_exponent| Mode { min_bits: 0, max_bits, min_exponent, ..Mode::DEFAULT };
        assert!(most(9, 0).check(FLOAT).is_ok() && most(8, 0).check(FLOAT).is_err());
        assert!(most(15, -2000).check(FLOAT).is_ok() && most(14, -2000).check(FLOAT).is_err());
        assert!(most(0, 0).check(INTEGER).is_ok() && most(5, -2000).check(INTEGER).is_err());
    }

    #[test]
    fn modes_in_headers() {
        let all = Mode::DEFAULT;
        let rate = |bits| Mode { min_bits: bits, max_bits: bits, ..all };
        let cases = [
            (all, 64, LONG),
            (rate(1), 12, 0),
            (rate(2048), 12, 2047),
            (rate(2049), 64, LONG),
            (rate(32768), 64, LONG),
            (Mode { precision: 1, ..all }, 12, 2048),
            (Mode { precision: 63, ..all }, 12, 2110),
            (Mode { min_exponent: MIN_EXPONENT - 1, ..all }, 12, 2176),
            (Mode { min_exponent: MIN_EXPONENT + 1, ..all }, 12, 2178),
            (Mode { min_exponent: 843, ..all }, 12, 4094),
            (Mode { min_exponent: 844, ..all }, 64, LONG),
            (Mode { min_exponent: 0, precision: 63, ..all }, 64, LONG),
            (Mode { min_exponent: 0, max_bits: 900, ..all }, 64, LONG),
            (Mode { min_exponent: -2000, min_bits: 2, ..all }, 64, LONG),
        ];
        for (mode, len, number) in cases {
            let mut bytes = Vec::new();
            let mut sink = BitSink::new(&mut bytes);
            mode.encode(&mut sink);
            let encoded = sink.len();
            sink.finish();
            let mut bits = Bits::new(&bytes);
            let found = bits.take(12);
            assert_eq!((encoded, found), (len, u64::from(number)), "{mode:?}");
            assert_eq!(Mode::decode(&mut Bits::new(&bytes)).unwrap(), mode);
        }
    }
}
