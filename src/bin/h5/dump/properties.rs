//! How a dataset is stored: layout, filters, fill value, allocation.

use h5::{AllocationTime, Dataset, FillTime, FillValue, FilterInfo, Layout, VirtualSelection};

use super::page::Cursor;
use super::reference::{blocks_text, points_text};
use super::regular::regular;
use super::value::Part;
use super::{Dump, native};
use crate::Failure;

impl Dump {
    /// Writes the properties of a dataset.
    pub(crate) fn properties(&mut self, cursor: &mut Cursor, dataset: &Dataset) -> Result<(), Failure> {
        let is_virtual = dataset.layout() == Layout::Virtual;
        self.open(cursor, "STORAGE_LAYOUT {")?;
        let result = self.layout(cursor, dataset);
        self.tolerate(result)?;
        self.close(cursor)?;
        if !is_virtual {
            self.open(cursor, "FILTERS {")?;
            let filters = dataset.filters();
            if filters.is_empty() {
                self.text(cursor, "NONE")?;
            }
            for filter in filters {
                self.filter(cursor, &filter)?;
            }
            self.close(cursor)?;
        }
        let fill = dataset.fill_info()?;
        self.open(cursor, "FILLVALUE {")?;
        let time = match fill.write_time {
            FillTime::Allocation => "ALLOC",
            FillTime::Never => "NEVER",
            FillTime::IfSet => "IFSET",
        };
        self.text(cursor, &format!("FILL_TIME H5D_FILL_TIME_{time}"))?;
        let value = self.fill_value(cursor, dataset, &fill.value);
        let value = self.tolerate(value)?.unwrap_or_default();
        let style = self.style();
        self.page.line(cursor, &style, &[b"VALUE  ", &value[..]].concat())?;
        self.close(cursor)?;
        if !is_virtual {
            let time = match fill.allocation_time {
                AllocationTime::Early => "EARLY",
                AllocationTime::Late => "LATE",
                AllocationTime::Incremental => "INCR",
            };
            self.open(cursor, "ALLOCATION_TIME {")?;
            self.text(cursor, &format!("H5D_ALLOC_TIME_{time}"))?;
            self.close(cursor)?;
        }
        Ok(())
    }

    fn text(&mut self, cursor: &mut Cursor, text: &str) -> Result<(), Failure> {
        let style = self.style();
        self.page.line(cursor, &style, text.as_bytes())?;
        Ok(())
    }

    fn open(&mut self, cursor: &mut Cursor, text: &str) -> Result<(), Failure> {
        self.text(cursor, text)?;
        cursor.level += 1;
        Ok(())
    }

    fn close(&mut self, cursor: &mut Cursor) -> Result<(), Failure> {
        cursor.level -= 1;
        self.text(cursor, "}")
    }

    fn layout(&mut self, cursor: &mut Cursor, dataset: &Dataset) -> Result<(), Failure> {
        match dataset.layout() {
            Layout::Chunked => {
                let chunk: Vec<String> =
                    dataset.chunk().unwrap_or_default().iter().map(usize::to_string).collect();
                self.text(cursor, &format!("CHUNKED ( {} )", chunk.join(", ")))?;
                self.stored_size(cursor, dataset)
            }
            Layout::Compact => {
                self.text(cursor, "COMPACT")?;
                self.text(cursor, &format!("SIZE {}", dataset.storage_size()?))
            }
            Layout::Virtual => self.mappings(cursor, dataset),
            Layout::Contiguous => {
                self.text(cursor, "CONTIGUOUS")?;
                let files = dataset.external_files()?;
                if files.is_empty() {
                    self.text(cursor, &format!("SIZE {}", dataset.storage_size()?))?;
                    let offset = dataset.offset().map_or("HADDR_UNDEF".to_owned(), |at| at.to_string());
                    return self.text(cursor, &format!("OFFSET {offset}"));
                }
                self.open(cursor, "EXTERNAL {")?;
                for file in files {
                    let name = String::from_utf8_lossy(&file.name).into_owned();
                    let size = file.size.unwrap_or(u64::MAX);
                    self.text(cursor, &format!("FILENAME {name} SIZE {size} OFFSET {}", file.offset))?;
                }
                self.close(cursor)
            }
            _ => self.text(cursor, "UNKNOWN"),
        }
    }

    /// Writes how much the chunks take, and with filters how much that is less than without.
    fn stored_size(&mut self, cursor: &mut Cursor, dataset: &Dataset) -> Result<(), Failure> {
        let size = dataset.storage_size()?;
        if dataset.filters().is_empty() {
            return self.text(cursor, &format!("SIZE {size}"));
        }
        let element = native::opened_size(dataset.dtype()?.stored());
        let count = dataset.try_shape()?.iter().fold(1u64, |n, &size| n.saturating_mul(size as u64));
        let ratio = if size == 0 { 0.0 } else { to_f64(count.saturating_mul(element)) / to_f64(size) };
        self.text(cursor, &format!("SIZE {size} ({ratio:.3}:1 COMPRESSION)"))
    }

    fn mappings(&mut self, cursor: &mut Cursor, dataset: &Dataset) -> Result<(), Failure> {
        for (number, mapping) in dataset.virtual_sources()?.into_iter().enumerate() {
            self.open(cursor, &format!("MAPPING {number} {{ "))?;
            self.open(cursor, "VIRTUAL {")?;
            self.selection(cursor, &mapping.target)?;
            self.close(cursor)?;
            self.open(cursor, "SOURCE {")?;
            self.text(cursor, &format!("FILE \"{}\"", String::from_utf8_lossy(&mapping.file)))?;
            self.text(cursor, &format!("DATASET \"{}\"", String::from_utf8_lossy(&mapping.dataset)))?;
            self.selection(cursor, &mapping.source)?;
            self.close(cursor)?;
            self.close(cursor)?;
        }
        Ok(())
    }

    fn selection(&mut self, cursor: &mut Cursor, selection: &VirtualSelection) -> Result<(), Failure> {
        let style = self.style();
        let (head, lines): (&str, Vec<Vec<u8>>) = match selection {
            VirtualSelection::All => return self.text(cursor, "SELECTION ALL"),
            VirtualSelection::Points(points) => ("POINT", vec![points_text(b"", points)]),
            VirtualSelection::Blocks(blocks) => match regular(blocks) {
                Some(axes) => {
                    let axes = axes.into_iter();
                    let axes = axes.map(|axis| [axis.start, axis.stride, axis.count, axis.block].map(Some));
                    ("REGULAR_HYPERSLAB", pattern_text(&axes.collect::<Vec<_>>()))
                }
                None => ("IRREGULAR_HYPERSLAB", vec![blocks_text(b"", blocks)]),
            },
            VirtualSelection::Regular(axes) => {
                let axes = axes.iter();
                let axes = axes.map(|axis| [Some(axis.start), Some(axis.stride), axis.count, axis.block]);
                ("REGULAR_HYPERSLAB", pattern_text(&axes.collect::<Vec<_>>()))
            }
            _ => return self.text(cursor, "SELECTION NONE"),
        };
        self.open(cursor, &format!("SELECTION {head} {{ "))?;
        for line in lines {
            self.page.line(cursor, &style, &line)?;
        }
        self.close(cursor)
    }

    fn filter(&mut self, cursor: &mut Cursor, filter: &FilterInfo) -> Result<(), Failure> {
        let value = |index: usize| filter.values.get(index).copied().unwrap_or(0);
        match filter.id {
            1 => self.text(cursor, &format!("COMPRESSION DEFLATE {{ LEVEL {} }}", value(0))),
            2 => self.text(cursor, "PREPROCESSING SHUFFLE"),
            3 => self.text(cursor, "CHECKSUM FLETCHER32"),
            4 => self.szip(cursor, value(0), value(1)),
            5 => self.text(cursor, "COMPRESSION NBIT"),
            6 => self.text(cursor, &format!("COMPRESSION SCALEOFFSET {{ MIN BITS {} }}", value(0))),
            id => {
                self.open(cursor, "USER_DEFINED_FILTER {")?;
                self.text(cursor, &format!("FILTER_ID {id}"))?;
                if !filter.name.is_empty() {
                    self.text(cursor, &format!("COMMENT {}", filter.name))?;
                }
                if !filter.values.is_empty() {
                    // h5dump takes them for signed numbers.
                    let signed = |value: &u32| i32::from_ne_bytes(value.to_ne_bytes()).to_string();
                    let values: Vec<String> = filter.values.iter().map(signed).collect();
                    self.text(cursor, &format!("PARAMS {{ {} }}", values.join(" ")))?;
                }
                self.close(cursor)
            }
        }
    }

    fn szip(&mut self, cursor: &mut Cursor, mask: u32, pixels: u32) -> Result<(), Failure> {
        const K13: u32 = 1;
        const CHIP: u32 = 2;
        const ENTROPY: u32 = 4;
        const LSB: u32 = 8;
        const MSB: u32 = 16;
        const NEAREST_NEIGHBOUR: u32 = 32;
        const RAW: u32 = 128;
        let is = |bit: u32| mask & bit != 0;
        self.open(cursor, "COMPRESSION SZIP {")?;
        self.text(cursor, &format!("PIXELS_PER_BLOCK {pixels}"))?;
        if is(CHIP) {
            self.text(cursor, "MODE HARDWARE")?;
        } else if is(K13) {
            self.text(cursor, "MODE K13")?;
        }
        if is(ENTROPY) {
            self.text(cursor, "CODING ENTROPY")?;
        } else if is(NEAREST_NEIGHBOUR) {
            self.text(cursor, "CODING NEAREST NEIGHBOUR")?;
        }
        if is(LSB) {
            self.text(cursor, "BYTE_ORDER LSB")?;
        } else if is(MSB) {
            self.text(cursor, "BYTE_ORDER MSB")?;
        }
        if is(RAW) {
            self.text(cursor, "HEADER RAW")?;
        }
        self.close(cursor)
    }

    /// A fill value as text.
    fn fill_value(
        &mut self,
        cursor: &Cursor,
        dataset: &Dataset,
        value: &FillValue,
    ) -> Result<Vec<u8>, Failure> {
        match value {
            FillValue::Undefined => Ok(b"H5D_FILL_VALUE_UNDEFINED".to_vec()),
            FillValue::Default => Ok(b"H5D_FILL_VALUE_DEFAULT".to_vec()),
            // h5dump prints nothing for them.
            FillValue::User(_) if !native::exists(dataset.dtype()?.stored()) => Ok(Vec::new()),
            FillValue::User(bytes) => {
                let (names, datatype, mut text) = (self.names(), dataset.dtype()?, Vec::new());
                let part = Part::new(datatype.stored());
                self.values(bytes, &names).write(
                    &mut text,
                    &part.form,
                    bytes,
                    cursor.level.saturating_sub(1),
                )?;
                Ok(text)
            }
        }
    }
}

/// The lines that tell start, stride, count and block of all axes.
fn pattern_text(axes: &[[Option<u64>; 4]]) -> Vec<Vec<u8>> {
    let words: [&[u8]; 4] = [b"START ", b"STRIDE ", b"COUNT ", b"BLOCK "];
    let line = |(number, word): (usize, &[u8])| {
        let mut line = word.to_vec();
        Dump::list(&mut line, axes.iter().map(|axis| axis[number]));
        line
    };
    words.into_iter().enumerate().map(line).collect()
}

/// A size as a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "three decimals are printed")]
fn to_f64(size: u64) -> f64 {
    size as f64
}
