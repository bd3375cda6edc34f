//! Datatypes made by the program rather than read from a file.

use super::{
    Bits, Charset, Class, Datatype, FixedPoint, FloatingPoint, Member, Normalization, Order, Padding,
};

/// The version that types without newer features are written with.
pub(crate) const PLAIN_VERSION: u8 = 1;

impl FloatingPoint {
    /// Makes a number of the lowest bits of its word: the mantissa, the exponent, the sign, with the bias that IEEE 754
    /// has for such an exponent and with the mantissa's highest bit implied.
    ///
    /// Exponents have at most 32 bits, and all three at most 255.
    ///
    /// ```
    /// use h5::types::{Datatype, stored::{FloatingPoint, Order}};
    /// # fn main() -> h5::Result<()> {
    /// let float8_e4m3 = Datatype::floating_point(1, FloatingPoint::packed(Order::Little, 4, 3))?;
    /// assert_eq!(float8_e4m3.numbers::<f32>(&[0x38, 0xc4])?, [1.0, -3.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn packed(order: Order, exponent_size: u8, mantissa_size: u8) -> Self {
        let sign = exponent_size.saturating_add(mantissa_size);
        let precision = u16::from(exponent_size) + u16::from(mantissa_size) + 1;
        let bits = Bits { order, offset: 0, precision, low_padding: false, high_padding: false };
        FloatingPoint {
            bits,
            inner_padding: false,
            normalization: Normalization::Implied,
            sign,
            exponent: mantissa_size,
            exponent_size,
            mantissa: 0,
            mantissa_size,
            bias: u32::MAX.checked_shr(33_u32.saturating_sub(exponent_size.into())).unwrap_or(0),
        }
    }
}

impl Member {
    /// The type of the member with the sizes that only version 1 has beside it.
    pub(crate) fn whole_type(&self) -> Datatype {
        Datatype::array_of(&self.dims, &self.datatype)
    }
}

impl Datatype {
    /// An integer that fills its `size` bytes.
    pub(crate) fn integer(size: u8, signed: bool, order: Order) -> Self {
        let class = Class::FixedPoint(FixedPoint { bits: Bits::whole(order, size), signed });
        Datatype { version: PLAIN_VERSION, size: u32::from(size), class }
    }

    /// An IEEE 754 number of 2, 4, 8 or 16 bytes.
    pub(crate) fn float(size: u8, order: Order) -> Self {
        let (exponent_size, mantissa_size) = match size {
            2 => (5, 10),
            4 => (8, 23),
            8 => (11, 52),
            _ => (15, 112),
        };
        let class = Class::FloatingPoint(FloatingPoint::packed(order, exponent_size, mantissa_size));
        Datatype { version: PLAIN_VERSION, size: u32::from(size), class }
    }

    /// A string of any length; `element_size` is what one takes in the dataset: 4 + O + 4 bytes.
    pub(crate) fn variable_string(charset: Charset, element_size: u32) -> Self {
        // To libhdf5 a variable-length string is a sequence of unsigned bytes.
        let base = Box::new(Datatype::integer(1, false, Order::Little));
        let class = Class::VariableString { padding: Padding::NullTerminated, charset, base };
        Datatype { version: PLAIN_VERSION, size: element_size, class }
    }

    /// An array of this shape; without any axis, the base itself.
    pub(crate) fn array_of(dims: &[u32], base: &Datatype) -> Self {
        if dims.is_empty() {
            return base.clone();
        }
        let size = dims.iter().fold(base.size, |size, &dim| size.saturating_mul(dim));
        let class = Class::Array { dims: dims.to_vec(), base: Box::new(base.clone()) };
        Datatype { version: PLAIN_VERSION, size, class }
    }

    /// h5py's boolean: an enumeration of FALSE and TRUE over a signed byte.
    pub(crate) fn boolean() -> Self {
        let base = Box::new(Datatype::integer(1, true, Order::Little));
        let members = vec![(b"FALSE".to_vec(), vec![0]), (b"TRUE".to_vec(), vec![1])];
        Datatype { version: PLAIN_VERSION, size: 1, class: Class::Enumeration { base, members } }
    }

    /// Whether this is h5py's boolean, in whichever version of the message.
    pub(crate) fn is_boolean(&self) -> bool {
        let Class::Enumeration { members, base } = &self.class else { return false };
        let Class::Enumeration { members: expected, base: byte } = Datatype::boolean().class else {
            return false;
        };
        *members == expected && base.size == byte.size && base.class == byte.class
    }

    /// A complex number as h5py stores it: a compound of `r` and `i`.
    pub(crate) fn complex_pair(part: &Datatype) -> Option<Self> {
        let member = |name: &[u8], offset| Member {
            name: name.to_vec(),
            offset,
            dims: Vec::new(),
            datatype: part.clone(),
        };
        let class = Class::Compound(vec![member(b"r", 0), member(b"i", part.size)]);
        Some(Datatype { version: PLAIN_VERSION, size: part.size.checked_mul(2)?, class })
    }

    /// Returns the byte order if this is exactly the IEEE 754 number of its 2, 4 or 8 bytes.
    pub fn ieee_order(&self) -> Option<Order> {
        let Class::FloatingPoint(number) = &self.class else { return None };
        let size = u8::try_from(self.size).ok().filter(|size| matches!(size, 2 | 4 | 8))?;
        let Class::FloatingPoint(ieee) = Datatype::float(size, number.bits.order).class else { return None };
        (ieee == *number && number.bits.order != Order::Vax).then_some(number.bits.order)
    }
}
