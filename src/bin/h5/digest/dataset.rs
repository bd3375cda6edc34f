//! Datasets: what they say about their space, type and storage; their values are elsewhere.

use h5::{AllocationTime, Container, Dataset, FillTime, FillValue, Layout};
use serde_json::{Value, json};

use super::encode::{Encoder, Room, Source};
use super::{Fields, Outcome, datatype, hex, put, sha256, text, values};

/// The most sources of a virtual dataset that are listed.
const MOST_SOURCES: usize = 1000;

/// The most canonical bytes of a fill value that are given in full.
const LONGEST_FILL: usize = 256;

/// Puts in everything about a dataset, as far as it can be read.
pub(super) fn describe(dataset: &Dataset, fields: &mut Fields) -> Outcome<()> {
    let stored = dataset.dtype()?;
    let shape = space(dataset, fields)?;
    put(fields, "dtype", datatype::describe(stored.stored())?);
    let chunk = storage(dataset, fields)?;
    fill(dataset, fields)?;
    values::of_dataset(dataset, stored.stored(), &shape, chunk.as_deref(), fields)
}

/// Puts in the space; returns the shape, which for a null space is one axis without elements.
pub(super) fn space(container: &Container, fields: &mut Fields) -> Outcome<Vec<u64>> {
    if container.is_null() {
        put(fields, "space", json!({ "class": "null" }));
        return Ok(vec![0]);
    }
    let shape: Vec<u64> = container.try_shape()?.into_iter().map(|size| size as u64).collect();
    if container.is_scalar() {
        put(fields, "space", json!({ "class": "scalar" }));
    } else {
        let most = container.max_shape();
        put(fields, "space", json!({ "class": "simple", "shape": shape, "maxshape": most }));
    }
    Ok(shape)
}

/// Puts in layout, chunks, filters and where else the data lies; returns the shape of a chunk.
fn storage(dataset: &Dataset, fields: &mut Fields) -> Outcome<Option<Vec<u64>>> {
    let layout = dataset.layout();
    let name = match layout {
        Layout::Compact => "compact",
        Layout::Contiguous => "contiguous",
        Layout::Chunked => "chunked",
        Layout::Virtual => "virtual",
        _ => "unknown",
    };
    put(fields, "layout", name);
    let chunk: Option<Vec<u64>> =
        dataset.chunk().map(|chunk| chunk.into_iter().map(|size| size as u64).collect());
    if let Some(chunk) = &chunk {
        put(fields, "chunks", chunk.clone());
    }
    let filter = |filter: h5::FilterInfo| {
        let flags = u8::from(filter.optional);
        json!({ "id": filter.id, "flags": flags, "cd": filter.values, "name": filter.name })
    };
    put(fields, "filters", dataset.filters().into_iter().map(filter).collect::<Vec<Value>>());
    let files = dataset.external_files()?;
    if !files.is_empty() {
        let file =
            |file: h5::ExternalFile| json!([text(&file.name), file.offset, file.size.unwrap_or(u64::MAX)]);
        put(fields, "external", files.into_iter().map(file).collect::<Vec<Value>>());
    }
    if layout == Layout::Virtual {
        let sources = dataset.virtual_sources()?.into_iter().take(MOST_SOURCES);
        let source = |source: h5::VirtualSource| json!([text(&source.file), text(&source.dataset)]);
        put(fields, "sources", sources.map(source).collect::<Vec<Value>>());
    }
    Ok(chunk)
}

/// Puts in the fill value and when it is written.
fn fill(dataset: &Dataset, fields: &mut Fields) -> Outcome<()> {
    let info = dataset.fill_info()?;
    let mut fill = Fields::new();
    let status = match &info.value {
        FillValue::Undefined => "undefined",
        FillValue::Default => "default",
        FillValue::User(_) => "user",
    };
    put(&mut fill, "status", status);
    if let FillValue::User(value) = &info.value {
        let mut canonical = Vec::new();
        let source = Source { container: dataset, elements: value, room: &Room::new(dataset) };
        Encoder::new(dataset.dtype()?.stored())?.encode(&source, value, &mut canonical)?;
        let shown = match canonical.len() > LONGEST_FILL {
            true => json!({ "sha256": sha256(&canonical) }),
            false => hex(&canonical).into(),
        };
        put(&mut fill, "hex", shown);
    }
    let time = match info.write_time {
        FillTime::Allocation => "alloc",
        FillTime::Never => "never",
        FillTime::IfSet => "ifset",
    };
    put(&mut fill, "time", time);
    let allocation = match info.allocation_time {
        AllocationTime::Early => "early",
        AllocationTime::Late => "late",
        AllocationTime::Incremental => "incr",
    };
    put(&mut fill, "alloc", allocation);
    put(fields, "fill", fill);
    Ok(())
}
