//! Lorenzo prediction: an element from those before it along all axes, as if differences of the first or second order
//! were zero. Before the array there are zeros.

use super::grid::{AXES, Grid};
use super::number::{Number, Wide};

/// What is added up, in the order that rounding makes matter.
#[derive(Clone, Debug)]
pub(super) struct Lorenzo {
    terms: Vec<Term>,
    /// How far back there are terms along each axis.
    reach: [usize; AXES],
}

#[derive(Clone, Debug)]
struct Term {
    back: [usize; AXES],
    /// The same as a difference of indices.
    distance: usize,
    factor: u32,
    negative: bool,
}

impl Lorenzo {
    /// Predicts from `layers` layers, 1 or 2, along the axes in `axes`, of which the last is gone back along first.
    pub(super) fn new(grid: &Grid, layers: usize, axes: &[usize]) -> Self {
        // There is no prediction from two layers along four axes; what is called so takes one.
        let layers = if axes.len() == AXES { 1 } else { layers };
        let mut places = vec![[0; AXES]];
        for &axis in axes {
            let further = |place: &[usize; AXES]| {
                let place = *place;
                (0..=layers).map(move |back| {
                    let mut place = place;
                    place[axis] = back;
                    place
                })
            };
            places = places.iter().flat_map(further).collect();
        }
        let mut terms: Vec<Term> =
            places.into_iter().skip(1).map(|back| Term::new(grid, layers, back)).collect();
        if layers == 1 && axes.len() == 3 {
            // The edges of the cube, then its faces, then its far corner.
            terms.sort_by_key(|term| term.back.iter().sum::<usize>());
        }
        let mut reach = [0; AXES];
        axes.iter().for_each(|&axis| reach[axis] = layers);
        Lorenzo { terms, reach }
    }

    /// Predicts the element at `place`, whose index is `at`.
    pub(super) fn predict<T: Number>(&self, values: &[T], place: [usize; AXES], at: usize) -> T {
        let inside = is_there(place, self.reach);
        let mut sum: Option<T::Wide> = None;
        for term in &self.terms {
            let there = inside || is_there(place, term.back);
            let value = if there { values[at - term.distance] } else { T::default() };
            let value = value.widen() * Wide::of(term.factor);
            sum = Some(match sum {
                None => value,
                Some(sum) if term.negative => sum - value,
                Some(sum) => sum + value,
            });
        }
        sum.map(T::narrow).unwrap_or_default()
    }
}

impl Term {
    fn new(grid: &Grid, layers: usize, back: [usize; AXES]) -> Self {
        // The product of what a difference of this order takes along each axis: 1, -1 or 1, -2, 1.
        let doubled = back.iter().filter(|&&back| layers == 2 && back == 1).count();
        let odd = back.iter().sum::<usize>() % 2 == 1;
        Term { back, distance: grid.index(back), factor: 1 << doubled, negative: !odd }
    }
}

fn is_there(place: [usize; AXES], back: [usize; AXES]) -> bool {
    place.iter().zip(back).all(|(&place, back)| place >= back)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(layers: usize, axes: &[usize]) -> Vec<([usize; AXES], i64)> {
        let grid = Grid::new(&[9, 9, 9, 9]).unwrap();
        let sign = |term: &Term| if term.negative { -1 } else { 1 };
        let terms = Lorenzo::new(&grid, layers, axes).terms;
        terms.iter().map(|term| (term.back, sign(term) * i64::from(term.factor))).collect()
    }

    #[test]
    fn terms_come_in_the_order_of_the_encoder() {
        assert_eq!(terms(1, &[3]), [([0, 0, 0, 1], 1)]);
        assert_eq!(terms(2, &[3]), [([0, 0, 0, 1], 2), ([0, 0, 0, 2], -1)]);
        assert_eq!(terms(1, &[2, 3]), [([0, 0, 0, 1], 1), ([0, 0, 1, 0], 1), ([0, 0, 1, 1], -1)]);
        let factors =
            |layers, axes: &[usize]| terms(layers, axes).iter().map(|term| term.1).collect::<Vec<_>>();
        assert_eq!(factors(2, &[2, 3]), [2, -1, 2, -4, 2, -1, 2, -1]);
        assert_eq!(factors(1, &[1, 2, 3]), [1, 1, 1, -1, -1, -1, 1]);
        assert_eq!(factors(2, &[1, 2, 3])[9..15], [-4, 2, -4, 8, -4, 2]);
        assert_eq!(factors(2, &[0, 1, 2, 3]), [1, 1, -1, 1, -1, -1, 1, 1, -1, -1, 1, -1, 1, 1, -1]);
        assert_eq!(terms(2, &[3, 1])[0], ([0, 1, 0, 0], 2), "the last axis comes first");
    }

    #[test]
    fn planes_are_predicted_exactly_and_zeros_lie_before_the_array() {
        let grid = Grid::new(&[4, 4]).unwrap();
        let plane: Vec<i32> = (0..16).map(|at| at / 4 * 10 + at % 4).collect();
        let one = Lorenzo::new(&grid, 1, &[2, 3]);
        assert_eq!(one.predict(&plane, [0, 0, 2, 2], 10), 22);
        assert_eq!(one.predict(&plane, [0, 0, 0, 2], 2), 1);
        assert_eq!(one.predict(&plane, [0, 0, 0, 0], 0), 0);
        let squares: Vec<u8> = (0..16).map(|at| at / 4 * (at / 4) + at % 4 * (at % 4)).collect();
        let two = Lorenzo::new(&grid, 2, &[2, 3]);
        assert_eq!(two.predict(&squares, [0, 0, 3, 3], 15), 18);
        assert_eq!(two.predict(&squares, [0, 0, 0, 3], 3), 2 * 4 - 1);
    }
}
