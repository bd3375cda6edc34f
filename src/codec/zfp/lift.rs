//! The transforms of four numbers, there and back.

/// Makes four numbers of four, both of so many bits.
pub(super) type Lift = fn([i64; 4], u32) -> [i64; 4];

/// Cuts a number down to its width.
pub(super) fn fit(number: i64, width: u32) -> i64 {
    number << (64 - width) >> (64 - width)
}

/// The mean of two numbers, whose sum wraps around.
fn mean(a: i64, b: i64, width: u32) -> i64 {
    fit(a.wrapping_add(b), width) >> 1
}

/// zfp's decorrelating transform: sums are halved, so that their last bit is lost.
pub(super) fn lift([x, y, z, w]: [i64; 4], width: u32) -> [i64; 4] {
    let x = mean(x, w, width);
    let w = w.wrapping_sub(x);
    let z = mean(z, y, width);
    let y = y.wrapping_sub(z);
    let x = mean(x, z, width);
    let z = z.wrapping_sub(x);
    let w = mean(w, y, width);
    let y = fit(y.wrapping_sub(w), width);
    let w = fit(w.wrapping_add(y >> 1), width);
    let y = y.wrapping_sub(w >> 1);
    [x, y, z, w].map(|number| fit(number, width))
}

/// The inverse of [`lift`], up to rounding.
pub(super) fn unlift([x, y, z, w]: [i64; 4], width: u32) -> [i64; 4] {
    let y = fit(y.wrapping_add(w >> 1), width);
    let w = w.wrapping_sub(y >> 1);
    let y = y.wrapping_add(w);
    let w = w.wrapping_sub(y.wrapping_sub(w));
    let z = z.wrapping_add(x);
    let x = x.wrapping_sub(z.wrapping_sub(x));
    let y = y.wrapping_add(z);
    let z = z.wrapping_sub(y.wrapping_sub(z));
    let w = w.wrapping_add(x);
    let x = x.wrapping_sub(w.wrapping_sub(x));
    [x, y, z, w].map(|number| fit(number, width))
}

/// The transform of the reversible mode: differences, differences of these, and once more.
pub(super) fn lift_reversibly([x, y, z, w]: [i64; 4], width: u32) -> [i64; 4] {
    let (y, z, w) = (y.wrapping_sub(x), z.wrapping_sub(y), w.wrapping_sub(z));
    let (z, w) = (z.wrapping_sub(y), w.wrapping_sub(z));
    let w = w.wrapping_sub(z);
    [x, y, z, w].map(|number| fit(number, width))
}

/// The inverse of [`lift_reversibly`]: sums in place of differences.
pub(super) fn unlift_reversibly([x, y, z, w]: [i64; 4], width: u32) -> [i64; 4] {
    let w = w.wrapping_add(z);
    let z = z.wrapping_add(y);
    let w = w.wrapping_add(z);
    let y = y.wrapping_add(x);
    let z = z.wrapping_add(y);
    let w = w.wrapping_add(z);
    [x, y, z, w].map(|number| fit(number, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: i64 = -0x8000_0000;
    const MOST: i64 = 0x7fff_ffff;

    const SAMPLES: [[i64; 4]; 5] = [
        [0, 16, 32, 48],
        [-5, 700, 3, -1],
        [1 << 20, -(1 << 21), 12345, -54321],
        [LEAST, MOST, LEAST, -1],
        [MOST, MOST, LEAST, LEAST],
    ];

    #[test]
    fn the_reversible_transform_is_undone_even_where_differences_wrap_around() {
        for numbers in SAMPLES {
            for width in [32, 64] {
                assert_eq!(unlift_reversibly(lift_reversibly(numbers, width), width), numbers);
            }
        }
        assert_eq!(lift_reversibly([1, 2, 4, 8], 32), [1, 1, 1, 1]);
        assert_eq!(lift_reversibly(SAMPLES[4], 32), [MOST, 0, 1, -2]);
    }

    #[test]
    fn the_other_one_is_undone_up_to_rounding() {
        for numbers in &SAMPLES[..3] {
            for width in [32, 64] {
                let back = unlift(lift(*numbers, width), width);
                assert!(back.iter().zip(numbers).all(|(a, b)| (a - b).abs() <= 4), "{back:?} of {numbers:?}");
            }
        }
        assert_eq!(lift([0, 16, 32, 48], 32), [24, -16, 0, 0]);
        // Sums of 32 bits wrap around before they are halved.
        assert_eq!(lift([MOST, 0, 0, 1], 32)[0], LEAST >> 2);
    }
}
