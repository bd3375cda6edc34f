//! What the errors of a context were so far: from it come the code of the next one and the bias of its prediction
//! (ITU-T T.87, A.5.1, A.6, A.7.2).

use super::parameters::Parameters;

/// A context of samples that are predicted from their neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Sum of the errors' sizes.
    sum: i32,
    /// Sum of the errors, reduced to what the correction leaves of it.
    bias: i32,
    /// What is added to a prediction.
    pub(super) correction: i32,
    count: i32,
}

/// Bounds of the correction.
const CORRECTION: (i32, i32) = (-128, 127);

impl Context {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Context { sum: parameters.first_sum(), bias: 0, correction: 0, count: 1 }
    }

    pub(super) fn code(&self) -> u32 {
        code(self.count, self.sum)
    }

    /// Tells whether negative errors are the likelier ones, so that they have the shorter codes.
    pub(super) fn is_negative(&self) -> bool {
        2 * self.bias <= -self.count
    }

    pub(super) fn update(&mut self, error: i32, parameters: &Parameters) {
        self.sum += error.abs();
        self.bias += error * (2 * parameters.near + 1);
        if self.count == parameters.reset {
            self.sum >>= 1;
            self.bias >>= 1;
            self.count >>= 1;
        }
        self.count += 1;
        if self.bias <= -self.count {
            self.correction = CORRECTION.0.max(self.correction - 1);
            self.bias = (self.bias + self.count).max(1 - self.count);
        } else if self.bias > 0 {
            self.correction = CORRECTION.1.min(self.correction + 1);
            self.bias = (self.bias - self.count).min(0);
        }
    }
}

/// A context of samples that end a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunContext {
    /// 1 if the neighbours left and above are alike, else 0.
    alike: i32,
    sum: i32,
    count: i32,
    negative: i32,
}

impl RunContext {
    pub(super) fn new(alike: bool, parameters: &Parameters) -> Self {
        RunContext { alike: alike.into(), sum: parameters.first_sum(), count: 1, negative: 0 }
    }

    pub(super) fn code(&self) -> u32 {
        code(self.count, self.sum + self.alike * (self.count >> 1))
    }

    /// The number that stands for an error in this code.
    pub(super) fn coded(&self, error: i32, code: u32) -> i32 {
        let is_turned = code != 0 || 2 * self.negative >= self.count;
        let odd = error != 0 && (error < 0) == is_turned;
        2 * error.abs() - self.alike - i32::from(odd)
    }

    /// The error for which `coded` stands in this code.
    pub(super) fn update(&mut self, coded: i32, code: u32, parameters: &Parameters) -> i32 {
        let doubled = coded + self.alike;
        let odd = doubled & 1;
        let is_negative = (code != 0 || 2 * self.negative >= self.count) == (odd != 0);
        self.negative += i32::from(is_negative && doubled != 0);
        self.sum += (coded + 1 - self.alike) >> 1;
        if self.count == parameters.reset {
            self.sum >>= 1;
            self.count >>= 1;
            self.negative >>= 1;
        }
        self.count += 1;
        let size = (doubled + odd) / 2;
        if is_negative { -size } else { size }
    }
}

/// The number of low bits that are stored as they are.
fn code(count: i32, sum: i32) -> u32 {
    (0..u32::BITS - 2).find(|&bits| i64::from(count) << bits >= i64::from(sum)).unwrap_or(u32::BITS - 2)
}
