//! The dataspace message: the shape of a dataset or an attribute.
//!
//! Specification 4.0, IV.A.2.b.
//!
//! ```text
//! version 1                               version 2
//!  0  1  version                           0  1  version
//!  1  1  rank                              1  1  rank
//!  2  1  flags                             2  1  flags
//!  3  5  reserved                          3  1  class: 0 scalar, 1 simple, 2 null
//!  8  .  sizes, rank times L               4  .  sizes, rank times L
//!  .  .  maximum sizes, if flags bit 0     .  .  maximum sizes, if flags bit 0
//!  .  .  permutation, if flags bit 1
//! ```
//!
//! In version 1 a rank of 0 stands for a scalar. A maximum of all ones is "unlimited". The permutation was never
//! implemented; it is kept and otherwise ignored, as libhdf5 does. Reads and writes versions 1 and 2.

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

/// The highest rank that the format allows.
pub(crate) const MAX_RANK: u8 = 32;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dataspace {
    pub(crate) version: u8,
    pub(crate) extent: Extent,
    pub(crate) permutation: Vec<u64>,
}

impl Dataspace {
    /// A dataspace in version `least`, or in the first one that can hold it.
    pub(crate) fn new(extent: Extent, least: u8) -> Self {
        let version = if extent == Extent::Null { least.max(2) } else { least };
        Dataspace { version, extent, permutation: Vec::new() }
    }
}

/// The shape itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Null,
    Scalar,
    Simple {
        shape: Vec<u64>,
        /// `None` in it is "unlimited"; where it is absent, it is the shape.
        maximum: Option<Vec<Option<u64>>>,
    },
}

impl Extent {
    /// The sizes; a scalar has none. A null dataspace has no shape, and none is made up for it.
    pub(crate) fn shape(&self) -> Option<&[u64]> {
        match self {
            Extent::Null => None,
            Extent::Scalar => Some(&[]),
            Extent::Simple { shape, .. } => Some(shape),
        }
    }

    /// How far each axis may grow.
    pub(crate) fn maximum(&self) -> Vec<Option<u64>> {
        match self {
            Extent::Null | Extent::Scalar => Vec::new(),
            Extent::Simple { maximum: Some(maximum), .. } => maximum.clone(),
            Extent::Simple { shape, maximum: None } => shape.iter().copied().map(Some).collect(),
        }
    }

    /// The same with its maximum spelled out, as datasets have it: libhdf5 lets axes grow without end where it is absent,
    /// and takes what is left for the maximum where it has cut some.
    pub(crate) fn with_maximum(&self) -> Extent {
        match self {
            Extent::Simple { shape, .. } => {
                Extent::Simple { shape: shape.clone(), maximum: Some(self.maximum()) }
            }
            other => other.clone(),
        }
    }
}

const HAS_MAXIMUM: u8 = 1;
const HAS_PERMUTATION: u8 = 2;

impl Wire for Dataspace {
    const STRUCTURE: Structure = Structure::Dataspace;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let version = r.version(1..=2)?;
        let rank = r.u8()?;
        if rank > MAX_RANK {
            return Err(r.bad("rank", rank, "at most 32"));
        }
        let flags = r.flags(if version == 1 { HAS_MAXIMUM | HAS_PERMUTATION } else { HAS_MAXIMUM })?;
        let class = if version == 1 { u8::from(rank > 0) } else { r.u8()? };
        r.skip_padding(if version == 1 { 5 } else { 0 }, "reserved")?;
        let count = r.count(u64::from(rank), sizes.len())?;
        let shape = (0..count).map(|_| r.length(*sizes)).collect::<Result<Vec<_>>>()?;
        let maximum = match flags & HAS_MAXIMUM {
            0 => None,
            _ => Some((0..count).map(|_| r.limited_length(*sizes)).collect::<Result<Vec<_>>>()?),
        };
        let permuted = if flags & HAS_PERMUTATION == 0 { 0 } else { count };
        let permutation = (0..permuted).map(|_| r.length(*sizes)).collect::<Result<_>>()?;
        let extent = match (class, rank) {
            (0, 0) => Extent::Scalar,
            (1, _) => Extent::Simple { shape, maximum },
            (2, 0) => Extent::Null,
            _ => return Err(r.bad("dataspace class", class, "no such class of this rank")),
        };
        check_maximum(&extent, r)?;
        Ok(Dataspace { version, extent, permutation })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let head = if self.version == 1 { 8 } else { 4 };
        let lengths = match &self.extent {
            Extent::Null | Extent::Scalar => 0,
            Extent::Simple { shape, maximum: None } => shape.len() + self.permutation.len(),
            Extent::Simple { shape, maximum: Some(_) } => 2 * shape.len() + self.permutation.len(),
        };
        Ok(head + lengths * sizes.len())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        let (class, shape, maximum) = match &self.extent {
            Extent::Scalar => (0, &[][..], None),
            Extent::Simple { shape, maximum } => (1, &shape[..], maximum.as_ref()),
            Extent::Null => (2, &[][..], None),
        };
        w.u8(self.version);
        w.size(shape.len(), 1, "rank")?;
        let permuted = if self.permutation.is_empty() { 0 } else { HAS_PERMUTATION };
        w.u8(if maximum.is_some() { HAS_MAXIMUM } else { 0 } | permuted);
        match self.version {
            1 => w.fill(5, 0),
            _ => w.u8(class),
        }
        for &size in shape {
            w.length(size, *sizes, "dimension size")?;
        }
        for &size in maximum.into_iter().flatten() {
            w.limited_length(size, *sizes, "maximum dimension size")?;
        }
        for &axis in &self.permutation {
            w.length(axis, *sizes, "permutation index")?;
        }
        Ok(())
    }
}

fn check_maximum(extent: &Extent, r: &Reader<'_>) -> Result<()> {
    let Extent::Simple { shape, maximum: Some(maximum) } = extent else { return Ok(()) };
    for (&size, &most) in shape.iter().zip(maximum) {
        if most.is_some_and(|most| size > most) {
            return Err(r.bad("dimension size", size, "over its maximum"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    #[rustfmt::skip]
    const VERSION_1: [u8; 24] = [
        1, 2, 1, 0, 0, 0, 0, 0,                     // version, rank, maximum sizes follow
        3, 0, 0, 0, 5, 0, 0, 0,                     // 3 x 5
        3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,         // 3 x unlimited
    ];
    const SCALAR_1: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 0];
    #[rustfmt::skip]
    const VERSION_2: [u8; 12] = [
        2, 1, 0, 1,                                 // version, rank, flags, simple
        7, 0, 0, 0, 0, 0, 0, 0,                     // 7
    ];
    const NULL_2: [u8; 4] = [2, 0, 0, 2];

    impl Samples for Dataspace {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("version 1", NARROW, VERSION_1.to_vec()),
                Sample::plain("version 1 scalar", NARROW, SCALAR_1.to_vec()),
                Sample::plain("version 2", Sizes::EIGHT, VERSION_2.to_vec()),
                Sample::plain("version 2 null", Sizes::EIGHT, NULL_2.to_vec()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 3, "version 3 (known up to 2)"),
            (1, 33, "rank is 33"),
            (2, 4, "flags is 4"),
            (8, 9, "dimension size is 9: over its maximum"),
        ];
        refuse::<Dataspace>(VERSION_1.to_vec(), NARROW, &changes);
        refuse::<Dataspace>(NULL_2.to_vec(), Sizes::EIGHT, &[(3, 3, "dataspace class is 3")]);
    }

    #[test]
    fn null_is_not_scalar_and_unlimited_is_not_a_number() {
        let budget = Default::default();
        let null: Dataspace = crate::format::decode(&NULL_2, 0, &Sizes::EIGHT, &budget).unwrap();
        assert_eq!(null.extent.shape(), None);
        assert_eq!([1, 2].map(|least| Dataspace::new(Extent::Null, least).version), [2, 2]);
        assert_eq!([1, 2].map(|least| Dataspace::new(Extent::Scalar, least).version), [1, 2]);
        let old: Dataspace = crate::format::decode(&VERSION_1, 0, &NARROW, &budget).unwrap();
        assert_eq!(old.extent.maximum(), [Some(3), None]);
    }
}
