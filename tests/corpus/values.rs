//! Shapes, and the first and last elements, where they are plain numbers or strings.

use h5::types::VarLenAscii;
use h5::{Axis, Container, H5Type, Hyperslab};
use ndarray::IxDyn;
use serde_json::Value;

use super::tally::Tally;

/// Values of libhdf5 2.0 that contradict the type they have: the five stored bits of -9 come out as 23 if they are
/// big-endian, and as -9 if they are little-endian.
const ODD: [&str; 1] = ["/i32be_p5o0"];

/// Datasets with more elements than this are not read as a whole for the sake of six.
const WHOLE: usize = 1 << 16;

pub(crate) fn compare(path: &str, elements: &Container, expected: &Value, tally: &mut Tally) {
    let space = &expected["space"];
    tally.same(&format!("{path} is null"), &elements.is_null(), &(space["class"] == "null"));
    let shape: Vec<usize> = numbers(&space["shape"]).into_iter().flatten().collect();
    tally.same(&format!("shape of {path}"), &elements.shape(), &shape);
    if space["class"] == "simple" {
        let ours = elements.max_shape().into_iter().map(|most| most.and_then(|n| usize::try_from(n).ok()));
        tally.same(&format!("maximum shape of {path}"), &ours.collect(), &numbers(&space["maxshape"]));
    }
    if ODD.contains(&path) {
        return tally.leave_out("values that contradict their type".to_owned());
    }
    match expected["dtype"]["class"].as_str() {
        // No Rust type has them. They can be read as they are stored, which is not what is given here.
        Some("integer") if expected["dtype"]["size"].as_u64() > Some(8) => {
            tally.leave_out("integers of more than 64 bits".to_owned());
        }
        Some("integer") if expected["dtype"]["signed"] == false => {
            check(path, elements, expected, tally, |value: &u64, json| Some(json.as_u64()? == *value));
        }
        Some("integer") => {
            check(path, elements, expected, tally, |value: &i64, json| Some(json.as_i64()? == *value))
        }
        Some("float") => check(path, elements, expected, tally, same_float),
        Some("string") => check(path, elements, expected, tally, |value: &VarLenAscii, json| {
            Some(json.as_str()?.as_bytes() == value.as_bytes())
        }),
        _ => {}
    }
}

/// Sizes along the axes; null is "unlimited".
fn numbers(list: &Value) -> Vec<Option<usize>> {
    let number = |value: &Value| value.as_u64().map(|n| usize::try_from(n).unwrap());
    list.as_array().into_iter().flatten().map(number).collect()
}

fn same_float(value: &f64, json: &Value) -> Option<bool> {
    match json.as_str() {
        Some("nan") => Some(value.is_nan()),
        Some("inf") => Some(*value == f64::INFINITY),
        Some("-inf") => Some(*value == f64::NEG_INFINITY),
        Some(_) => None,
        None => json.as_f64().map(|expected| expected == *value),
    }
}

/// Compares the elements that are given; `same` knows which of them are plain.
fn check<T: H5Type + std::fmt::Debug>(
    path: &str,
    elements: &Container,
    expected: &Value,
    tally: &mut Tally,
    same: impl Fn(&T, &Value) -> Option<bool>,
) {
    let list = |field: &str| expected[field].as_array().cloned().unwrap_or_default();
    let (first, last) = (list("first"), list("last"));
    if first.is_empty() {
        return;
    }
    let total = elements.size();
    let places: Vec<usize> = (0..first.len()).chain(total.saturating_sub(last.len())..total).collect();
    // Attributes have no layout, and are read as a whole.
    let values = match read::<T>(elements, &places, expected["layout"].is_null()) {
        Ok(values) => values,
        Err(error) => return tally.error(path, &error),
    };
    for ((place, value), json) in places.iter().zip(&values).zip(first.iter().chain(&last)) {
        let Some(same) = same(value, json) else { continue };
        tally.values += 1;
        if !same {
            tally.fail(format!("element {place} of {path}: {value:?}, expected {json}"));
        }
    }
}

/// The elements at some places in the order of a C array.
fn read<T: H5Type>(elements: &Container, places: &[usize], is_attribute: bool) -> h5::Result<Vec<T>> {
    let shape = elements.shape();
    if is_attribute || elements.size() <= WHOLE {
        let all = elements.read_raw::<T>()?;
        return Ok(places.iter().filter_map(|&place| all.get(place).cloned()).collect());
    }
    let mut values = Vec::new();
    for &place in places {
        let mut rest = place;
        let mut axes: Vec<Axis> = Vec::new();
        for &size in shape.iter().rev() {
            axes.insert(0, Axis::contiguous((rest % size) as u64, 1));
            rest /= size;
        }
        values.extend(elements.read_slice::<T, _, IxDyn>(Hyperslab::new(axes))?);
    }
    Ok(values)
}
