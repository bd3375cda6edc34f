//! The file space info message of the superblock extension: how free space is managed.
//!
//! Specification 4.0, IV.A.2.x.
//!
//! ```text
//! version 0 (1.10.0 only)                    version 1
//!  0  1  version                              0  1  version
//!  1  1  strategy, 1 to 4                     1  1  strategy: 0 managers and aggregators, 1 pages,
//!  2  L  threshold                                  2 aggregators, 3 none
//!  .  .  6 addresses (O) of managers,         2  1  whether free space persists
//!        if the strategy is 1                 3  L  threshold
//!                                             .  L  page size
//!                                             .  2  page-end metadata threshold
//!                                             .  O  end of allocation before the managers themselves
//!                                             .  .  12 addresses (O) of managers, if free space persists
//! ```
//!
//! Reads both, writes them as they were read.

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FileSpaceInfo {
    /// As stored; `strategy()` tells what it means.
    pub(crate) strategy: u8,
    pub(crate) threshold: u64,
    /// Only version 1 has it.
    pub(crate) paging: Option<Paging>,
    /// None where free space does not persist.
    pub(crate) managers: Vec<Option<Address>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Paging {
    pub(crate) page_size: u64,
    pub(crate) page_end_threshold: u16,
    pub(crate) end_of_allocation: Option<Address>,
}

/// What a file does with space that is not in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    ManagersAndAggregators,
    Pages,
    Aggregators,
    None,
}

const PERSIST_0: u8 = 1;

impl FileSpaceInfo {
    pub(crate) fn strategy(&self) -> Strategy {
        // The old message counts them from 1 and has persisting managers as one of its own.
        match (self.paging.is_some(), self.strategy) {
            (true, 0) | (false, 1 | 2) => Strategy::ManagersAndAggregators,
            (true, 1) => Strategy::Pages,
            (true, 2) | (false, 3) => Strategy::Aggregators,
            _ => Strategy::None,
        }
    }
}

impl Wire for FileSpaceInfo {
    const STRUCTURE: Structure = Structure::FileSpaceInfo;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let version = r.version(0..=1)?;
        let at = r.clone();
        let strategy = r.u8()?;
        let known = if version == 0 { 1..=4 } else { 0..=3 };
        if !known.contains(&strategy) {
            return Err(at.bad("file space strategy", strategy, "no such strategy"));
        }
        let persist = if version == 0 { u8::from(strategy == PERSIST_0) } else { r.u8()? };
        if persist > 1 {
            return Err(at.bad("persisting free space", persist, "0 and 1 are known"));
        }
        let threshold = r.length(*sizes)?;
        let paging = match version {
            0 => None,
            _ => Some(Paging {
                page_size: r.length(*sizes)?,
                page_end_threshold: r.u16()?,
                end_of_allocation: r.address(*sizes)?,
            }),
        };
        let count = match (persist, version) {
            (0, _) => 0,
            (_, 0) => 6,
            _ => 12,
        };
        let managers = (0..count).map(|_| r.address(*sizes)).collect::<Result<_>>()?;
        Ok(FileSpaceInfo { strategy, threshold, paging, managers })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let managers = self.managers.len() * sizes.address();
        Ok(match self.paging {
            None => 2 + sizes.len() + managers,
            Some(_) => 5 + 2 * sizes.len() + sizes.address() + managers,
        })
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.u8(u8::from(self.paging.is_some()));
        w.u8(self.strategy);
        if self.paging.is_some() {
            w.u8(u8::from(!self.managers.is_empty()));
        }
        w.length(self.threshold, *sizes, "free-space threshold")?;
        if let Some(paging) = &self.paging {
            w.length(paging.page_size, *sizes, "file space page size")?;
            w.u16(paging.page_end_threshold);
            w.address(paging.end_of_allocation, *sizes)?;
        }
        self.managers.iter().try_for_each(|&manager| w.address(manager, *sizes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 2, length: 2 };

    fn version_0() -> Vec<u8> {
        [&[0, 1, 1, 0][..], &[0xff; 12]].concat()
    }

    #[rustfmt::skip]
    fn version_1() -> Vec<u8> {
        [
            &[1, 1, 1, 1, 0][..],               // version, pages, persistent, threshold 1
            &[0, 16, 0, 0, 0, 32],              // pages of 4096 bytes, no threshold, end at 8192
            &[0xff; 24],                        // twelve managers, none of them there
        ].concat()
    }

    impl Samples for FileSpaceInfo {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("version 0", NARROW, version_0()),
                Sample::plain("version 1", NARROW, version_1()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 2, "version 2"), (1, 4, "strategy is 4"), (2, 2, "persisting free space is 2")];
        refuse::<FileSpaceInfo>(version_1(), NARROW, &changes);
        refuse::<FileSpaceInfo>(version_0(), NARROW, &[(1, 5, "strategy is 5")]);
    }
}
