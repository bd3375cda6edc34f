//! The CDF 9/7 wavelet transform and its inverse, by lifting.
//!
//! All operations are done in the order in which SPERR does them, and no two are fused: the results are the same to the
//! last bit.

use super::levels::{Lengths, Levels, coarse};

/// The coefficients of the filters, as SPERR gives them, from the middle outwards.
const FILTER: [f64; 5] =
    [0.602_949_018_236, 0.266_864_118_443, -0.078_223_266_529, -0.016_864_118_443, 0.026_748_757_411];

/// Lines that are gathered at a time across the axis whose elements lie side by side: as many as share a cache line.
const LINES: usize = 8;

/// The factors of the lifting steps.
struct Lifting {
    alpha: f64,
    beta: f64,
    gamma: f64,
    delta: f64,
    epsilon: f64,
}

/// Turns coefficients into elements, in place.
pub(super) fn inverse(elements: &mut [f64], lengths: Lengths) {
    let lifting = Lifting::new();
    let mut turn = |axis: usize, extent: Lengths| {
        Lifting::along(elements, lengths, axis, extent, |signal, line| {
            lifting.synthesize(signal);
            interleave(signal, line);
        });
    };
    match Levels::new(lengths) {
        Levels::Together(levels) => {
            for level in (0..levels).rev() {
                let extent = lengths.map(|length| coarse(length, level));
                [2, 1, 0].into_iter().for_each(|axis| turn(axis, extent));
            }
        }
        Levels::Apart { plane, depth } => {
            for level in (0..plane).rev() {
                let extent = [coarse(lengths[0], level), coarse(lengths[1], level), lengths[2]];
                [1, 0].into_iter().for_each(|axis| turn(axis, extent));
            }
            for level in (0..depth).rev() {
                turn(2, [lengths[0], lengths[1], coarse(lengths[2], level)]);
            }
        }
    }
}

/// Turns elements into coefficients, in place: all that [`inverse`] does, the other way round.
pub(super) fn forward(elements: &mut [f64], lengths: Lengths) {
    let lifting = Lifting::new();
    let mut turn = |axis: usize, extent: Lengths| {
        Lifting::along(elements, lengths, axis, extent, |signal, line| {
            part(signal, line);
            lifting.analyse(line);
        });
    };
    match Levels::new(lengths) {
        Levels::Together(levels) => {
            for level in 0..levels {
                let extent = lengths.map(|length| coarse(length, level));
                (0..3).for_each(|axis| turn(axis, extent));
            }
        }
        Levels::Apart { plane, depth } => {
            for level in 0..depth {
                turn(2, [lengths[0], lengths[1], coarse(lengths[2], level)]);
            }
            for level in 0..plane {
                let extent = [coarse(lengths[0], level), coarse(lengths[1], level), lengths[2]];
                (0..2).for_each(|axis| turn(axis, extent));
            }
        }
    }
}

impl Lifting {
    fn new() -> Self {
        let h = FILTER;
        let r0 = h[0] - 2.0 * h[4] * h[1] / h[3];
        let r1 = h[2] - h[4] - h[4] * h[1] / h[3];
        let s0 = h[1] - h[3] - h[3] * r0 / r1;
        let t0 = h[0] - 2.0 * (h[2] - h[4]);
        Lifting {
            alpha: h[4] / h[3],
            beta: h[3] / r1,
            gamma: r1 / s0,
            delta: s0 / t0,
            epsilon: 2.0_f64.sqrt() * t0,
        }
    }

    /// One level along one axis, for all lines within `extent`: `turn` makes the second line of the first.
    fn along(
        elements: &mut [f64],
        lengths: Lengths,
        axis: usize,
        extent: Lengths,
        turn: impl Fn(&mut [f64], &mut [f64]),
    ) {
        let row = lengths[0] as usize;
        let strides = [1, row, row * lengths[1] as usize];
        let (len, stride) = (extent[axis] as usize, strides[axis]);
        let (mut lines, mut line) = (vec![0.0; LINES * len], vec![0.0; len]);
        let [across, down, deep] =
            std::array::from_fn(|other| if other == axis { 1 } else { extent[other] as usize });
        for begin in (0..deep).flat_map(|z| (0..down).map(move |y| z * strides[2] + y * row)) {
            for x in (0..across).step_by(LINES) {
                let begin = begin + x;
                let count = LINES.min(across - x);
                for at in 0..len {
                    let from = begin + at * stride;
                    for (number, element) in elements[from..from + count].iter().enumerate() {
                        lines[number * len + at] = *element;
                    }
                }
                for signal in lines.chunks_exact_mut(len).take(count) {
                    turn(signal, &mut line);
                    signal.copy_from_slice(&line);
                }
                for at in 0..len {
                    let to = begin + at * stride;
                    for (number, element) in elements[to..to + count].iter_mut().enumerate() {
                        *element = lines[number * len + at];
                    }
                }
            }
        }
    }

    /// Does the lifting steps of a line of at least three, whose elements in even places come first.
    fn analyse(&self, signal: &mut [f64]) {
        let (even, odd) = signal.split_at_mut(signal.len() - signal.len() / 2);
        lift_odd(odd, even, -self.alpha);
        lift_even(even, odd, -self.beta, |value| value);
        lift_odd(odd, even, -self.gamma);
        lift_even(even, odd, -self.delta, |value| value);
        even.iter_mut().for_each(|value| *value *= self.epsilon);
        let inverse = -(1.0 / self.epsilon);
        odd.iter_mut().for_each(|value| *value *= inverse);
    }

    /// Undoes the lifting steps of a line of at least three: the coarser half first, then the finer one.
    fn synthesize(&self, signal: &mut [f64]) {
        let (even, odd) = signal.split_at_mut(signal.len() - signal.len() / 2);
        let scale = -self.epsilon;
        odd.iter_mut().for_each(|value| *value *= scale);
        let inverse = 1.0 / self.epsilon;
        lift_even(even, odd, self.delta, |value| value * inverse);
        lift_odd(odd, even, self.gamma);
        lift_even(even, odd, self.beta, |value| value);
        lift_odd(odd, even, self.alpha);
    }
}

/// Takes the neighbours off every even element; the signal goes on mirrored at both ends.
fn lift_even(even: &mut [f64], odd: &[f64], factor: f64, scale: impl Fn(f64) -> f64) {
    let last = even.len() - 1;
    even[0] = scale(even[0]) - 2.0 * factor * odd[0];
    for (value, pair) in even[1..last].iter_mut().zip(odd.windows(2)) {
        *value = scale(*value) - factor * (pair[0] + pair[1]);
    }
    even[last] = scale(even[last]) - factor * (odd[last - 1] + odd[odd.len() - 1]);
}

/// The same for every odd element.
fn lift_odd(odd: &mut [f64], even: &[f64], factor: f64) {
    let last = odd.len() - 1;
    for (value, pair) in odd[..last].iter_mut().zip(even.windows(2)) {
        *value -= factor * (pair[0] + pair[1]);
    }
    odd[last] -= factor * (even[last] + even[even.len() - 1]);
}

/// The elements in even places of a line, then those in odd ones.
fn part(line: &[f64], halves: &mut [f64]) {
    let (even, odd) = halves.split_at_mut(line.len() - line.len() / 2);
    for (pair, value) in line.chunks(2).zip(even) {
        *value = pair[0];
    }
    for (pair, value) in line.chunks_exact(2).zip(odd) {
        *value = pair[1];
    }
}

fn interleave(halves: &[f64], line: &mut [f64]) {
    let (even, odd) = halves.split_at(halves.len() - halves.len() / 2);
    for (pair, value) in line.chunks_mut(2).zip(even) {
        pair[0] = *value;
    }
    for (pair, value) in line.chunks_exact_mut(2).zip(odd) {
        pair[1] = *value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_undone_in_every_shape() {
        for lengths in [[9, 9, 1], [70, 13, 1], [9, 40, 17], [20, 20, 40], [12, 8, 30]] {
            let count: u32 = lengths.iter().product();
            let plain: Vec<f64> = (0..count).map(|at| f64::from(at * at % 71)).collect();
            let mut elements = plain.clone();
            forward(&mut elements, lengths);
            assert!(elements.iter().zip(&plain).any(|(a, b)| (a - b).abs() > 1.0), "{lengths:?}");
            inverse(&mut elements, lengths);
            assert!(elements.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-9), "{lengths:?}");
        }
    }
}
