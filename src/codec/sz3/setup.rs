//! What the client data say: the elements of a chunk, and how exactly they are to be kept.
//!
//! What the encoder is asked for are nine numbers: 0 for an absolute error bound, 1 for one relative to the range of the
//! values, 2 for a ratio of the peak to the noise in decibels, 3 for a norm of all errors, 4 and 5 for the smaller and the
//! larger of the first two; then these four numbers in turn, absolute, relative, norm and ratio, as bits of 64-bit
//! floating-point numbers, the upper half first. hdf5plugin 7.1 gives 2 with the norm, and 3 with the ratio; that is
//! refused, for the plugin would keep no more than nothing, or all.

use super::number::Number;
use super::{elements, grid::Grid};
use crate::base::{Error, Result, to_usize};
use crate::codec::{ChunkShape, FilterCall, damaged};
use crate::format::datatype::{Class, Datatype, Order};

/// The numbers that users give.
const ASKED: usize = 9;

/// The most axes longer than 1 that are coded.
const MOST_AXES: usize = 4;

/// How exactly elements are to be kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    Absolute(f64),
    Relative(f64),
    Ratio(f64),
    Norm(f64),
    Smaller { absolute: f64, relative: f64 },
    Larger { absolute: f64, relative: f64 },
}

/// The client data for what a user asks for.
pub(super) fn configure(values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
    Bound::decode(values)?;
    let mut stored = vec![0, kind(chunk.datatype)?];
    for &length in chunk.shape.iter().rev().filter(|&&length| length > 1) {
        stored.push(
            u32::try_from(length)
                .map_err(|_| Error::limit("an axis of a chunk for SZ3", length, u32::MAX.into()))?,
        );
        stored[0] += 1;
    }
    match stored[0] {
        0 => stored.extend([0, 1]),
        1 => stored.insert(2, 0),
        2..=4 => {}
        rank => {
            return Err(Error::misuse(format!(
                "SZ3 takes chunks of up to {MOST_AXES} axes longer than 1, not {rank}"
            )));
        }
    }
    stored[0] = stored[0].max(1);
    stored.extend_from_slice(values);
    Ok(stored)
}

/// The number of a type among those that SZ3 knows.
fn kind(datatype: &Datatype) -> Result<u32> {
    let (order, kind) = match (&datatype.class, datatype.size) {
        (Class::FloatingPoint(number), 4 | 8) => (number.bits.order, u32::from(datatype.size == 8)),
        (Class::FixedPoint(number), size @ (1 | 2 | 4 | 8)) => {
            (number.bits.order, 2 + 2 * size.ilog2() + u32::from(number.signed))
        }
        _ => return Err(Error::misuse("SZ3 takes integers of 1 to 8 bytes and floats of 4 or 8")),
    };
    if order != Order::Little && datatype.size > 1 {
        return Err(Error::misuse("SZ3 takes little-endian numbers alone"));
    }
    let size = if kind == 0 { 4 } else { 8 };
    if kind < 2 && datatype.class != Datatype::float(size, Order::Little).class {
        return Err(Error::misuse("SZ3 takes only floating-point numbers of IEEE 754"));
    }
    Ok(kind)
}

/// The shape of a chunk, and how exactly it is kept; None if it is stored as it is.
pub(super) fn decode(call: &FilterCall<'_>, input: &[u8]) -> Result<Option<(Grid, Bound)>> {
    let Some(elements) = elements(call, input)?.filter(|&elements| elements >= super::FEWEST) else {
        return Ok(None);
    };
    let rank = to_usize(u64::from(call.value(0, "number of axes")?))?;
    let lengths = call.values.get(2..2 + rank).unwrap_or_default();
    let mut lengths =
        lengths.iter().rev().map(|&length| to_usize(u64::from(length))).collect::<Result<Vec<_>>>()?;
    if rank == 1 {
        lengths = vec![to_usize(elements)?];
    }
    let asked = call.values.get(2 + rank.max(2)..).unwrap_or_default();
    Ok(Some((Grid::new(&lengths)?, Bound::decode(asked)?)))
}

impl Bound {
    fn decode(values: &[u32]) -> Result<Self> {
        let Some(&[mode, ref numbers @ ..]) = values.first_chunk::<ASKED>().filter(|_| values.len() == ASKED)
        else {
            return Err(Error::misuse(format!(
                "SZ3 needs {ASKED} values to encode by, not {}",
                values.len()
            )));
        };
        let number = |index: usize| {
            f64::from_bits(u64::from(numbers[2 * index]) << 32 | u64::from(numbers[2 * index + 1]))
        };
        let [absolute, relative, norm, ratio] = [0, 1, 2, 3].map(number);
        let (bound, fits) = match mode {
            0 => (Bound::Absolute(absolute), absolute >= 0.0),
            1 => (Bound::Relative(relative), relative >= 0.0),
            2 => (Bound::Ratio(ratio), ratio > 0.0),
            3 => (Bound::Norm(norm), norm > 0.0),
            4 => (Bound::Smaller { absolute, relative }, absolute.min(relative) >= 0.0),
            5 => (Bound::Larger { absolute, relative }, absolute.min(relative) >= 0.0),
            mode => return Err(damaged("sz3", format!("error bounds of kind {mode}"))),
        };
        let is_finite = [absolute, relative, norm, ratio].iter().all(|number| number.is_finite());
        if fits && is_finite { Ok(bound) } else { Err(damaged("sz3", format!("{bound:?} is no bound"))) }
    }

    /// The absolute bound for these elements. What is said of all errors together is taken for uniform errors first, as
    /// the plugin does it, or strictly, so that no errors within the bound can exceed it.
    pub(super) fn absolute<T: Number>(self, values: &[T], strictly: bool) -> f64 {
        let uniform = if strictly { 1.0 } else { 3.0 };
        match self {
            Bound::Absolute(absolute) => absolute,
            Bound::Relative(relative) => relative * range(values),
            Bound::Ratio(ratio) if strictly => range(values) * 10f64.powf(ratio / -20.0),
            Bound::Ratio(ratio) => range(values) * 10f64.powf((ratio + UNIFORM.log10() * 10.0) / -20.0),
            Bound::Norm(norm) => (uniform / values.len() as f64).sqrt() * norm,
            Bound::Smaller { absolute, relative } => absolute.min(relative * range(values)),
            Bound::Larger { absolute, relative } => absolute.max(relative * range(values)),
        }
    }

    /// Tells whether what is said of all errors together is true of elements and what becomes of them.
    pub(super) fn is_kept<T: Number>(self, values: &[T], recovered: &[T]) -> bool {
        let squares = values.iter().zip(recovered).map(|(&value, &other)| value.distance(other).powi(2));
        // What is not finite is kept, and has no distance from itself.
        let sum: f64 = squares.filter(|square| !square.is_nan()).sum();
        match self {
            Bound::Ratio(ratio) => {
                sum / values.len() as f64 <= range(values).powi(2) * 10f64.powf(ratio / -10.0)
            }
            Bound::Norm(norm) => sum.sqrt() <= norm,
            _ => true,
        }
    }
}

/// What the plugin takes for the part of the squared bound that uniform errors amount to.
const UNIFORM: f64 = 1.0 - 2.0 / 3.0 * 0.99;

/// From the least to the largest of those that are finite.
fn range<T: Number>(values: &[T]) -> f64 {
    let finite = values.iter().map(|value| value.to_f64()).filter(|value| value.is_finite());
    let (least, most) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)));
    (most - least).clamp(0.0, f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(mode: u32, numbers: [f64; 4]) -> Vec<u32> {
        let halves = |number: f64| [number.to_bits() >> 32, number.to_bits() & 0xffff_ffff];
        let halves = numbers.into_iter().flat_map(halves).map(|half| u32::try_from(half).unwrap());
        [mode].into_iter().chain(halves).collect()
    }

    #[test]
    fn client_data_is_the_plugin_s() {
        let client_data = |datatype: &Datatype, shape: &[u64]| {
            let stored =
                configure(&asked(0, [1.0, 0.0, 0.0, 0.0]), &ChunkShape { datatype, shape, fill: None });
            let stored = stored.unwrap();
            let (own, values) = stored.split_at(stored.len() - ASKED);
            assert_eq!(values[..3], [0, 0x3ff0_0000, 0]);
            own.to_vec()
        };
        assert_eq!(client_data(&Datatype::float(4, Order::Little), &[300]), [1, 0, 0, 300]);
        assert_eq!(client_data(&Datatype::float(8, Order::Little), &[20, 23]), [2, 1, 23, 20]);
        assert_eq!(
            client_data(&Datatype::integer(8, true, Order::Little), &[9, 1, 21, 10]),
            [3, 9, 10, 21, 9]
        );
        assert_eq!(client_data(&Datatype::integer(1, false, Order::Big), &[5, 6, 8, 7]), [4, 2, 7, 8, 6, 5]);
        assert_eq!(client_data(&Datatype::integer(2, true, Order::Little), &[1, 1]), [1, 5, 0, 1]);
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused() {
        let refused = |values: &[u32], datatype: &Datatype, shape: &[u64]| {
            configure(values, &ChunkShape { datatype, shape, fill: None }).unwrap_err();
        };
        let (float, none) = (Datatype::float(4, Order::Little), asked(0, [0.0; 4]));
        assert!(configure(&none, &ChunkShape { datatype: &float, shape: &[9], fill: None }).is_ok());
        refused(&none, &Datatype::float(4, Order::Big), &[9]);
        refused(&none, &Datatype::float(2, Order::Little), &[9]);
        refused(&none, &Datatype::integer(2, true, Order::Big), &[9]);
        refused(&none, &Datatype::boolean(), &[9]);
        refused(&none, &float, &[2, 2, 2, 2, 2]);
        refused(&none, &float, &[1 << 32, 2]);
        for values in [&[][..], &none[..8], &[&none[..], &[0]].concat()] {
            refused(values, &float, &[9]);
        }
        for (mode, numbers) in [
            (6, [1.0; 4]),
            (0, [-1.0, 0.0, 0.0, 0.0]),
            (0, [f64::NAN, 0.0, 0.0, 0.0]),
            (0, [f64::INFINITY, 0.0, 0.0, 0.0]),
            (1, [1.0, -0.1, 0.0, 0.0]),
            (4, [1.0, -0.1, 0.0, 0.0]),
            // As hdf5plugin asks for a norm and for a ratio.
            (2, [0.0, 0.0, 40.0, 0.0]),
            (3, [0.0, 0.0, 0.0, 50.0]),
        ] {
            refused(&asked(mode, numbers), &float, &[9]);
        }
    }

    #[test]
    fn bounds_become_absolute() {
        let values = [1.0, f64::NAN, 5.0, f64::INFINITY];
        let of = |bound: Bound, strictly| bound.absolute(&values, strictly);
        assert_eq!(of(Bound::Relative(0.25), false), 1.0);
        assert_eq!(of(Bound::Smaller { absolute: 0.5, relative: 0.25 }, false), 0.5);
        assert_eq!(of(Bound::Larger { absolute: 0.5, relative: 0.25 }, false), 1.0);
        assert_eq!((of(Bound::Norm(4.0), true), of(Bound::Norm(4.0), false)), (2.0, 4.0 * 0.75f64.sqrt()));
        assert_eq!(of(Bound::Ratio(20.0), true), 0.4);
        assert!(of(Bound::Ratio(20.0), false) > 0.6);
        let recovered = [1.0, f64::NAN, 4.0, f64::INFINITY];
        let kept = |bound: Bound| bound.is_kept(&values, &recovered);
        assert!(kept(Bound::Norm(1.0)) && !kept(Bound::Norm(0.99)) && kept(Bound::Absolute(0.0)));
        assert!(kept(Bound::Ratio(18.0)) && !kept(Bound::Ratio(18.1)));
        assert_eq!(Bound::Relative(1.0).absolute(&[f64::NAN], false), 0.0);
    }
}
