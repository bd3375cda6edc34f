//! What the client data of a dataset say about its chunks, and how they are to be encoded.

use super::parameters::Parameters;
use super::segments::{Frame, Interleave, Preset};
use super::size;
use crate::base::{Error, Result, to_usize};
use crate::codec::{ChunkShape, FilterCall};
use crate::format::datatype::{Class, Order};

/// Values that say what a chunk is; those that users give follow.
const OWN: usize = 4;
const VALUES: usize = 13;

/// The plugin makes images of no fewer samples, nor of more components.
const FEWEST_SAMPLES: u64 = 16;
const MOST_COMPONENTS: u32 = 4;

#[derive(Debug)]
pub(super) struct Setup {
    pub(super) frame: Frame,
    pub(super) interleave: Interleave,
    pub(super) near: u8,
    pub(super) preset: Preset,
    pub(super) parameters: Parameters,
}

/// The client data for what a user asks for, which may be the client data of another dataset.
pub(super) fn configure(values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
    let order = match &chunk.datatype.class {
        Class::FixedPoint(number) if chunk.element_size() <= 2 => number.bits.order,
        _ => return Err(Error::misuse("jpegls takes integers of 1 or 2 bytes")),
    };
    let [components, lines, width] = match *chunk.shape() {
        [lines, width] => [1, lines, width],
        [components, lines, width] => [components, lines, width],
        _ => return Err(Error::misuse("jpegls takes chunks of 2 or 3 axes")),
    };
    let of_other = values.len() == VALUES;
    let asked = if of_other { &values[OWN..] } else { values };
    let mut stored = vec![chunk.element_size()];
    for axis in [components, lines, width] {
        stored.push(u32::try_from(axis).map_err(|_| Error::limit("an axis of an image", axis, 65535))?);
    }
    stored.extend_from_slice(asked);
    if stored.len() > VALUES {
        return Err(Error::misuse(format!("jpegls takes 9 values, not {}", values.len())));
    }
    stored.resize(VALUES, 0);
    if stored[OWN] == 0 {
        stored[OWN] = 8 * chunk.element_size();
    }
    stored[OWN + 1] = stored[1];
    let setup = Setup::new(&stored)?;
    if order != Order::Little && chunk.element_size() > 1 && setup.near != 0 {
        return Err(Error::misuse("jpegls with errors takes little-endian numbers"));
    }
    Ok(stored)
}

impl Setup {
    pub(super) fn of(call: &FilterCall<'_>) -> Result<Self> {
        size(call)?;
        Setup::new(call.values)
    }

    /// The parameters that stand in the stream: those that are not the defaults, or with over twelve bits all.
    pub(super) fn written_preset(&self) -> Option<Preset> {
        match self.preset == Preset::default() {
            false => Some(self.preset.clone()),
            true => (self.frame.sample_bits > 12).then(|| self.parameters.preset()),
        }
    }

    fn new(values: &[u32]) -> Result<Self> {
        let Some(&[size, components, lines, width, bits, _, interleave, near, largest, t1, t2, t3, reset]) =
            values.first_chunk::<VALUES>()
        else {
            return Err(Error::misuse(format!(
                "{} values of jpegls where {VALUES} are needed",
                values.len()
            )));
        };
        let lowest = if size == 1 { 2 } else { 9 };
        if !(1..=2).contains(&size) || !(lowest..=8 * size).contains(&bits) {
            return Err(Error::misuse(format!("jpegls samples of {bits} bits in {size} bytes")));
        }
        let [lines, width] = [lines, width].map(|axis| u16::try_from(axis).unwrap_or(0));
        let samples = u64::from(lines) * u64::from(width);
        if samples < FEWEST_SAMPLES || !(1..=MOST_COMPONENTS).contains(&components) {
            let what = "jpegls takes images of 1 to 4 components of 16 samples or more, 65535 on an axis";
            return Err(Error::misuse(what));
        }
        let frame = Frame::new(bits, lines.into(), width.into(), to_usize(components.into())?);
        let interleave = Interleave::of(interleave).ok_or_else(|| interleaved(interleave))?;
        if interleave != Interleave::None && components < 3 {
            return Err(Error::misuse(format!("{components} interleaved components in jpegls")));
        }
        // CharLS destroys samples with these.
        if interleave == Interleave::Sample && reset != 0 && reset != 64 {
            return Err(Error::unsupported("pixels with counters of their own in the filter jpegls"));
        }
        let number = |value: u32| {
            u16::try_from(value).map_err(|_| Error::limit("a parameter of jpegls", value.into(), 65535))
        };
        let near = u8::try_from(near).map_err(|_| Error::limit("the error of jpegls", near.into(), 255))?;
        let preset = Preset {
            largest: number(largest)?,
            thresholds: [number(t1)?, number(t2)?, number(t3)?],
            reset: number(reset)?,
        };
        let parameters = Parameters::new(bits, near, &preset)?;
        Ok(Setup { frame, interleave, near, preset, parameters })
    }
}

fn interleaved(way: u32) -> Error {
    Error::misuse(format!("components interleaved in way {way} by jpegls"))
}
