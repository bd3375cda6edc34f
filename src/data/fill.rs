//! The bytes of elements that were never written.

/// One element's fill value, repeated wherever it is needed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    element: Vec<u8>,
    is_zero: bool,
}

impl Pattern {
    pub(crate) fn new(element: Vec<u8>) -> Self {
        let is_zero = element.iter().all(|&byte| byte == 0);
        Pattern { element, is_zero }
    }

    pub(crate) fn zeros(size: usize) -> Self {
        Pattern { element: vec![0; size], is_zero: true }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.is_zero
    }

    pub(crate) fn element(&self) -> &[u8] {
        &self.element
    }

    /// Fills a whole number of elements.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        if self.is_zero {
            return bytes.fill(0);
        }
        bytes.chunks_exact_mut(self.element.len().max(1)).for_each(|to| to.copy_from_slice(&self.element));
    }
}
