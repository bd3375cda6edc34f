//! Types in words.

use h5::types::stored::{
    Bits, Charset, Class, Datatype, FloatingPoint, Member, Normalization, Order, Padding, Reference,
};
use serde_json::{Value, json};

use super::encode::whole_integer;
use super::{Fields, Outcome, Unreadable, put, text};

/// Describes a type. Types nest only as deep as the library let them be read.
pub(super) fn describe(datatype: &Datatype) -> Outcome<Value> {
    let mut fields = Fields::new();
    put(&mut fields, "class", class_name(&datatype.class));
    let size = datatype.size;
    match &datatype.class {
        Class::FixedPoint(number) => {
            put(&mut fields, "size", size);
            put(&mut fields, "order", order(number.bits.order));
            put(&mut fields, "signed", number.signed);
            bits(&number.bits, size, &mut fields);
        }
        Class::FloatingPoint(number) => float(datatype, number, &mut fields),
        Class::Time { order: stored, .. } => {
            put(&mut fields, "size", size);
            put(&mut fields, "order", order(*stored));
        }
        Class::BitField(stored) => {
            put(&mut fields, "size", size);
            put(&mut fields, "order", order(stored.order));
            bits(stored, size, &mut fields);
        }
        Class::String { padding, charset } => string(json!(size), *padding, *charset, &mut fields),
        Class::VariableString { padding, charset, .. } => {
            string(json!("vlen"), *padding, *charset, &mut fields);
        }
        Class::Opaque { tag } => {
            put(&mut fields, "size", size);
            put(&mut fields, "tag", text(until_nul(tag)));
        }
        Class::Reference(kind) => put(&mut fields, "ref", reference(*kind)),
        Class::Compound(_) | Class::Complex(_) => {
            put(&mut fields, "size", memory_size(datatype));
            nested(datatype, &mut fields)?;
        }
        Class::Enumeration { .. } | Class::Sequence(_) | Class::Array { .. } => {
            nested(datatype, &mut fields)?
        }
    }
    Ok(Value::Object(fields))
}

/// Puts in what a type of other types has of them.
fn nested(datatype: &Datatype, fields: &mut Fields) -> Outcome<()> {
    match &datatype.class {
        Class::Compound(members) => {
            let offsets = memory_offsets(members);
            let described = members.iter().zip(offsets).map(|(member, offset)| named(member, offset));
            put(fields, "members", described.collect::<Outcome<Vec<Value>>>()?);
        }
        Class::Enumeration { base, members } => {
            put(fields, "base", describe(base)?);
            let value = |(name, value): &(Vec<u8>, Vec<u8>)| {
                Ok(json!({ "name": text(name), "value": enumerated(base, value)? }))
            };
            put(fields, "members", members.iter().map(value).collect::<Outcome<Vec<Value>>>()?);
        }
        Class::Array { dims, base } => {
            put(fields, "dims", dims.clone());
            put(fields, "base", describe(base)?);
        }
        Class::Sequence(base) | Class::Complex(base) => put(fields, "base", describe(base)?),
        _ => {}
    }
    Ok(())
}

fn class_name(class: &Class) -> &'static str {
    match class {
        Class::FixedPoint(_) => "integer",
        Class::FloatingPoint(_) => "float",
        Class::Time { .. } => "time",
        Class::String { .. } | Class::VariableString { .. } => "string",
        Class::BitField(_) => "bitfield",
        Class::Opaque { .. } => "opaque",
        Class::Compound(_) => "compound",
        Class::Reference(_) => "reference",
        Class::Enumeration { .. } => "enum",
        Class::Sequence(_) => "vlen",
        Class::Array { .. } => "array",
        Class::Complex(_) => "complex",
    }
}

fn order(order: Order) -> &'static str {
    match order {
        Order::Little => "le",
        Order::Big => "be",
        Order::Vax => "vax",
    }
}

fn reference(kind: Reference) -> &'static str {
    match kind {
        Reference::Object => "object",
        Reference::Region => "region",
        Reference::Standard { .. } => "std",
    }
}

/// Puts in precision and offset where not all bits count.
fn bits(bits: &Bits, size: u32, fields: &mut Fields) {
    if u64::from(bits.precision) != u64::from(size) * 8 || bits.offset != 0 {
        put(fields, "precision", bits.precision);
        put(fields, "offset", bits.offset);
    }
}

fn float(datatype: &Datatype, number: &FloatingPoint, fields: &mut Fields) {
    put(fields, "size", datatype.size);
    put(fields, "order", order(number.bits.order));
    if datatype.ieee_order().is_some() {
        put(fields, "ieee", u64::from(datatype.size) * 8);
        return;
    }
    bits(&number.bits, datatype.size, fields);
    put(fields, "sign_pos", number.sign);
    put(fields, "exp_pos", number.exponent);
    put(fields, "exp_size", number.exponent_size);
    put(fields, "exp_bias", number.bias);
    put(fields, "man_pos", number.mantissa);
    put(fields, "man_size", number.mantissa_size);
    let normalization = match number.normalization {
        Normalization::Implied => "implied",
        Normalization::Stored => "msbset",
        _ => "none",
    };
    put(fields, "norm", normalization);
}

fn string(size: Value, padding: Padding, charset: Charset, fields: &mut Fields) {
    put(fields, "size", size);
    put(fields, "cset", if charset == Charset::Ascii { "ascii" } else { "utf8" });
    let padding = match padding {
        Padding::NullTerminated => "nullterm",
        Padding::NullPadded => "nullpad",
        Padding::SpacePadded => "spacepad",
    };
    put(fields, "pad", padding);
}

fn named(member: &Member, offset: u64) -> Outcome<Value> {
    let mut described = describe(&member.datatype)?;
    if !member.dims.is_empty() {
        described = json!({ "class": "array", "dims": member.dims, "base": described });
    }
    Ok(json!({ "name": text(&member.name), "offset": offset, "type": described }))
}

/// The bytes of an element whose sequences, texts of any length and references are as large as in the memory of libhdf5,
/// which tells sizes and offsets that way. All else is as it is stored.
fn memory_size(datatype: &Datatype) -> u64 {
    match &datatype.class {
        Class::Sequence(_) => 16,
        Class::VariableString { .. } => 8,
        Class::Reference(kind) => super::reference::memory(*kind),
        Class::Array { dims, base } => {
            dims.iter().fold(memory_size(base), |size, &dim| size.saturating_mul(u64::from(dim)))
        }
        Class::Compound(members) => members.iter().fold(u64::from(datatype.size), |size, member| {
            size.saturating_add(memory_size(&member.datatype)).saturating_sub(u64::from(member.datatype.size))
        }),
        _ => u64::from(datatype.size),
    }
}

/// Where members begin there: what comes before them may have another size.
fn memory_offsets(members: &[Member]) -> Vec<u64> {
    let mut by_offset: Vec<usize> = (0..members.len()).collect();
    by_offset.sort_by_key(|&index| members[index].offset);
    let mut offsets = vec![0; members.len()];
    let (mut more, mut less) = (0u64, 0u64);
    for index in by_offset {
        let member = &members[index];
        offsets[index] = u64::from(member.offset).saturating_add(more).saturating_sub(less);
        more = more.saturating_add(memory_size(&member.datatype));
        less = less.saturating_add(u64::from(member.datatype.size));
    }
    offsets
}

fn enumerated(base: &Datatype, value: &[u8]) -> Outcome<Value> {
    let Some(integer) = whole_integer(base, value) else {
        return Err(Unreadable::new("an enumeration wider than 16 bytes"));
    };
    Ok(super::show::integer(integer, matches!(&base.class, Class::FixedPoint(number) if number.signed)))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}
