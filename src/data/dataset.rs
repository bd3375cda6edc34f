//! What a dataset's header says about its data.

use crate::base::{Address, Error, Misuse, Result, Structure, byte_count, element_count, to_usize};
use crate::engine::{Core, Header};
use crate::format::datatype::Datatype;
use crate::format::message::MessageType;
use crate::format::message::dataspace::{Dataspace, Extent};
use crate::format::message::fill_value::{Fill, FillValue, FillValueOld, NEVER};
use crate::format::message::filter_pipeline::FilterPipeline;
use crate::format::message::layout::{Chunked, Layout, Storage};

use super::fill::Pattern;

/// The messages that matter for a dataset's data, decoded.
#[derive(Clone, Debug)]
pub(crate) struct DatasetInfo {
    pub(crate) address: Address,
    pub(crate) datatype: Datatype,
    pub(crate) extent: Extent,
    pub(crate) layout: Layout,
    pub(crate) fill: FillValue,
    pub(crate) filters: Option<FilterPipeline>,
    /// The data lies in other files.
    pub(crate) is_external: bool,
}

impl DatasetInfo {
    pub(crate) fn load(core: &Core, header: &Header) -> Result<Self> {
        if !header.has(MessageType::LAYOUT) {
            let error =
                Error::from(Misuse::WrongKind { expected: "dataset", found: "object of another kind" });
            return Err(error.at(Structure::ObjectHeader, core.offset(header.address)?));
        }
        let info = DatasetInfo {
            address: header.address,
            datatype: header.required(core)?,
            extent: header.required::<Dataspace>(core)?.extent,
            layout: header.required(core)?,
            fill: fill_value(core, header)?,
            filters: header.message(core)?,
            is_external: header.has(MessageType::EXTERNAL_FILES),
        };
        info.check(core)?;
        Ok(info)
    }

    fn check(&self, core: &Core) -> Result<()> {
        let at = |error: Error| match core.offset(self.address) {
            Ok(offset) => error.at(Structure::ObjectHeader, offset),
            Err(error) => error,
        };
        let rank = self.extent.shape().map_or(0, <[u64]>::len);
        let Storage::Chunked(chunked) = &self.layout.storage else { return Ok(()) };
        if chunked.shape.len() != rank {
            let value = chunked.shape.len() as u64;
            return Err(at(Error::field("rank of the chunks", value, "not that of the dataspace")));
        }
        if chunked.element_size != u64::from(self.datatype.size) {
            let rule = "not the size of the datatype";
            return Err(at(Error::field("element size of the chunks", chunked.element_size, rule)));
        }
        Ok(())
    }

    /// Bytes of one element.
    pub(crate) fn element_size(&self) -> Result<usize> {
        to_usize(u64::from(self.datatype.size))
    }

    /// The shape; a null dataspace counts as having no elements along one axis.
    pub(crate) fn shape(&self) -> &[u64] {
        self.extent.shape().unwrap_or(&[0])
    }

    /// Bytes of all elements.
    pub(crate) fn bytes(&self) -> Result<u64> {
        byte_count(element_count(self.shape())?, self.element_size()?)
    }

    /// The chunked storage, where the layout is that.
    pub(crate) fn chunked(&self) -> Option<&Chunked> {
        match &self.layout.storage {
            Storage::Chunked(chunked) => Some(chunked),
            _ => None,
        }
    }

    /// Whether chunks go through filters.
    pub(crate) fn is_filtered(&self) -> bool {
        self.filters.as_ref().is_some_and(|pipeline| !pipeline.filters.is_empty())
    }

    /// What elements have that were never written.
    ///
    /// Where the fill value is never to be written, libhdf5 does not show it either and leaves what was in memory; here
    /// that is zeros.
    pub(crate) fn pattern(&self) -> Result<Pattern> {
        let size = self.element_size()?;
        if self.fill.write_time == NEVER {
            return Ok(Pattern::zeros(size));
        }
        match &self.fill.value {
            Fill::User(value) if value.len() == size => Ok(Pattern::new(value.clone())),
            Fill::User(value) if !value.is_empty() => {
                let len = value.len() as u64;
                Err(Error::field("size of the fill value", len, "not the size of the datatype")
                    .within(Structure::FillValue))
            }
            _ => Ok(Pattern::zeros(size)),
        }
    }
}

/// The new message counts where there are both. Releases before 1.6 wrote only the old one, and none where nobody had set
/// a value: what was never written is undefined then, as it is to libhdf5, and the layout tells when space is allocated.
fn fill_value(core: &Core, header: &Header) -> Result<FillValue> {
    if let Some(fill) = header.message::<FillValue>(core)? {
        return Ok(fill);
    }
    let value = match header.message::<FillValueOld>(core)? {
        Some(old) if !old.0.is_empty() => Fill::User(old.0),
        _ => Fill::Undefined,
    };
    Ok(FillValue { version: 2, allocation_time: 0, write_time: 2, value })
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::super::create::{ChunkRequest, NewDataset, Origin, create_dataset};
    use super::*;
    use crate::engine::CreateOptions;
    use crate::format::datatype::Order;
    use crate::format::message::fill_value::IF_SET;
    use crate::storage::MemoryStorage;

    /// A new dataset of ten 4-byte integers in chunks of eight.
    pub(in crate::data) fn chunked() -> (Core, Arc<Header>) {
        let mut core = Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
        let new = NewDataset {
            datatype: Datatype::integer(4, true, Order::Little),
            committed: None,
            extent: Extent::Simple { shape: vec![10], maximum: None },
            chunk: ChunkRequest::Shape(vec![8]),
            filters: Vec::new(),
            fill: Some(vec![7, 0, 0, 0]),
            compact: false,
            origin: Origin::Own,
            allocation_time: None,
            fill_time: IF_SET,
            whole_chunks_only: false,
            attributes: crate::engine::AttributeRules::default(),
        };
        let address = create_dataset(&mut core, None, &new).unwrap();
        let header = Header::load(&core, address).unwrap();
        (core, header)
    }

    #[test]
    fn a_fill_value_that_is_never_written_is_not_shown() {
        let (core, header) = chunked();
        let mut info = DatasetInfo::load(&core, &header).unwrap();
        assert_eq!(info.pattern().unwrap().element(), [7, 0, 0, 0]);
        info.fill.write_time = NEVER;
        assert_eq!(info.pattern().unwrap(), Pattern::zeros(4));
    }

    #[test]
    fn without_a_fill_value_message_what_was_never_written_is_undefined() {
        let (core, header) = chunked();
        let mut old = Header::clone(&header);
        old.messages.retain(|message| message.kind != MessageType::FILL_VALUE);
        assert_eq!(old.messages.len() + 1, header.messages.len());
        let info = DatasetInfo::load(&core, &old).unwrap();
        assert!(matches!(info.fill.value, Fill::Undefined));
        assert!(info.pattern().unwrap().is_zero());
    }

    #[test]
    fn chunks_of_elements_of_another_size_are_refused() {
        let (core, header) = chunked();
        let mut info = DatasetInfo::load(&core, &header).unwrap();
        let Storage::Chunked(chunked) = &mut info.layout.storage else { panic!("it is chunked") };
        chunked.element_size = 8;
        let error = info.check(&core).unwrap_err().to_string();
        assert!(error.contains("element size of the chunks is 8: not the size of the datatype"), "{error}");
    }
}
