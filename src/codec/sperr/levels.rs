//! How often the wavelet transform halved each axis; the coder of the coefficients follows the same levels.

/// An axis is halved while it has at least this many elements, and no more often than [`MOST`].
const SHORTEST: u32 = 9;
const MOST: u32 = 6;

/// The lengths of a box of elements; the axis whose elements lie side by side comes first.
pub(super) type Lengths = [u32; 3];

/// The levels of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Levels {
    /// All three axes were halved together, so often.
    Together(u32),
    /// The first two were halved together, the third for itself.
    Apart { plane: u32, depth: u32 },
}

impl Levels {
    pub(super) fn new([x, y, z]: Lengths) -> Self {
        let (plane, depth) = (halvings(x.min(y)), halvings(z));
        let alike = plane == depth || (plane >= 5 && depth >= 5);
        match y > 1 && z > 1 && alike {
            true => Levels::Together(plane.min(depth)),
            false => Levels::Apart { plane, depth },
        }
    }
}

fn halvings(length: u32) -> u32 {
    let long = (0..MOST).take_while(|&level| coarse(length, level) >= SHORTEST);
    long.map(|level| level + 1).last().unwrap_or(0)
}

/// What is left of an axis when its finer half was split off `level` times.
pub(super) fn coarse(length: u32, level: u32) -> u32 {
    (0..level).fold(length, |length, _| length - length / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_halved_down_to_less_than_nine() {
        assert_eq!([1, 8, 9, 16, 17, 18, 512, 100_000].map(halvings), [0, 0, 1, 1, 2, 2, 6, 6]);
        assert_eq!((coarse(17, 1), coarse(17, 2), coarse(1, 5)), (9, 5, 1));
    }

    #[test]
    fn axes_of_like_length_go_together() {
        assert_eq!(Levels::new([16, 40, 9]), Levels::Together(1));
        assert_eq!(Levels::new([16, 40, 17]), Levels::Apart { plane: 1, depth: 2 });
        assert_eq!(Levels::new([300, 300, 140]), Levels::Together(5));
        assert_eq!(Levels::new([40, 40, 1]), Levels::Apart { plane: 3, depth: 0 });
    }
}
