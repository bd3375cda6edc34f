//! What the options of `h5 repack` ask for: of all datasets, or of the one at a path.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use h5::{DatasetChange, Repack};

/// What is asked for, by the path of the dataset; of all of them without one.
#[derive(Default)]
pub(super) struct Changes {
    by_path: BTreeMap<Option<String>, DatasetChange>,
}

/// Filters by the names that libhdf5, h5py or hdf5plugin have for them, with the values that they get without any.
const FILTERS: &[(&[&str], u16, &[u32])] = &[
    (&["deflate", "gzip"], 1, &[6]),
    (&["shuffle", "shuf"], 2, &[]),
    (&["fletcher32", "flet"], 3, &[]),
    // Nearest neighbour coding, 8 pixels per block.
    (&["szip"], 4, &[32, 8]),
    (&["nbit"], 5, &[]),
    // Integers, with as many bits as they take.
    (&["scaleoffset", "soff"], 6, &[2, 0]),
    (&["bzip2"], 307, &[]),
    (&["lzf"], 32000, &[]),
    (&["blosc"], 32001, &[]),
    (&["lz4"], 32004, &[]),
    (&["bitshuffle"], 32008, &[]),
    // Reversible; zfp's own default is not.
    (&["zfp"], 32013, &[5]),
    (&["zstd"], 32015, &[]),
    // Without errors.
    (&["jpegls", "fcidecomp"], 32018, &[]),
    // Three decimal digits, these filters' own default.
    (&["bitgroom"], 32022, &[3]),
    (&["granularbr"], 32023, &[3]),
    // Without errors; SZ3 has no bound of its own.
    (&["sz3"], 32024, &[0; 9]),
    (&["blosc2"], 32026, &[]),
    // How exact it is has to be said.
    (&["sperr"], 32028, &[]),
];

impl Changes {
    pub(super) fn layout(&mut self, text: &str) -> Result<(), String> {
        let (path, layout) = split(text);
        self.change(path, |change| match layout.to_ascii_lowercase().as_str() {
            "contiguous" | "conti" => Ok(change.contiguous()),
            "compact" | "compa" => Ok(change.compact()),
            "chunked" | "chunk" => Ok(change.chunked()),
            _ => Err(format!("no layout {layout:?}: known are contiguous, compact and chunked")),
        })
    }

    pub(super) fn chunk(&mut self, text: &str) -> Result<(), String> {
        let (path, shape) = split(text);
        let sizes: Option<Vec<NonZeroU64>> = shape.split('x').map(|size| size.parse().ok()).collect();
        let sizes = sizes.ok_or_else(|| format!("{shape:?} is no shape of chunks, such as 100x20"))?;
        let sizes: Vec<u64> = sizes.into_iter().map(NonZeroU64::get).collect();
        self.change(path, |change| Ok(change.chunk(&sizes)))
    }

    pub(super) fn filter(&mut self, text: &str) -> Result<(), String> {
        let (path, filter) = split(text);
        let (name, values) = filter.split_once('=').map_or((filter, None), |(name, v)| (name, Some(v)));
        if name.eq_ignore_ascii_case("none") {
            return self.change(path, |change| Ok(change.no_filters()));
        }
        let known = FILTERS.iter().find(|(names, ..)| names.iter().any(|n| n.eq_ignore_ascii_case(name)));
        let id = known.map(|(_, id, _)| *id).or_else(|| name.parse().ok());
        let id = id.ok_or_else(|| format!("no filter {name:?}: give its number, if it has one"))?;
        let usual = known.or_else(|| FILTERS.iter().find(|(_, known, _)| *known == id));
        let values = match values {
            Some(values) => values.split(',').map(str::parse).collect::<Result<Vec<u32>, _>>(),
            None => Ok(usual.map_or(Vec::new(), |(.., values)| values.to_vec())),
        };
        let values = values.map_err(|_| format!("the values of {filter:?} are not all numbers"))?;
        self.change(path, |change| Ok(change.add_filter(id, &values)))
    }

    fn change(
        &mut self,
        path: Option<&str>,
        change: impl FnOnce(DatasetChange) -> Result<DatasetChange, String>,
    ) -> Result<(), String> {
        let entry = self.by_path.entry(path.map(str::to_owned)).or_default();
        *entry = change(entry.clone())?;
        Ok(())
    }

    /// What is asked for one dataset stands in place of what is asked for all.
    pub(super) fn add_to(self, repack: Repack) -> Repack {
        self.by_path.into_iter().fold(repack, |repack, (path, change)| match path {
            Some(path) => repack.dataset(&path, change),
            None => repack.datasets(change),
        })
    }
}

/// The path before a colon, which may have colons itself, and the rest.
fn split(text: &str) -> (Option<&str>, &str) {
    text.rsplit_once(':').map_or((None, text), |(path, rest)| (Some(path), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_may_have_colons() {
        assert_eq!(split("a:b/c:10x20"), (Some("a:b/c"), "10x20"));
        assert_eq!(split("10x20"), (None, "10x20"));
    }

    #[test]
    fn what_is_no_option_is_refused() {
        let mut changes = Changes::default();
        assert!(changes.chunk("10x").is_err() && changes.layout("virtual").is_err());
        assert!(changes.filter("gzi").is_err() && changes.filter("gzip=x").is_err());
        changes.filter("a:gzip=9").unwrap();
        changes.filter("a:32015").unwrap();
        changes.chunk("7").unwrap();
        assert_eq!(
            changes.by_path[&Some("a".into())],
            DatasetChange::new().add_filter(1, &[9]).add_filter(32015, &[])
        );
        assert_eq!(changes.by_path[&None], DatasetChange::new().chunk(&[7]));
    }
}
