//! Elements one by one, for those who print no DDL.

use std::cell::Cell;

use h5::{Container, Group};

use super::names::Names;
use super::value::{Part, Values};

/// The elements of an attribute or a small dataset, each as h5dump prints it.
pub(crate) fn elements_as_text(root: &Group, container: &Container) -> h5::Result<Vec<Vec<u8>>> {
    let datatype = container.dtype()?;
    let part = Part::new(datatype.stored());
    let stored = container.read_bytes(..)?;
    let names = Names::new(Vec::new(), root.clone());
    let behind_array = Cell::new(false);
    let values =
        Values { stored: &stored, names: &names, escape: true, format: None, behind_array: &behind_array };
    let elements = stored.chunks_exact(part.size.max(1)).map(|element| {
        let mut text = Vec::new();
        values.write(&mut text, &part.form, element, 0).map(|()| text)
    });
    elements.collect()
}
