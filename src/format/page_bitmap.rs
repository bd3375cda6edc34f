//! The bitmap that tells which pages of a paged array have been written.
//!
//! Specification 4.0, VII.C and VII.D ("Page Bitmap"). The highest bit of the first byte belongs to the first page; a
//! page whose bit is clear holds garbage, and its elements are those of chunks that do not exist.

/// One bit per page, as many bytes as the block says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PageBitmap(pub(crate) Vec<u8>);

impl PageBitmap {
    /// A bitmap of `bytes` bytes in which no page is written.
    pub(crate) fn empty(bytes: usize) -> Self {
        PageBitmap(vec![0; bytes])
    }

    /// Tells whether `page` is written; one behind the last is not.
    pub(crate) fn contains(&self, page: u64) -> bool {
        let byte = usize::try_from(page / 8).ok().and_then(|byte| self.0.get(byte));
        byte.is_some_and(|byte| byte & mask(page) != 0)
    }

    /// Marks `page` as written; returns false where the bitmap has no such page.
    pub(crate) fn insert(&mut self, page: u64) -> bool {
        match usize::try_from(page / 8).ok().and_then(|byte| self.0.get_mut(byte)) {
            Some(byte) => {
                *byte |= mask(page);
                true
            }
            None => false,
        }
    }
}

fn mask(page: u64) -> u8 {
    0x80 >> (page % 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_is_the_highest_bit() {
        let mut bitmap = PageBitmap::empty(2);
        assert!(bitmap.insert(0) && bitmap.insert(9));
        assert_eq!(bitmap.0, [0x80, 0x40]);
        assert!(bitmap.contains(0) && bitmap.contains(9));
        assert!(!bitmap.contains(1) && !bitmap.contains(8));
        assert!(!bitmap.insert(16) && !bitmap.contains(16) && !bitmap.contains(u64::MAX));
    }
}
