//! The order of the numbers of a series, and which of their neighbours predict each.

use std::ops::{Add, Sub};

use crate::base::Result;

/// Where a number is predicted from, by how far back the neighbours are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: the number is given exactly.
    Start,
    /// One neighbour.
    Before(usize),
    /// The two before it on its line.
    Line,
    /// The near and the far one, and the one that is both.
    Plane(usize, usize),
    /// The seven of a cube; a row and a layer back.
    Space(usize, usize),
}

/// Calls `visit` for each number in its order.
///
/// There are up to four axes, none of them of length 0. Each part along the first of four is a series of its own.
pub(super) fn each(shape: &[usize], mut visit: impl FnMut(Place) -> Result<()>) -> Result<()> {
    let length = |from_last: usize| shape.iter().rev().nth(from_last).copied().unwrap_or(1);
    let (width, row, layer) = (length(0), length(0), length(0) * length(1));
    // Only lines of more than one axis go on from two numbers.
    let second = if shape.len() > 1 { Place::Line } else { Place::Before(1) };
    for _ in 0..length(3) {
        for z in 0..length(2) {
            for y in 0..length(1) {
                for x in 0..width {
                    visit(match (z, y, x) {
                        (0, 0, 0) => Place::Start,
                        (0, 0, 1) => Place::Before(1),
                        (0, 0, _) => second,
                        (0, _, 0) => Place::Before(row),
                        (_, 0, 0) => Place::Before(layer),
                        (0, _, _) => Place::Plane(1, row),
                        (_, 0, _) => Place::Plane(1, layer),
                        (_, _, 0) => Place::Plane(row, layer),
                        _ => Place::Space(row, layer),
                    })?;
                }
            }
        }
    }
    Ok(())
}

/// What the numbers in `data` predict for the next one, by adding and subtracting.
pub(super) fn predict<T>(data: &[T], place: Place) -> T
where
    T: Copy + Default + Add<Output = T> + Sub<Output = T>,
{
    let at = |back: usize| data[data.len() - back];
    match place {
        Place::Start => T::default(),
        Place::Before(back) => at(back),
        Place::Line => at(1) + at(1) - at(2),
        Place::Plane(near, far) => at(near) + at(far) - at(near + far),
        Place::Space(row, layer) => {
            at(1) + at(row) + at(layer) - at(row + 1) - at(layer + row) - at(layer + 1) + at(layer + row + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(shape: &[usize]) -> Vec<Place> {
        let mut places = Vec::new();
        each(shape, |place| {
            places.push(place);
            Ok(())
        })
        .unwrap();
        places
    }

    #[test]
    fn numbers_are_predicted_from_those_before_them() {
        use Place::{Before, Line, Plane, Space, Start};
        assert_eq!(places(&[3]), [Start, Before(1), Before(1)]);
        let plane = [Start, Before(1), Line, Before(3), Plane(1, 3), Plane(1, 3)];
        assert_eq!(places(&[2, 3]), plane);
        let above = [Before(6), Plane(1, 6), Plane(1, 6), Plane(3, 6), Space(3, 6), Space(3, 6)];
        let cube = [plane, above].concat();
        assert_eq!(places(&[2, 2, 3]), cube);
        assert_eq!(places(&[2, 2, 2, 3]), [&cube[..], &cube].concat());
    }

    #[test]
    fn what_is_linear_is_predicted_exactly() {
        let mut data: Vec<i32> = Vec::new();
        let value = |at: i32| 5 * (at / 12) + 3 * (at / 4 % 3) - 2 * (at % 4);
        each(&[2, 3, 4], |place| {
            let at = i32::try_from(data.len()).unwrap();
            let predicted = predict(&data, place);
            assert!(matches!(place, Place::Start | Place::Before(_)) || predicted == value(at), "{at}");
            data.push(value(at));
            Ok(())
        })
        .unwrap();
    }
}
