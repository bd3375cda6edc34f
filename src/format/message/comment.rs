//! The object comment message: a text about the object.
//!
//! Specification 4.0, IV.A.2.n.
//!
//! ```text
//!  0  .  the text, NUL-terminated
//! ```

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comment(pub(crate) Vec<u8>);

impl Wire for Comment {
    const STRUCTURE: Structure = Structure::Comment;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        Ok(Comment(r.c_string()?.to_vec()))
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(self.0.len() + 1)
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.put(&self.0);
        w.u8(0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples};

    impl Samples for Comment {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("a text", Sizes::EIGHT, b"calibrated\0".to_vec())]
        }
    }
}
