//! What a stream says of itself, behind its content. Little-endian, as on the machines that it is written by.
//!
//! ```text
//!  0    1  number of axes n
//!  1   8n  lengths, the axis that varies fastest last
//!  .    8  number of elements
//! and from there on
//!  0    1  algorithm: 0 Lorenzo and regression, 1 the encoder's choice, 2 interpolation
//!  1    1  kind of error bound, which the encoder has made absolute
//!  2    8  absolute error bound; 0: nothing is lost, and the content is not coded but only compressed
//! 10    8  relative error bound
//! 18    4  predictors in use, a byte each: Lorenzo of one and of two layers, linear and quadratic regression
//! 22    6  interpolation: kind, order of the axes, edge of a block; repeated in the content
//! 28    2  lossless compressor and encoder, whatever is said here Zstandard and Huffman
//! 30    4  number of codes
//! 34    4  edge of a block, repeated in the content
//! 38    8  not in use, and the axes to predict along, repeated in the content
//! 46    1  whether several threads wrote a stream each
//! 47    4  number of bytes up to here
//! ```

use super::blocks::edge_for;
use super::grid::{AXES, Grid};
use super::tree::narrow;
use super::{Input, damaged};
use crate::base::{Error, Result, to_usize};

/// Bytes behind the number of elements, before their own number.
const FIXED: usize = 47;

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) grid: Grid,
    pub(super) algorithm: Algorithm,
    pub(super) predictors: Predictors,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Algorithm {
    Lossless,
    LorenzoAndRegression,
    Interpolation,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Predictors {
    pub(super) lorenzo: bool,
    pub(super) lorenzo_of_two_layers: bool,
    pub(super) linear: bool,
    pub(super) quadratic: bool,
}

impl Config {
    /// Returns it with the content before it.
    pub(super) fn decode(stream: &[u8]) -> Result<(Self, &[u8])> {
        let Some((stream, len)) = stream.split_last_chunk::<4>() else {
            return Err(damaged("sz3", format!("{} bytes are no stream", stream.len())));
        };
        let len = to_usize(u64::from(u32::from_le_bytes(*len)))?;
        let Some(split) = stream.len().checked_sub(len) else {
            return Err(damaged("sz3", format!("{len} bytes of configuration in {}", stream.len())));
        };
        let (content, config) = stream.split_at(split);
        let mut input = Input::new("sz3", config);
        let rank = usize::from(input.u8()?);
        let known = 1 + 8 * rank + 8 + FIXED;
        if rank > AXES || len != known {
            // There is no other version number than this.
            let what = format!("SZ3 with {len} bytes of configuration for {rank} axes ({known} are known)");
            return Err(Error::unsupported(what));
        }
        Ok((Config::decode_fields(&mut input, rank)?, content))
    }

    fn decode_fields(input: &mut Input<'_>, rank: usize) -> Result<Self> {
        let grid = decode_grid(input, rank)?;
        let count = input.u64_le()?;
        if count != grid.len() as u64 {
            return Err(damaged("sz3", format!("{count} elements, but an array of {}", grid.len())));
        }
        let algorithm = input.u8()?;
        input.u8()?;
        let algorithm = match (algorithm, input.f64_le()?) {
            (_, 0.0) => Algorithm::Lossless,
            (0, _) => Algorithm::LorenzoAndRegression,
            (2, _) => Algorithm::Interpolation,
            (other, _) => return Err(Error::unsupported(format!("algorithm {other} of SZ3"))),
        };
        input.f64_le()?;
        let predictors = Predictors {
            lorenzo: decode_flag(input)?,
            lorenzo_of_two_layers: decode_flag(input)?,
            linear: decode_flag(input)?,
            quadratic: decode_flag(input)?,
        };
        input.take(24)?;
        if decode_flag(input)? {
            return Err(Error::unsupported("SZ3 with a stream per thread"));
        }
        input.finish()?;
        Ok(Config { grid, algorithm, predictors })
    }

    /// Appends it. What we do not choose is said as the plugin says it.
    pub(super) fn encode(&self, error_bound: f64, output: &mut Vec<u8>) -> Result<()> {
        let start = output.len();
        output.push(self.grid.rank.to_le_bytes()[0]);
        self.grid.encode(output);
        output.extend((self.grid.len() as u64).to_le_bytes());
        let algorithm = match self.algorithm {
            Algorithm::LorenzoAndRegression => 0,
            Algorithm::Lossless => 1,
            Algorithm::Interpolation => 2,
        };
        output.extend([algorithm, 0]);
        output.extend(error_bound.to_le_bytes());
        output.extend([0; 8]);
        let Predictors { lorenzo, lorenzo_of_two_layers, linear, quadratic } = self.predictors;
        output.extend([lorenzo, lorenzo_of_two_layers, linear, quadratic].map(u8::from));
        // Cubic interpolation in the first order, blocks of 32; Zstandard and Huffman; codes.
        output.extend([1, 0, 32, 0, 0, 0, 1, 1, 0, 0, 1, 0]);
        let edge = narrow(edge_for(&self.grid))?;
        for number in [edge, edge, narrow(self.grid.rank)?] {
            output.extend(number.to_le_bytes());
        }
        output.push(0);
        let len = narrow(output.len() - start)?;
        output.extend(len.to_le_bytes());
        Ok(())
    }

    /// Checks that the content is about the same array.
    pub(super) fn check_grid(&self, input: &mut Input<'_>) -> Result<()> {
        if decode_grid(input, self.grid.rank)? == self.grid {
            return Ok(());
        }
        Err(damaged("sz3", "content and configuration are of different shapes"))
    }
}

fn decode_grid(input: &mut Input<'_>, rank: usize) -> Result<Grid> {
    let mut lengths = [0; AXES];
    for length in &mut lengths[..rank] {
        *length = to_usize(input.u64_le()?)?;
    }
    Grid::new(&lengths[..rank])
}

pub(super) fn decode_flag(input: &mut Input<'_>) -> Result<bool> {
    match input.u8()? {
        flag @ 0..=1 => Ok(flag == 1),
        flag => Err(damaged("sz3", format!("a flag is {flag}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `f.create_dataset("a", data=np.zeros((16, 16), "<f4"), chunks=(16, 16), **hdf5plugin.SZ3(absolute=0.01))`
    const STORED: [u8; 76] = [
        2, 16, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, // the shape
        0, 1, 0, 0, 0, 0, 0, 0, // 256 elements
        2, 0, // interpolation
        0x7b, 0x14, 0xae, 0x47, 0xe1, 0x7a, 0x84, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0, // the error bounds
        1, 0, 1, 0, // the predictors
        1, 0, 32, 0, 0, 0, 1, 1, 0, 0, 1, 0, 16, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 0, // not of interest
        72, 0, 0, 0,
    ];

    fn error(change: impl Fn(&mut Vec<u8>)) -> String {
        let mut stored = STORED.to_vec();
        change(&mut stored);
        Config::decode(&stored).unwrap_err().to_string()
    }

    #[test]
    fn it_lies_behind_the_content() {
        let stored = [&[7, 7, 7][..], &STORED].concat();
        let (config, content) = Config::decode(&stored).unwrap();
        assert_eq!((config.grid, content), (Grid::new(&[16, 16]).unwrap(), &[7, 7, 7][..]));
        assert_eq!(config.algorithm, Algorithm::Interpolation);
        let (lorenzo, linear) = (config.predictors.lorenzo, config.predictors.linear);
        assert!(lorenzo && linear && !config.predictors.lorenzo_of_two_layers);
    }

    #[test]
    fn it_is_encoded_as_the_plugin_does() {
        let mut output = vec![7];
        Config::decode(&STORED).unwrap().0.encode(0.01, &mut output).unwrap();
        assert_eq!(output, [&[7][..], &STORED].concat());
    }

    #[test]
    fn an_error_bound_of_zero_means_that_nothing_is_lost() {
        let mut stored = STORED.to_vec();
        stored[27..35].fill(0);
        stored[25] = 1;
        assert_eq!(Config::decode(&stored).unwrap().0.algorithm, Algorithm::Lossless);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(error(|s| s.truncate(3)), "malformed file: sz3: 3 bytes are no stream");
        assert!(error(|s| s[72] = 73).contains("73 bytes of configuration in 72"));
        assert!(error(|s| s[72] = 71).contains("71 bytes of configuration for 16 axes"));
        assert!(error(|s| s[0] = 1).contains("72 bytes of configuration for 1 axes (64 are known)"));
        assert!(error(|s| s[1] = 15).contains("256 elements, but an array of 240"));
        assert_eq!(error(|s| s[25] = 1), "not supported: algorithm 1 of SZ3");
        assert_eq!(error(|s| s[71] = 1), "not supported: SZ3 with a stream per thread");
        assert!(error(|s| s[43] = 2).contains("a flag is 2"));
    }
}
