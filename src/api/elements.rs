//! Elements on their way between a file and Rust values: what implementations of `H5Type` work with.

use std::borrow::Cow;
use std::sync::Arc;

use super::H5Type;
use crate::base::{Budget, Error, Misuse, Plain, Result, Structure, as_bytes, as_bytes_mut, byte_count};
use crate::convert::{Plan, describe};
use crate::data::{Gathered, Heap, Reading, read};
use crate::engine::Core;
use crate::format::datatype::Datatype;
use crate::format::global_heap::VariableLength;
use crate::format::{self, Wire as _};
use crate::select::Selected;

/// Selected elements of a dataset or all of an attribute, to be made values of.
pub struct Source<'a> {
    pub(super) core: &'a Core,
    pub(super) datatype: &'a Datatype,
    pub(super) count: u64,
    pub(super) place: Place<'a>,
    /// What the elements name, where that is not in the file.
    pub(super) gathered: Option<Arc<Gathered>>,
}

/// Where the elements are.
pub(super) enum Place<'a> {
    Dataset { reading: Reading<'a>, selected: &'a Selected<'a> },
    Bytes(&'a [u8]),
}

impl Source<'_> {
    /// Returns the type of the elements in the file.
    pub(crate) fn datatype(&self) -> &Datatype {
        self.datatype
    }

    /// Says that the elements cannot be values of such a type.
    pub(crate) fn no_conversion(&self, to: impl Into<String>) -> Error {
        Misuse::Conversion { from: describe(self.datatype), to: to.into() }.into()
    }

    /// Returns the elements as numbers of the type that `to` describes.
    pub(crate) fn plain<T: Plain>(&self, to: &Datatype) -> Result<Vec<T>> {
        let plan = Plan::new(self.datatype, to)?;
        let mut values = self.budget().zeroed::<T>(self.count)?;
        self.fill(&plan, Some(to), as_bytes_mut(&mut values))?;
        Ok(values)
    }

    /// Fills `values` with the elements as numbers of the type that `to` describes.
    pub(crate) fn plain_into<T: Plain>(&self, to: &Datatype, values: &mut [T]) -> Result<()> {
        let bytes = as_bytes_mut(values);
        // Selections that leave elements out rely on what is there being zero.
        bytes.fill(0);
        self.fill(&Plan::new(self.datatype, to)?, Some(to), bytes)
    }

    /// Returns the elements as they are in the file.
    pub(crate) fn raw(&self) -> Result<Vec<u8>> {
        let size = crate::base::to_usize(u64::from(self.datatype.size))?;
        let mut bytes = self.budget().zeroed::<u8>(byte_count(self.count, size)?)?;
        self.fill(&Plan::identity(size), None, &mut bytes)?;
        Ok(bytes)
    }

    /// Elements of another type that were taken out of these.
    pub(super) fn of_parts<'s>(
        &'s self,
        datatype: &'s Datatype,
        count: u64,
        bytes: &'s [u8],
    ) -> Result<Source<'s>> {
        let size = crate::base::to_usize(u64::from(datatype.size))?;
        if byte_count(count, size)? != bytes.len() as u64 {
            let len = bytes.len();
            return Err(Error::malformed(format!("{len} bytes are not {count} elements of {size}")));
        }
        let gathered = self.gathered.clone();
        Ok(Source { core: self.core, datatype, count, place: Place::Bytes(bytes), gathered })
    }

    /// Calls `f` with the bytes that a variable-length element stands for, and how many elements of its own it has.
    pub(crate) fn follow<T>(&self, element: &[u8], f: impl FnOnce(u32, &[u8]) -> Result<T>) -> Result<T> {
        Heap { core: self.core, gathered: self.gathered.as_deref() }.follow(element, f)
    }

    fn budget(&self) -> &Budget {
        &self.core.budget
    }

    fn fill(&self, plan: &Plan, target: Option<&Datatype>, out: &mut [u8]) -> Result<()> {
        match self.place {
            Place::Dataset { reading, selected } => {
                let reading = reading.with_target(target).gathering(self.gathered.as_deref());
                read(reading, selected, plan, out)
            }
            Place::Bytes(bytes) => {
                if bytes.len() / plan.source_size().max(1) != out.len() / plan.target_size().max(1) {
                    let error = Error::malformed("the data has not as many elements as its dataspace");
                    return Err(error.within(Structure::Attribute));
                }
                plan.run(bytes, out);
                Ok(())
            }
        }
    }
}

/// The file that values are encoded for, and the type that they are to have there.
pub struct Target<'a> {
    pub(super) core: &'a mut Core,
    pub(super) datatype: &'a Datatype,
    /// Takes what the elements name, where they are for other files than this one.
    pub(super) gathered: Option<&'a Gathered>,
}

impl Target<'_> {
    /// Returns the type that the elements are to have in the file.
    pub(crate) fn datatype(&self) -> &Datatype {
        self.datatype
    }

    /// The same file for elements of another type.
    pub(super) fn for_parts<'s>(&'s mut self, datatype: &'s Datatype) -> Target<'s> {
        Target { core: self.core, datatype, gathered: self.gathered }
    }

    /// Says that values of such a type cannot be the elements.
    pub(crate) fn no_conversion(&self, from: impl Into<String>) -> Error {
        Misuse::Conversion { from: from.into(), to: describe(self.datatype) }.into()
    }

    /// Encodes values, each in the bytes of an element.
    pub(super) fn encode<'v, T: H5Type>(&mut self, values: &'v [T]) -> Result<Cow<'v, [u8]>> {
        let bytes = T::store(values, self)?;
        let size = crate::base::to_usize(u64::from(self.datatype.size))?;
        if byte_count(values.len() as u64, size)? != bytes.len() as u64 {
            let (count, size, len) = (values.len(), self.datatype.size, bytes.len());
            let what = format!("{count} elements of {size} bytes would take {len} bytes");
            return Err(Error::malformed(what).within(Structure::Datatype));
        }
        Ok(bytes)
    }

    /// Encodes numbers of the type that `from` describes.
    pub(crate) fn plain<'v, T: Plain>(&self, values: &'v [T], from: &Datatype) -> Result<Cow<'v, [u8]>> {
        let plan = Plan::new(from, self.datatype)?;
        let bytes = as_bytes(values);
        if plan.is_identity() {
            return Ok(Cow::Borrowed(bytes));
        }
        let len = byte_count(values.len() as u64, plan.target_size())?;
        let mut out = self.core.budget.zeroed::<u8>(len)?;
        plan.run(bytes, &mut out);
        Ok(Cow::Owned(out))
    }

    /// Stores bytes in a global heap and appends the variable-length element that stands for them.
    pub(crate) fn store(&mut self, count: u32, bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let id = match self.gathered {
            Some(gathered) => gathered.insert(bytes.to_vec(), &self.core.budget)?,
            None => self.core.insert_heap_object(bytes)?,
        };
        let element = VariableLength { count, id };
        let sizes = self.core.sizes();
        debug_assert_eq!(element.encoded_len(&sizes)?, VariableLength::len(sizes));
        out.extend_from_slice(&format::encode(&element, &sizes)?);
        Ok(())
    }
}
