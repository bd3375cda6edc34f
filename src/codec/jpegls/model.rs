//! What a scan has learned of its samples, which its two directions share (ITU-T T.87, annex A).

use super::context::{Context, RunContext};
use super::parameters::Parameters;

/// By the length of the runs before: two to this power are the samples that a bit stands for.
pub(super) const RUNS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Of three gradients with nine regions each, those that differ in sign being one.
const CONTEXTS: usize = 365;

/// A line of pixels, with one more on either side of it.
pub(super) type Line<const N: usize> = Vec<[i32; N]>;

pub(super) struct Model<'a> {
    pub(super) parameters: &'a Parameters,
    pub(super) contexts: [Context; CONTEXTS],
    pub(super) runs: [RunContext; 2],
}

/// What is expected of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prediction {
    /// The context's number, and what errors in it are multiplied by.
    pub(super) number: usize,
    pub(super) sign: i32,
    pub(super) sample: i32,
    pub(super) code: u32,
    /// The codes of negative and of other errors change places.
    pub(super) turned: bool,
}

impl<'a> Model<'a> {
    pub(super) fn new(parameters: &'a Parameters) -> Self {
        Model {
            parameters,
            contexts: [Context::new(parameters); CONTEXTS],
            runs: [false, true].map(|alike| RunContext::new(alike, parameters)),
        }
    }

    /// The contexts of a pixel by its neighbours, one for each component.
    pub(super) fn contexts_of<const N: usize>(&self, above: &Line<N>, line: &Line<N>, at: usize) -> [i32; N] {
        let (left, up_left, up, up_right) = (line[at - 1], above[at - 1], above[at], above[at + 1]);
        std::array::from_fn(|i| {
            let gradients = [up_right[i] - up[i], up[i] - up_left[i], up_left[i] - left[i]];
            gradients.iter().fold(0, |context, &gradient| 9 * context + self.parameters.quantize(gradient))
        })
    }

    pub(super) fn predict(&self, context: i32, left: i32, up: i32, up_left: i32) -> Prediction {
        let sign = if context < 0 { -1 } else { 1 };
        let number = context.unsigned_abs() as usize;
        let context = &self.contexts[number];
        let sample = median(left, up, up_left) + sign * context.correction;
        let code = context.code();
        let turned = code == 0 && self.parameters.near == 0 && context.is_negative();
        Prediction { number, sign, sample: sample.clamp(0, self.parameters.largest), code, turned }
    }

    /// Learns the error of a sample; returns what the sample becomes by it.
    pub(super) fn learn(&mut self, prediction: Prediction, error: i32) -> i32 {
        self.contexts[prediction.number].update(error, self.parameters);
        self.parameters.sample(prediction.sample, prediction.sign * error)
    }

    /// Tells whether the pixel that ends a run is one of those between two that are alike.
    pub(super) fn is_alike(&self, left: i32, up: i32, is_single: bool) -> bool {
        is_single && (left - up).abs() <= self.parameters.near
    }

    /// The most bits of the sample that ends a run.
    pub(super) fn run_limit(&self, run: usize) -> Option<u32> {
        self.parameters.limit.checked_sub(RUNS[run] + 1)
    }

    /// The sample that ends a run with this error.
    pub(super) fn end_of_run(&self, left: i32, up: i32, alike: bool, error: i32) -> i32 {
        match alike {
            true => self.parameters.sample(left, error),
            false => self.parameters.sample(up, direction(left, up) * error),
        }
    }
}

/// A direction: samples from bits, or bits for samples, which become what they will be decoded to.
pub(super) trait Side<'a> {
    fn model(&self) -> &Model<'a>;

    /// A sample predicted from its left, upper and upper left neighbours; in the end it is what is returned.
    fn regular(&mut self, context: i32, neighbours: [i32; 3], sample: i32) -> Option<i32>;

    /// Pixels that are like the one left of `at`, and the one that ends them unless the line does; returns how many.
    fn run<const N: usize>(
        &mut self,
        above: &[[i32; N]],
        line: &mut [[i32; N]],
        at: usize,
        run: &mut usize,
    ) -> Option<usize>;

    /// A line of pixels by the one above; `None` if the bits do not hold together, or for parameters that no line can have.
    fn line<const N: usize>(
        &mut self,
        above: &mut Line<N>,
        line: &mut Line<N>,
        run: &mut usize,
    ) -> Option<()> {
        let width = set_edges(above, line)?;
        let mut at = 1;
        while at <= width {
            let contexts = self.model().contexts_of(above, line, at);
            if contexts == [0; N] {
                at += self.run(above, line, at, run)?;
                continue;
            }
            for i in 0..N {
                let neighbours = [line[at - 1][i], above[at][i], above[at - 1][i]];
                line[at][i] = self.regular(contexts[i], neighbours, line[at][i])?;
            }
            at += 1;
        }
        Some(())
    }
}

/// What errors of the sample that ends a run are multiplied by.
pub(super) fn direction(left: i32, up: i32) -> i32 {
    if up < left { -1 } else { 1 }
}

/// Sets the pixels on either side of a line and of the one above.
fn set_edges<const N: usize>(above: &mut Line<N>, line: &mut Line<N>) -> Option<usize> {
    let width = line.len().checked_sub(2)?;
    above[width + 1] = above[width];
    line[0] = above[1];
    Some(width)
}

/// The prediction: the smaller or the larger neighbour at an edge, else the plane through all three.
fn median(left: i32, up: i32, up_left: i32) -> i32 {
    let (least, most) = (left.min(up), left.max(up));
    (left + up - up_left).clamp(least, most)
}
