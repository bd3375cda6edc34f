//! Floating-point numbers one after the other, each a symbol or exact.
//!
//! ```text
//!  .  4    most symbols
//!  [with a relative bound
//!  .  1    exponent
//!  .  4/8  length of a segment
//!  .  4    bytes of the signs]
//!  .  4    symbols
//!  .  4/8  median, which is taken from exact numbers; of the numbers' type
//!  .  1    bits of an exact number
//!  [with ratios
//!  .  1    how much closer than the bound allows ratios are: by two to the power of minus this
//!  .  1    bits of the longest code]
//!  .  8    error bound
//!  .  4/8  bytes of the tree and the codes
//!  .  4/8  exact numbers
//!  .  4/8  bytes of exact numbers
//!  [with a relative bound
//!  .  4/8  least number that is not zero, or its logarithm; of the numbers' type]
//!  .  .    tree and codes
//!  .  .    signs, a byte each, packed by zstd
//!  .  .    for each exact number in two bits: bytes that are those of the one before
//!  .  .    bytes of exact numbers
//!  .  .    bits of exact numbers behind their bytes
//! ```

use super::super::input::Input;
use super::super::sz_codes::Codes;
use super::super::{damaged, zstd};
use super::absolute::Differences;
use super::exact::Exact;
use super::float::Float;
use super::layout::Layout;
use super::raster::{self, Place};
use super::relative::{self, Ratios};
use super::stream::{self, Flag, Header};
use crate::base::{Error, Result, to_usize};

/// What a stream says of its series, but for the numbers' layout.
#[derive(Debug)]
struct Series<'a, F> {
    /// The symbol that means no correction.
    middle: i32,
    median: F,
    bound: f64,
    /// With a relative bound.
    relative: Option<Relative<'a, F>>,
    symbols: Codes<'a>,
    exact: Exact<'a>,
}

#[derive(Debug)]
struct Relative<'a, F> {
    /// Nothing where no number is negative.
    signs: &'a [u8],
    least: F,
    /// How much closer ratios are; None for logarithms.
    closer: Option<u8>,
}

pub(super) fn decode<F: Float>(
    input: &mut Input<'_>,
    header: &Header<'_>,
    layout: &Layout,
) -> Result<Vec<F>> {
    let mut series = Series::<F>::decode(input, header)?;
    let Some(relative) = series.relative.take() else {
        if layout.shape.len() == 4 && F::BYTES == 4 {
            // Its decoder takes another symbol for the middle than its encoder. The plugin writes none of these.
            return Err(Error::unsupported(
                "SZ's series of 32-bit numbers with four axes, which SZ itself misreads",
            ));
        }
        return series.run_differences(&layout.shape);
    };
    // With a relative bound the first two of four axes are one.
    let joined: [usize; 3];
    let shape = match layout.shape[..] {
        [first, second, third, fourth] => {
            joined = [first * second, third, fourth];
            &joined[..]
        }
        _ => &layout.shape,
    };
    let signs = relative.take_signs(layout.count)?;
    let Some(closer) = relative.closer else {
        let mut values = series.run_differences(shape)?;
        relative::finish_logarithms(&mut values, &signs, relative.least);
        return Ok(values);
    };
    let ratios = Ratios::new(series.bound, closer, series.middle, shape.len());
    let value = |data: &[F], place, symbol| ratios.value(data, place, symbol);
    let mut values = series.run(shape, value, |exact| exact)?;
    relative::finish_ratios(&mut values, &signs, relative.least);
    Ok(values)
}

impl<F> Relative<'_, F> {
    /// Unpacks the signs: one for each number, or none at all.
    fn take_signs(&self, count: usize) -> Result<Vec<u8>> {
        let mut signs = Vec::new();
        if !self.signs.is_empty() {
            zstd::decode_frames("sz", self.signs, count, &mut signs)?;
            if signs.len() != count {
                return Err(damaged("sz", format!("{} signs of {count} numbers", signs.len())));
            }
        }
        Ok(signs)
    }
}

impl<'a, F: Float> Series<'a, F> {
    fn decode(input: &mut Input<'a>, header: &Header<'_>) -> Result<Self> {
        let (is_relative, has_ratios) = (header.has(Flag::Relative), header.has(Flag::Ratios));
        input.take(4)?;
        let mut sign_bytes = 0;
        if is_relative {
            input.u8()?;
            header.length(input)?;
            sign_bytes = to_usize(u64::from(input.u32_be()?))?;
        }
        let symbols = input.u32_be()?;
        let median = F::take_be(input)?;
        let bits = input.u8()?;
        if usize::from(bits) > 8 * F::BYTES {
            return Err(damaged("sz", format!("{bits} bits of numbers that have {} bytes", F::BYTES)));
        }
        let mut closer = None;
        if is_relative && has_ratios {
            closer = Some(input.u8()?);
            input.u8()?;
        }
        let bound = f64::take_be(input)?;
        let code_bytes = header.size(input)?;
        let exact_numbers = header.size(input)?;
        let exact_bytes = header.size(input)?;
        let least = if is_relative { F::take_be(input)? } else { F::ZERO };
        let codes = input.take(code_bytes)?;
        let signs = input.take(sign_bytes)?;
        let shared = input.take(exact_numbers.div_ceil(4))?;
        let exact = Exact::new(shared, input.take(exact_bytes)?, input.rest(), bits);
        Ok(Series {
            middle: (symbols / 2).cast_signed(),
            median,
            bound,
            relative: is_relative.then_some(Relative { signs, least, closer }),
            symbols: stream::take_codes(codes)?,
            exact,
        })
    }

    fn run_differences(self, shape: &[usize]) -> Result<Vec<F>> {
        let differences = Differences::new(self.bound, self.middle, shape.len());
        let median = self.median;
        let value = |data: &[F], place, symbol| differences.value(data, place, symbol);
        self.run(shape, value, |exact| exact + median)
    }

    /// Makes all numbers, by their symbols or from what is stored exactly.
    fn run(
        mut self,
        shape: &[usize],
        value: impl Fn(&[F], Place, i32) -> F,
        exactly: impl Fn(F) -> F,
    ) -> Result<Vec<F>> {
        let mut data = Vec::with_capacity(shape.iter().product());
        raster::each(shape, |place| {
            let symbol = self.symbols.next()?;
            let next = match symbol {
                0 => exactly(F::from_be(self.exact.next()?)),
                _ if place == Place::Start => exactly(F::from_be(self.exact.next()?)),
                _ => value(&data, place, symbol),
            };
            data.push(next);
            Ok(())
        })?;
        Ok(data)
    }
}
