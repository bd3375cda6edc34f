//! The serialized dataspace selection, as virtual datasets and region references hold it.
//!
//! Specification 4.0, VIII.A.
//!
//! ```text
//! all: 0 4 type (0 none, 1 points, 2 hyperslabs, 3 all), 4 4 version
//!
//! none, all (version 1)   points, version 1        points, version 2          hyperslabs, version 1
//!  8  8  reserved          8  4  reserved           8  1  width (W)            8  4  reserved
//!                         12  4  length             9  4  rank                12  4  length
//!                         16  4  rank              13  W  number of points    16  4  rank
//!                         20  4  number of points   .  W  coordinates         20  4  number of blocks
//!                         24  4  coordinates                                  24  4  first, then last corner of each
//!
//! hyperslabs, version 2                              hyperslabs, version 3
//!  8  1  flags: bit 0 regular                         8  1  flags: bit 0 regular
//!  9  4  length                                       9  1  width (W)
//! 13  4  rank                                        10  4  rank
//! 17  8  start, stride, count, block of each axis    14  W  regular: start, stride, count, block of each axis
//!        (libhdf5 reads irregular ones, too)          .  W  otherwise: number of blocks, corners as in version 1
//! ```
//!
//! The length counts the bytes from the rank on. Nothing depends on it, and in version 2 libhdf5 1.10.0 counted the rank
//! only, so a wrong one is kept, not refused. A count or a block of all ones is "unlimited". W is 2, 4 or 8. Reads and
//! writes all versions.

use crate::base::{Error, Reader, Result, Structure, Unsupported, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SelectionInfo {
    None,
    All,
    Points {
        encoding: Encoding,
        rank: u32,
        /// As many as the rank for each point.
        coordinates: Vec<u64>,
    },
    Regular {
        encoding: Encoding,
        axes: Vec<RegularAxis>,
    },
    Blocks {
        encoding: Encoding,
        rank: u32,
        /// For each block its first corner, then its last one, which is in it.
        corners: Vec<u64>,
    },
}

/// The version, and how many bytes a number has, which only newer versions store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Encoding {
    pub(crate) version: u8,
    pub(crate) width: u8,
    /// The length that the file says, if it is wrong.
    pub(crate) wrong_length: Option<u32>,
}

/// One axis of a regular hyperslab.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RegularAxis {
    pub(crate) start: u64,
    pub(crate) stride: u64,
    /// `None` is "unlimited", also of the block.
    pub(crate) count: Option<u64>,
    pub(crate) block: Option<u64>,
}

impl SelectionInfo {
    /// Selects points, in the oldest version that holds them.
    pub(crate) fn points(rank: u32, coordinates: Vec<u64>) -> Self {
        let encoding = narrow_or(&coordinates, Encoding::new(2, 8));
        SelectionInfo::Points { encoding, rank, coordinates }
    }

    /// Selects blocks given by their corners, in the oldest version that holds them.
    pub(crate) fn blocks(rank: u32, corners: Vec<u64>) -> Self {
        let encoding = narrow_or(&corners, Encoding::new(3, 8));
        SelectionInfo::Blocks { encoding, rank, corners }
    }

    /// Selects a regular hyperslab, in the oldest version that has them (libhdf5 1.10 reads it).
    pub(crate) fn regular(axes: Vec<RegularAxis>) -> Self {
        SelectionInfo::Regular { encoding: Encoding::new(2, 8), axes }
    }

    /// The rank, if the selection itself says it.
    pub(crate) fn rank(&self) -> Option<usize> {
        match self {
            SelectionInfo::None | SelectionInfo::All => None,
            SelectionInfo::Points { rank, .. } | SelectionInfo::Blocks { rank, .. } => {
                usize::try_from(*rank).ok()
            }
            SelectionInfo::Regular { axes, .. } => Some(axes.len()),
        }
    }
}

fn narrow_or(numbers: &[u64], wide: Encoding) -> Encoding {
    let fits = numbers.iter().all(|&number| u32::try_from(number).is_ok());
    if fits { Encoding::new(1, 4) } else { wide }
}

const NONE: u32 = 0;
const POINTS: u32 = 1;
const HYPERSLABS: u32 = 2;
const ALL: u32 = 3;
const REGULAR: u8 = 1;

impl Wire for SelectionInfo {
    const STRUCTURE: Structure = Structure::Selection;
    type Context = ();

    fn decode(r: &mut Reader<'_>, _: &()) -> Result<Self> {
        let at = r.clone();
        let kind = r.u32()?;
        match kind {
            NONE | ALL => {
                version(r, 1)?;
                r.skip_padding(8, "reserved")?;
                Ok(if kind == NONE { SelectionInfo::None } else { SelectionInfo::All })
            }
            POINTS => decode_points(r),
            HYPERSLABS => decode_hyperslabs(r),
            _ => Err(at.bad("selection type", kind, "0 to 3 are known")),
        }
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        let (encoding, numbers) = match self {
            SelectionInfo::None | SelectionInfo::All => return Ok(16),
            SelectionInfo::Points { encoding, coordinates, .. } => (encoding, 1 + coordinates.len()),
            SelectionInfo::Blocks { encoding, corners, .. } => (encoding, 1 + corners.len()),
            SelectionInfo::Regular { encoding, axes } => (encoding, 4 * axes.len()),
        };
        let head = match (self, encoding.version) {
            (_, 1) => 20,
            (SelectionInfo::Points { .. }, _) => 13,
            (_, 2) => 17,
            _ => 14,
        };
        let numbers = numbers.checked_mul(usize::from(encoding.width));
        numbers.and_then(|numbers| numbers.checked_add(head)).ok_or_else(|| too_long(u64::MAX))
    }

    fn encode(&self, w: &mut Writer, _: &()) -> Result<()> {
        match self {
            SelectionInfo::None | SelectionInfo::All => {
                w.u32(if *self == SelectionInfo::None { NONE } else { ALL });
                w.u32(1);
                w.fill(8, 0);
            }
            SelectionInfo::Points { encoding, rank, coordinates } => {
                w.u32(POINTS);
                encoding.encode_points(w, self)?;
                w.u32(*rank);
                encode_list(w, *encoding, u64::from(*rank), coordinates)?;
            }
            SelectionInfo::Blocks { encoding, rank, corners } => {
                w.u32(HYPERSLABS);
                encoding.encode_hyperslabs(w, self, 0)?;
                w.u32(*rank);
                encode_list(w, *encoding, 2 * u64::from(*rank), corners)?;
            }
            SelectionInfo::Regular { encoding, axes } => {
                if encoding.version == 1 {
                    return Err(Error::field("selection version", 1, "it has no regular hyperslabs"));
                }
                w.u32(HYPERSLABS);
                encoding.encode_hyperslabs(w, self, REGULAR)?;
                w.size(axes.len(), 4, "rank of a selection")?;
                axes.iter().try_for_each(|axis| axis.encode(w, encoding.width))?;
            }
        }
        Ok(())
    }
}

fn version(r: &mut Reader<'_>, known: u8) -> Result<u8> {
    let at = r.clone();
    let found = r.u32()?;
    match u8::try_from(found) {
        Ok(version) if (1..=known).contains(&version) => Ok(version),
        _ => {
            let (found, known) = (u64::from(found), u64::from(known));
            Err(at.locate(Unsupported::Version { found, known }.into()))
        }
    }
}

fn width(r: &mut Reader<'_>) -> Result<u8> {
    let at = r.clone();
    let width = r.u8()?;
    if matches!(width, 2 | 4 | 8) {
        return Ok(width);
    }
    Err(at.bad("width of numbers in a selection", width, "2, 4 and 8 are allowed"))
}

fn rank(r: &mut Reader<'_>) -> Result<u32> {
    let at = r.clone();
    let rank = r.u32()?;
    if !(1..=32).contains(&rank) {
        return Err(at.bad("rank of a selection", rank, "from 1 to 32"));
    }
    Ok(rank)
}

fn decode_points(r: &mut Reader<'_>) -> Result<SelectionInfo> {
    let version = version(r, 2)?;
    let width = if version == 1 { 4 } else { width(r)? };
    r.skip_padding(if version == 1 { 4 } else { 0 }, "reserved")?;
    let length = if version == 1 { Some(r.u32()?) } else { None };
    let rank = rank(r)?;
    let coordinates = decode_list(r, width, u64::from(rank))?;
    SelectionInfo::Points { encoding: Encoding::new(version, width), rank, coordinates }.with_length(length)
}

fn decode_hyperslabs(r: &mut Reader<'_>) -> Result<SelectionInfo> {
    let version = version(r, 3)?;
    let flags = if version == 1 { 0 } else { r.flags(REGULAR)? };
    let width = match version {
        1 => 4,
        2 => 8,
        _ => width(r)?,
    };
    r.skip_padding(if version == 1 { 4 } else { 0 }, "reserved")?;
    let length = if version < 3 { Some(r.u32()?) } else { None };
    let encoding = Encoding::new(version, width);
    let rank = rank(r)?;
    if flags & REGULAR != 0 {
        let axes = (0..rank).map(|_| RegularAxis::decode(r, width)).collect::<Result<_>>()?;
        return SelectionInfo::Regular { encoding, axes }.with_length(length);
    }
    let at = r.clone();
    let corners = decode_list(r, width, 2 * u64::from(rank))?;
    let axes = usize::from(u8::try_from(rank).unwrap_or(u8::MAX));
    for block in corners.chunks_exact(2 * axes) {
        let (first, last) = block.split_at(axes);
        if first.iter().zip(last).any(|(first, last)| first > last) {
            return Err(at.bad("first corner of a block", first[0], "it lies behind the last one"));
        }
    }
    SelectionInfo::Blocks { encoding, rank, corners }.with_length(length)
}

/// Reads a count and as many groups of `group` numbers.
fn decode_list(r: &mut Reader<'_>, width: u8, group: u64) -> Result<Vec<u64>> {
    let width = usize::from(width);
    let count = r.uint(width)?;
    let numbers = r.count(count.saturating_mul(group), width)?;
    (0..numbers).map(|_| r.uint(width)).collect()
}

fn encode_list(w: &mut Writer, encoding: Encoding, group: u64, numbers: &[u64]) -> Result<()> {
    let width = usize::from(encoding.width);
    let count = (numbers.len() as u64).checked_div(group).unwrap_or(0);
    if count.checked_mul(group) != Some(numbers.len() as u64) {
        return Err(Error::field(
            "numbers in a selection",
            numbers.len() as u64,
            "not a multiple of the rank",
        ));
    }
    w.uint(count, width, "number of points or blocks")?;
    numbers.iter().try_for_each(|&number| w.uint(number, width, "coordinate of a selection"))
}

impl SelectionInfo {
    /// Keeps the length that the file says if it isn't the right one.
    fn with_length(mut self, length: Option<u32>) -> Result<Self> {
        let Some(length) = length else { return Ok(self) };
        let right = self.length()?;
        if let SelectionInfo::Points { encoding, .. }
        | SelectionInfo::Blocks { encoding, .. }
        | SelectionInfo::Regular { encoding, .. } = &mut self
        {
            encoding.wrong_length = (right != u64::from(length)).then_some(length);
        }
        Ok(self)
    }

    /// The bytes from the rank on, in a version that says how many.
    fn length(&self) -> Result<u64> {
        let before = match self {
            SelectionInfo::Regular { .. } => 13,
            SelectionInfo::Blocks { encoding, .. } if encoding.version == 2 => 13,
            _ => 16,
        };
        Ok((self.encoded_len(&())? - before) as u64)
    }
}

impl Encoding {
    pub(super) fn new(version: u8, width: u8) -> Self {
        Encoding { version, width, wrong_length: None }
    }

    fn encode_points(self, w: &mut Writer, selection: &SelectionInfo) -> Result<()> {
        w.u32(u32::from(self.version));
        match self.version {
            1 => self.encode_length(w, 4, selection),
            _ => {
                w.u8(self.width);
                Ok(())
            }
        }
    }

    fn encode_hyperslabs(self, w: &mut Writer, selection: &SelectionInfo, flags: u8) -> Result<()> {
        w.u32(u32::from(self.version));
        match self.version {
            1 => self.encode_length(w, 4, selection),
            2 => {
                w.u8(flags);
                self.encode_length(w, 0, selection)
            }
            _ => {
                w.put(&[flags, self.width]);
                Ok(())
            }
        }
    }

    /// Writes reserved bytes and the length of what is behind it.
    fn encode_length(self, w: &mut Writer, reserved: usize, selection: &SelectionInfo) -> Result<()> {
        let length = self.wrong_length.map_or_else(|| selection.length(), |length| Ok(u64::from(length)))?;
        w.fill(reserved, 0);
        w.uint(length, 4, "length of a selection")
    }
}

impl RegularAxis {
    fn decode(r: &mut Reader<'_>, width: u8) -> Result<Self> {
        let at = r.clone();
        let bytes = usize::from(width);
        let unlimited = unlimited(width);
        let (start, stride) = (r.uint(bytes)?, r.uint(bytes)?);
        let (count, block) = (r.uint(bytes)?, r.uint(bytes)?);
        if stride == 0 {
            return Err(at.bad("stride of a hyperslab", 0u8, "it must be greater than zero"));
        }
        let limited = |value: u64| (value != unlimited).then_some(value);
        Ok(RegularAxis { start, stride, count: limited(count), block: limited(block) })
    }

    fn encode(&self, w: &mut Writer, width: u8) -> Result<()> {
        let bytes = usize::from(width);
        w.uint(self.start, bytes, "start of a hyperslab")?;
        w.uint(self.stride, bytes, "stride of a hyperslab")?;
        for (value, name) in [(self.count, "count of a hyperslab"), (self.block, "block of a hyperslab")] {
            match value {
                Some(value) if value == unlimited(width) => {
                    return Err(Error::field(name, value, "at this width it would mean \"unlimited\""));
                }
                Some(value) => w.uint(value, bytes, name)?,
                None => w.fill(bytes, 0xff),
            }
        }
        Ok(())
    }
}

fn unlimited(width: u8) -> u64 {
    u64::MAX >> (64 - 8 * u32::from(width.clamp(1, 8)))
}

fn too_long(bytes: u64) -> Error {
    Error::limit("a serialized selection", bytes, usize::MAX as u64).within(Structure::Selection)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::Budget;
    use crate::format::battery::{Sample, Samples, refuse};
    use crate::format::{decode, encode};

    pub(crate) const EVERYTHING: [u8; 16] = [3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const NOTHING: [u8; 16] = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[rustfmt::skip]
    const POINTS_1: [u8; 40] = [
        1, 0, 0, 0, 1, 0, 0, 0,                         // points, version 1
        0, 0, 0, 0, 24, 0, 0, 0,                        // 24 bytes follow
        2, 0, 0, 0, 2, 0, 0, 0,                         // rank 2, two points
        1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, // (1, 2), (3, 4)
    ];
    #[rustfmt::skip]
    const POINTS_2: [u8; 19] = [
        1, 0, 0, 0, 2, 0, 0, 0,                         // points, version 2
        2, 1, 0, 0, 0, 2, 0,                            // of 2 bytes, rank 1, two points
        7, 0, 0, 1,                                     // 7, 256
    ];
    #[rustfmt::skip]
    pub(crate) const SLABS_1: [u8; 40] = [
        2, 0, 0, 0, 1, 0, 0, 0,                         // hyperslabs, version 1
        0, 0, 0, 0, 24, 0, 0, 0,                        // 24 bytes follow
        2, 0, 0, 0, 1, 0, 0, 0,                         // rank 2, one block
        0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, // from (0, 1) to (4, 1)
    ];
    #[rustfmt::skip]
    const SLABS_2: [u8; 49] = [
        2, 0, 0, 0, 2, 0, 0, 0,                         // hyperslabs, version 2
        1, 36, 0, 0, 0,                                 // regular, 36 bytes follow
        1, 0, 0, 0,                                     // rank 1
        2, 0, 0, 0, 0, 0, 0, 0,                         // start 2
        10, 0, 0, 0, 0, 0, 0, 0,                        // stride 10
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // any number of blocks
        5, 0, 0, 0, 0, 0, 0, 0,                         // of 5
    ];
    #[rustfmt::skip]
    const SLABS_2_IRREGULAR: [u8; 41] = [
        2, 0, 0, 0, 2, 0, 0, 0,                         // hyperslabs, version 2
        0, 28, 0, 0, 0,                                 // irregular, 28 bytes follow
        1, 0, 0, 0,                                     // rank 1
        1, 0, 0, 0, 0, 0, 0, 0,                         // one block
        2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, // from 2 to 3
    ];
    #[rustfmt::skip]
    const SLABS_3: [u8; 22] = [
        2, 0, 0, 0, 3, 0, 0, 0,                         // hyperslabs, version 3
        1, 2, 1, 0, 0, 0,                               // regular, of 2 bytes, rank 1
        1, 0, 2, 0, 3, 0, 0xff, 0xff,                   // start, stride, count; unlimited block
    ];
    #[rustfmt::skip]
    const SLABS_3_IRREGULAR: [u8; 30] = [
        2, 0, 0, 0, 3, 0, 0, 0,                         // hyperslabs, version 3
        0, 4, 1, 0, 0, 0,                               // irregular, of 4 bytes, rank 1
        1, 0, 0, 0,                                     // one block
        2, 0, 0, 0, 3, 0, 0, 0,                         // from 2 to 3
        0, 0, 0, 0,
    ];

    impl Samples for SelectionInfo {
        fn samples() -> Vec<Sample<Self>> {
            let mut old = SLABS_2.to_vec();
            old[9] = 4;
            vec![
                Sample::plain("none", (), NOTHING.to_vec()),
                Sample::plain("all", (), EVERYTHING.to_vec()),
                Sample::plain("points 1", (), POINTS_1.to_vec()),
                Sample::plain("points 2", (), POINTS_2.to_vec()),
                Sample::plain("hyperslabs 1", (), SLABS_1.to_vec()),
                Sample::plain("hyperslabs 2", (), SLABS_2.to_vec()),
                Sample::plain("hyperslabs 2 of libhdf5 1.10.0", (), old),
                Sample::plain("hyperslabs 2 irregular", (), SLABS_2_IRREGULAR.to_vec()),
                Sample::plain("hyperslabs 3", (), SLABS_3.to_vec()),
                Sample::plain("hyperslabs 3 irregular", (), SLABS_3_IRREGULAR[..26].to_vec()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let refused = |bytes: &[u8], changes: &[_]| refuse::<SelectionInfo>(bytes.to_vec(), (), changes);
        refused(&NOTHING, &[(0, 4, "selection type is 4"), (4, 2, "version 2 (known up to 1)")]);
        refused(&POINTS_1, &[(4, 3, "version 3 (known up to 2)"), (16, 0, "rank of a selection is 0")]);
        refused(&POINTS_2, &[(8, 6, "width of numbers in a selection is 6"), (13, 3, "truncated")]);
        refused(&SLABS_1, &[(4, 4, "version 4 (known up to 3)"), (7, 1, "version 16777217")]);
        refused(&SLABS_1, &[(16, 33, "rank of a selection is 33"), (24, 5, "it lies behind the last one")]);
        refused(&SLABS_2, &[(8, 3, "flags is 3"), (25, 0, "stride of a hyperslab is 0")]);
    }

    #[test]
    fn unlimited_is_not_a_number_at_any_width() {
        let read = |bytes: &[u8]| decode::<SelectionInfo>(bytes, 0, &(), &Budget::default()).unwrap();
        let axis = RegularAxis { start: 2, stride: 10, count: None, block: Some(5) };
        assert_eq!(read(&SLABS_2), SelectionInfo::regular(vec![axis]));
        let axes = vec![RegularAxis { start: 1, stride: 2, count: Some(3), block: None }];
        assert_eq!(read(&SLABS_3), SelectionInfo::Regular { encoding: Encoding::new(3, 2), axes });
        let axis = RegularAxis { count: Some(0xffff), ..axis };
        let narrow = SelectionInfo::Regular { encoding: Encoding::new(3, 2), axes: vec![axis] };
        assert!(encode(&narrow, &()).is_err());
    }

    #[test]
    fn the_oldest_version_that_fits_is_chosen() {
        let bytes = encode(&SelectionInfo::points(2, vec![1, 2, 3, 4]), &()).unwrap();
        assert_eq!(bytes, POINTS_1);
        let bytes = encode(&SelectionInfo::blocks(2, vec![0, 1, 4, 1]), &()).unwrap();
        assert_eq!(bytes, SLABS_1);
        for wide in [SelectionInfo::points(1, vec![1 << 32]), SelectionInfo::blocks(1, vec![0, 1 << 32])] {
            let bytes = encode(&wide, &()).unwrap();
            assert_eq!(decode::<SelectionInfo>(&bytes, 0, &(), &Budget::default()).unwrap(), wide);
        }
        assert!(encode(&SelectionInfo::points(2, vec![1, 2, 3]), &()).is_err());
    }
}
