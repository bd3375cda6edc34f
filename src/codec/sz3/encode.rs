//! Streams for chunks: in whichever way of prediction its codes are expected to be shortest.

use super::blocks;
use super::coder::Coding;
use super::config::{Algorithm, Config, Predictors};
use super::cubes;
use super::grid::{AXES, Grid};
use super::interpolation::{self, Way};
use super::number::Number;
use super::setup::Bound;
use super::{Input, zstd};
use crate::base::{Error, Result};

/// A prediction that is tried.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    Interpolation(Way),
    /// Of so many layers.
    Lorenzo(usize),
}

const ATTEMPTS: [Attempt; 5] = [
    Attempt::Interpolation(Way { cubic: true, backwards: false }),
    Attempt::Interpolation(Way { cubic: true, backwards: true }),
    Attempt::Interpolation(Way { cubic: false, backwards: false }),
    Attempt::Lorenzo(1),
    Attempt::Lorenzo(2),
];

/// What the plugin says of predictors where none is in use.
const OTHERS: Predictors =
    Predictors { lorenzo: true, lorenzo_of_two_layers: false, linear: true, quadratic: false };

pub(super) fn encode<T: Number>(grid: Grid, bound: Bound, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
    if input.len() != grid.len().saturating_mul(T::SIZE) {
        let what = format!("SZ3 takes chunks of {} elements here, not {} bytes", grid.len(), input.len());
        return Err(Error::misuse(what));
    }
    let mut elements = Input::new("sz3", input);
    let values = (0..grid.len()).map(|_| T::decode(&mut elements)).collect::<Result<Vec<T>>>()?;
    let error_bound = bound.absolute(&values, false);
    let mut config = Config { grid, algorithm: Algorithm::Lossless, predictors: OTHERS };
    if error_bound == 0.0 {
        pack(input, output);
        return config.encode(error_bound, output);
    }
    let mut found = best(&config.grid, &values, error_bound)?;
    if !bound.is_kept(&values, &found.recovered) {
        found = best(&config.grid, &values, bound.absolute(&values, true))?;
    }
    let error_bound = found.coding.asked_for();
    let mut content = Vec::new();
    match found.attempt {
        Attempt::Interpolation(way) => {
            config.algorithm = Algorithm::Interpolation;
            interpolation::encode_head(&config.grid, way, &mut content);
        }
        Attempt::Lorenzo(layers) => {
            config.algorithm = Algorithm::LorenzoAndRegression;
            let (lorenzo, lorenzo_of_two_layers) = (layers == 1, layers == 2);
            config.predictors =
                Predictors { lorenzo, lorenzo_of_two_layers, linear: false, quadratic: false };
            match config.grid.rank {
                3 => cubes::encode_head::<T>(&config.grid, layers, error_bound, &mut content)?,
                _ => blocks::encode_head(&config.grid, &mut content),
            }
        }
    }
    found.coding.encode(&mut content)?;
    pack(&content, output);
    config.encode(error_bound, output)
}

/// What came of an attempt.
struct Found<T> {
    attempt: Attempt,
    coding: Coding<T>,
    recovered: Vec<T>,
}

/// Tries all ways of prediction.
fn best<T: Number>(grid: &Grid, values: &[T], error_bound: f64) -> Result<Found<T>> {
    let mut best: Option<(f64, Found<T>)> = None;
    for attempt in ATTEMPTS {
        // There is one order of a single axis, and what is called prediction from two layers of four is from one.
        match (attempt, grid.rank) {
            (Attempt::Interpolation(Way { backwards: true, .. }), 1) | (Attempt::Lorenzo(2), AXES) => {
                continue;
            }
            _ => {}
        }
        let (mut coding, mut recovered) = (Coding::new(error_bound), values.to_vec());
        match attempt {
            Attempt::Interpolation(way) => interpolation::code(grid, way, &mut recovered, &mut coding)?,
            Attempt::Lorenzo(layers) => blocks::code(grid, layers, &mut recovered, &mut coding)?,
        }
        let cost = coding.cost();
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, Found { attempt, coding, recovered }));
        }
    }
    best.map(|(_, found)| found).ok_or_else(|| Error::misuse("no elements for SZ3"))
}

/// Appends a Zstandard frame, behind how much it holds.
fn pack(content: &[u8], output: &mut Vec<u8>) {
    output.extend((content.len() as u64).to_le_bytes());
    zstd::encode_frame(content, output);
}

#[cfg(test)]
mod tests {
    use super::super::Sz3;
    use crate::codec::{ChunkShape, Encoded, Filter, FilterCall};
    use crate::format::datatype::{Datatype, Order};

    /// An absolute bound, as users ask for it.
    fn asked(bound: f64) -> Vec<u32> {
        let half = |at: u32| u32::try_from(bound.to_bits() >> at & 0xffff_ffff).unwrap();
        [&[0, half(32), half(0)][..], &[0; 6]].concat()
    }

    /// What a chunk becomes when it is encoded and decoded, and how long it is in between.
    fn through(values: &[u32], datatype: &Datatype, shape: &[u64], plain: &[u8]) -> (Vec<u8>, usize) {
        let values = Sz3.configure(values, &ChunkShape { datatype, shape, fill: None }).unwrap();
        let call = FilterCall { values: &values, chunk_bytes: plain.len(), limit: plain.len() };
        let (mut stored, mut back) = (Vec::new(), Vec::new());
        assert_eq!(Sz3.encode(plain, &call, &mut stored).unwrap(), Encoded::Done);
        Sz3.decode(&stored, &call, &mut back).unwrap();
        (back, stored.len())
    }

    /// A wave of some amplitude through 5040 elements, with one that stands out.
    fn waves() -> impl Iterator<Item = f64> {
        (0..5040u32).map(|at| if at == 77 { 99.0 } else { (f64::from(at % 84) / 9.0).sin() * 20.0 + 30.0 })
    }

    const SHAPES: [&[u64]; 6] =
        [&[5040], &[60, 84], &[84, 60, 1], &[5, 12, 84], &[3, 4, 5, 84], &[1, 2, 30, 84, 1]];

    #[test]
    fn floats_keep_to_their_bound() {
        let double = Datatype::float(8, Order::Little);
        let plain: Vec<u8> = waves().flat_map(f64::to_le_bytes).collect();
        for (shape, bound) in SHAPES.iter().flat_map(|shape| [0.5, 0.003].map(|bound| (shape, bound))) {
            let (back, len) = through(&asked(bound), &double, shape, &plain);
            let back = back.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
            let error = back.zip(waves()).fold(0f64, |most, (a, b)| most.max((a - b).abs()));
            assert!(error <= bound && error > bound / 100.0, "{shape:?}: {error}, not {bound}");
            assert!(len < plain.len() / 4, "{shape:?}: {len} bytes");
        }
        for shape in SHAPES {
            assert_eq!(through(&asked(0.0), &double, shape, &plain).0, plain);
        }
    }

    #[test]
    fn integers_keep_to_their_bound() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "all are from 0 to 99")]
        let plain: Vec<u8> = waves().map(|value| value as u8).collect();
        for size in [1, 2, 4, 8] {
            for signed in [false, true] {
                let datatype = Datatype::integer(size, signed, Order::Little);
                let pad = [&[0; 7][..usize::from(size) - 1]].concat();
                let wide: Vec<u8> = plain.iter().flat_map(|&byte| [&[byte][..], &pad].concat()).collect();
                let (back, len) = through(&asked(2.0), &datatype, &[60, 84], &wide);
                let back = back.chunks(size.into()).map(|bytes| bytes[0]);
                assert!(back.zip(&plain).all(|(a, &b)| a.abs_diff(b) <= 2), "{size} bytes, signed {signed}");
                assert!(len < 2000, "{len} bytes");
            }
        }
    }

    #[test]
    fn few_elements_are_stored_as_they_are() {
        let plain: Vec<u8> = (0..76).collect();
        let float = Datatype::float(4, Order::Little);
        assert_eq!(through(&asked(1.0), &float, &[19], &plain), (plain.clone(), 76));
        assert_eq!(through(&asked(1.0), &float, &[1, 1], &plain[..4]), (plain[..4].to_vec(), 4));
    }

    #[test]
    fn damage_of_client_data_does_no_harm() {
        let float = Datatype::float(4, Order::Little);
        let shape = ChunkShape { datatype: &float, shape: &[6, 7], fill: None };
        let stored = Sz3.configure(&asked(0.5), &shape).unwrap();
        let plain = [1; 168];
        for (place, bit) in (0..stored.len()).flat_map(|place| (0..32).map(move |bit| (place, bit))) {
            let mut values = stored.clone();
            values[place] ^= 1 << bit;
            let call = FilterCall { values: &values, chunk_bytes: 168, limit: 168 };
            let _ = Sz3.encode(&plain, &call, &mut Vec::new());
        }
        for len in 0..stored.len() {
            let call = FilterCall { values: &stored[..len], chunk_bytes: 168, limit: 168 };
            assert!(len == 0 || Sz3.encode(&plain, &call, &mut Vec::new()).is_err(), "{len} values");
        }
        let call = FilterCall { values: &stored, chunk_bytes: 160, limit: 168 };
        assert!(Sz3.encode(&plain[..160], &call, &mut Vec::new()).is_err());
    }
}
