//! Chunks in a version 2 B-tree: what datasets with several unlimited axes have.

use std::cmp::Ordering;

use crate::base::{Address, Error, Result};
use crate::engine::{BTree2, BTree2Edit, Core};
use crate::format;
use crate::format::btree_v2_record::{ChunkRecord as Record, ChunkRecordContext, RecordType};
use crate::format::chunk_element::ElementContext;
use crate::format::message::layout::Chunked;

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::elements::ElementForm;
use super::index::{ChunkIndex, ChunkRecord, Visit, not_created};

/// The tree below a header.
pub(super) struct ChunkBTree2 {
    header: Option<Address>,
    record_type: RecordType,
    cx: ChunkRecordContext,
    form: ElementForm,
}

impl ChunkBTree2 {
    pub(super) fn open(
        core: &Core,
        info: &DatasetInfo,
        grid: &Grid,
        header: Option<Address>,
    ) -> Result<Self> {
        let form = ElementForm::new(core, info, grid);
        let rank = u8::try_from(grid.rank()).map_err(|_| Error::malformed("a rank over 255"))?;
        let element = ElementContext { sizes: core.sizes(), size_width: form.size_width };
        let record_type =
            if form.size_width.is_some() { RecordType::ChunkFiltered } else { RecordType::Chunk };
        Ok(ChunkBTree2 { header, record_type, cx: ChunkRecordContext { element, rank }, form })
    }

    /// Compares records of the tree with coordinates.
    fn order<'c>(
        cx: ChunkRecordContext,
        offset: u64,
        scaled: &'c [u64],
    ) -> impl Fn(&Core, &[u8]) -> Result<Ordering> + 'c {
        move |core, bytes| {
            let record: Record = format::decode(bytes, offset, &cx, &core.budget)?;
            Ok(record.scaled.as_slice().cmp(scaled))
        }
    }

    fn edit<'c>(&self, core: &'c mut Core) -> Result<(BTree2Edit<'c>, u64)> {
        let header = self.header.ok_or_else(not_created)?;
        let offset = core.offset(header)?;
        Ok((BTree2Edit::open(core, header, self.record_type)?, offset))
    }
}

impl ChunkIndex for ChunkBTree2 {
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let Some(header) = self.header else { return Ok(None) };
        let tree = BTree2::open(core, header, self.record_type)?;
        let order = Self::order(self.cx, core.offset(header)?, scaled);
        let Some(found) = tree.find(|record| order(core, record))? else { return Ok(None) };
        Ok(self.form.record(tree.decode::<Record>(&found, &self.cx)?.chunk))
    }

    fn create(&mut self, core: &mut Core) -> Result<()> {
        if self.header.is_none() {
            let len = self.cx.len() as u64;
            let size = u16::try_from(len).map_err(|_| Error::limit("a record of a B-tree", len, 0xffff))?;
            self.header = Some(BTree2Edit::create(core, self.record_type, size)?);
        }
        Ok(())
    }

    fn insert(&mut self, core: &mut Core, scaled: &[u64], record: &ChunkRecord) -> Result<()> {
        self.create(core)?;
        let chunk = self.form.element(record);
        let record = format::encode(&Record { chunk, scaled: scaled.to_vec() }, &self.cx)?;
        let (edit, offset) = self.edit(core)?;
        let order = Self::order(self.cx, offset, scaled);
        if !edit.insert(&record, &order)? {
            self.edit(core)?.0.update(&record, &order)?;
        }
        Ok(())
    }

    fn remove(&mut self, core: &mut Core, scaled: &[u64]) -> Result<()> {
        if self.header.is_none() {
            return Ok(());
        }
        let (edit, offset) = self.edit(core)?;
        edit.remove(&Self::order(self.cx, offset, scaled)).map(drop)
    }

    fn visit(&self, core: &Core, f: &mut Visit<'_>) -> Result<()> {
        let Some(header) = self.header else { return Ok(()) };
        let tree = BTree2::open(core, header, self.record_type)?;
        tree.visit(|record| {
            let Record { chunk, scaled } = tree.decode(record, &self.cx)?;
            self.form.record(chunk).map_or(Ok(()), |record| f(scaled, record))
        })
    }

    fn delete(&mut self, core: &mut Core) -> Result<()> {
        match self.header.take() {
            Some(header) => BTree2Edit::delete(core, header, self.record_type),
            None => Ok(()),
        }
    }

    fn describe(&self, layout: &mut Chunked) {
        layout.address = self.header;
    }
}
