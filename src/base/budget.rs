//! The limits on what a file may make us do, checked before anything is allocated.

use super::{Error, Plain, Result};

/// How much memory, depth and work one file may cost.
///
/// A count in a file is checked against these before memory is taken for it. The defaults suit trusted and
/// untrusted files of ordinary size; set smaller ones with [`FileOptions::limits`](crate::FileOptions::limits).
///
/// ```
/// let limits = h5::Limits { memory: 1 << 20, ..h5::Limits::default() };
/// let small = h5::File::options().limits(limits);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that one request may allocate for values, or for the decoded form of one chunk.
    pub memory: u64,
    /// Bytes of one metadata structure.
    pub metadata: u64,
    /// Entries of one list in the file: links, attributes, messages of an object.
    pub items: u64,
    /// Depth of nesting: datatypes in datatypes, nodes below nodes, links to links.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: 16 << 30, metadata: 256 << 20, items: 64 << 20, depth: 64 }
    }
}

/// Holds the limits of one open file and says no when a number would pass them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    limits: Limits,
}

impl Budget {
    /// Makes a budget of these limits.
    pub(crate) fn new(limits: Limits) -> Self {
        Budget { limits }
    }

    /// Returns the limits.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Allows `bytes` for one metadata structure.
    pub(crate) fn metadata(&self, bytes: u64) -> Result<()> {
        check("a metadata structure", bytes, self.limits.metadata)
    }

    /// Allows the `count`th entry of a list.
    pub(crate) fn items(&self, count: u64) -> Result<()> {
        check("a list in the file", count, self.limits.items)
    }

    /// Allows nesting of this depth.
    pub(crate) fn depth(&self, depth: u32) -> Result<()> {
        check("the depth of nesting", u64::from(depth), u64::from(self.limits.depth))
    }

    /// Returns `len` zeros for values, if the budget and the machine have room for them.
    pub(crate) fn zeroed<T: Plain>(&self, len: u64) -> Result<Vec<T>> {
        self.values(len, size_of::<T>())?;
        super::zeroed(super::to_usize(len)?)
    }

    /// Allows memory for `len` values of `size` bytes.
    pub(crate) fn values(&self, len: u64, size: usize) -> Result<()> {
        check("memory for values", super::byte_count(len, size)?, self.limits.memory)
    }
}

fn check(what: &'static str, needed: u64, limit: u64) -> Result<()> {
    if needed > limit { Err(Error::limit(what, needed, limit)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_a_limit_is_refused_with_its_numbers() {
        let budget = Budget::new(Limits { memory: 64, metadata: 10, items: 3, depth: 2 });
        assert_eq!(budget.zeroed::<u8>(64).unwrap().len(), 64);
        assert!(budget.zeroed::<u64>(9).is_err());
        assert!(budget.metadata(10).is_ok() && budget.items(3).is_ok() && budget.depth(2).is_ok());
        let error = budget.metadata(11).unwrap_err();
        assert_eq!(error.to_string(), "limit reached: a metadata structure needs 11, allowed are 10");
        assert!(budget.items(4).is_err() && budget.depth(3).is_err());
    }
}
