//! A part of a dataset as the user writes it: start, stride, count and block of each axis.

use h5::{Axis, Container};

/// What was written; axes without a number have the usual one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subset {
    /// Start, stride, count, block.
    lists: [Option<Vec<u64>>; 4],
}

const NAMES: [&str; 4] = ["start", "stride", "count", "block"];

impl Subset {
    /// Cuts "[start;stride;count;block]" off a path.
    pub(crate) fn split(text: &str) -> Result<(String, Option<Subset>), String> {
        let Some((path, part)) = text.rsplit_once('[') else { return Ok((text.to_owned(), None)) };
        let Some(part) = part.trim_end().strip_suffix(']') else { return Ok((text.to_owned(), None)) };
        let mut subset = Subset::default();
        for (number, list) in part.split(';').enumerate() {
            if number >= NAMES.len() {
                return Err(format!("{part}: more than start, stride, count and block"));
            }
            subset.set(number, list)?;
        }
        Ok((path.trim_end().to_owned(), Some(subset)))
    }

    /// Sets one of the four lists.
    pub(crate) fn set(&mut self, number: usize, list: &str) -> Result<(), String> {
        let parse = |part: &str| {
            let part = part.trim();
            part.parse().map_err(|_| format!("--{}: {part:?} is not a number", NAMES[number]))
        };
        if !list.trim().is_empty() {
            let numbers = list.split([',', ' ']).filter(|part| !part.trim().is_empty());
            self.lists[number] = Some(numbers.map(parse).collect::<Result<_, String>>()?);
        }
        Ok(())
    }

    /// The axes of the part of a dataset, or what is wrong with it.
    pub(crate) fn axes(&self, dataset: &Container) -> Result<Vec<Axis>, String> {
        let shape = dataset.try_shape().map_err(|error| error.to_string())?;
        for (list, name) in self.lists.iter().zip(NAMES) {
            if let Some(list) = list
                && list.len() != shape.len()
            {
                let (have, want) = (list.len(), shape.len());
                return Err(format!("--{name} is for {have} axes, and the dataset has {want}"));
            }
        }
        let number = |list: usize, axis: usize, usual| {
            self.lists[list].as_ref().and_then(|list| list.get(axis).copied()).unwrap_or(usual)
        };
        let axes = (0..shape.len()).map(|axis| Axis {
            start: number(0, axis, 0),
            stride: number(1, axis, 1),
            count: number(2, axis, 1),
            block: number(3, axis, 1),
        });
        axes.zip(&shape).map(|(axis, &size)| check(axis, size as u64)).collect()
    }
}

fn check(axis: Axis, size: u64) -> Result<Axis, String> {
    if axis.stride == 0 {
        return Err("a stride of 0".to_owned());
    }
    if axis.count > 1 && axis.stride < axis.block {
        return Err("the blocks overlap: a stride is less than its block".to_owned());
    }
    let steps = axis.count.saturating_sub(1).saturating_mul(axis.stride);
    let end = axis.start.saturating_add(steps).saturating_add(axis.block);
    if axis.count > 0 && end > size {
        return Err(format!("the part reaches to {end} on an axis of {size}"));
    }
    Ok(axis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_parts_are_cut_off_paths() {
        let (path, subset) = Subset::split("/x[1,2;;3,4;]").unwrap();
        assert_eq!(path, "/x");
        assert_eq!(subset.unwrap().lists, [Some(vec![1, 2]), None, Some(vec![3, 4]), None]);
        assert_eq!(Subset::split("/x").unwrap(), ("/x".to_owned(), None));
        assert!(Subset::split("/x[a]").is_err() && Subset::split("/x[1;1;1;1;1]").is_err());
    }

    #[test]
    fn parts_beyond_the_edge_are_refused() {
        assert!(check(Axis { start: 1, stride: 3, count: 3, block: 2 }, 9).is_ok());
        assert!(check(Axis { start: 2, stride: 3, count: 3, block: 2 }, 9).is_err());
        assert!(check(Axis { start: 0, stride: 1, count: 2, block: 2 }, 9).is_err());
    }
}
