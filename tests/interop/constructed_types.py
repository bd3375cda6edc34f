"""Types that were put together: constructed_types.py FILE

Fails unless every type of FILE is the one of this list, committed where it should be, with its values.
"""

import sys

import h5py
import numpy as np
from h5py import h5t

TEXTS = ["one", "größer"]


def changed(base, size=None, precision=None, offset=None):
    made = base.copy()
    if size is not None:
        made.set_size(size)
    if precision is not None:
        made.set_precision(precision)
    if offset is not None:
        made.set_offset(offset)
    return made


def floating(size, exponent, mantissa, bias, order=h5t.ORDER_LE):
    made = h5t.IEEE_F64LE.copy()
    made.set_fields(exponent + mantissa, mantissa, exponent, 0, mantissa)
    made.set_precision(exponent + mantissa + 1)
    made.set_size(size)
    made.set_ebias(bias)
    made.set_order(order)
    return made


def string(size, padding, charset):
    made = h5t.C_S1.copy()
    made.set_size(size)
    made.set_strpad(padding)
    made.set_cset(charset)
    return made


def compound(size, *members):
    made = h5t.create(h5t.COMPOUND, size)
    for name, offset, member in members:
        made.insert(name.encode(), offset, member)
    return made


def enumeration(base, members):
    made = h5t.enum_create(base)
    for name, value in members.items():
        made.enum_insert(name.encode(), value)
    return made


def opaque(size, tag):
    made = h5t.create(h5t.OPAQUE, size)
    made.set_tag(tag)
    return made


def types():
    """The type of each name."""
    yield "i24", changed(h5t.STD_I32BE, 3, 24)
    yield "u128", changed(h5t.STD_U64LE, 16, 128)
    yield "narrow", changed(h5t.STD_I32LE, None, 17, 3)
    yield "f16", h5t.IEEE_F16BE
    yield "f32", h5t.IEEE_F32LE
    yield "f64", h5t.IEEE_F64BE
    yield "f128", floating(16, 15, 112, 16383)
    yield "bfloat16", floating(2, 8, 7, 127, h5t.ORDER_BE)
    yield "f8e4m3", floating(1, 4, 3, 7)
    yield "f6e2m3", floating(1, 2, 3, 1)
    yield "bits", h5t.STD_B16BE
    yield "narrow bits", changed(h5t.STD_B16LE, None, 9, 2)
    yield "opaque", opaque(4, b"a tag")
    yield "null-padded", string(7, h5t.STR_NULLPAD, h5t.CSET_ASCII)
    yield "space-padded", string(5, h5t.STR_SPACEPAD, h5t.CSET_UTF8)
    yield "null-terminated", string(9, h5t.STR_NULLTERM, h5t.CSET_UTF8)
    text = string(h5t.VARIABLE, h5t.STR_NULLTERM, h5t.CSET_UTF8)
    yield "text", text
    yield "ascii", string(h5t.VARIABLE, h5t.STR_NULLTERM, h5t.CSET_ASCII)
    inner = compound(9, ("x", 0, h5t.IEEE_F64LE), ("y", 8, h5t.STD_U8LE))
    shorts = h5t.array_create(h5t.STD_U16LE, (2,))
    yield "compound", compound(24, ("a", 0, h5t.STD_I16LE), ("b", 3, inner), ("c", 16, shorts))
    yield "enum", enumeration(h5t.STD_I16BE, {"red": -2, "green": 0, "blue": 300})
    yield "bool", h5t.py_create(np.dtype(bool), logical=True)
    matrix = h5t.array_create(h5t.STD_U16LE, (2, 3))
    yield "array", matrix
    yield "arrays", h5t.array_create(h5t.array_create(h5t.STD_U8LE, (2,)), (3,))
    yield "sequence", h5t.vlen_create(h5t.IEEE_F32LE)
    record = compound(18, ("number", 0, h5t.STD_U16LE), ("text", 2, text))
    yield "records", h5t.vlen_create(record)
    yield "nested", h5t.vlen_create(h5t.vlen_create(h5t.STD_U8LE))
    yield "time", h5t.UNIX_D32LE
    yield "pair", compound(16, ("r", 0, h5t.IEEE_F64LE), ("i", 8, h5t.IEEE_F64LE))


def raw(elements):
    """Two elements as they are stored, from the beginning of the numbers 1, 2, 3..."""
    datatype = elements.get_type()
    size = datatype.get_size()
    found = np.empty((2, size), "u1")
    if isinstance(elements, h5py.h5a.AttrID):
        elements.read(found, mtype=datatype)
    else:
        elements.read(h5py.h5s.ALL, h5py.h5s.ALL, found, mtype=datatype)
    return found


def check_values(name, elements, read):
    datatype = elements.get_type()
    if name in ("text", "ascii"):
        expected = TEXTS if name == "text" else ["one", "two"]
        assert [text.decode() if isinstance(text, bytes) else text for text in read()] == expected, name
    elif name == "sequence":
        assert [list(sequence) for sequence in read()] == [[0.5, -2.0], []], name
    elif name == "records":
        found = [[(int(one["number"]), one["text"].decode()) for one in sequence] for sequence in read()]
        assert found == [list(enumerate(TEXTS)), []], found
    elif name == "nested":
        assert [[list(one) for one in sequence] for sequence in read()] == [[[1, 2, 3], [], [4]], []], name
    else:
        size = datatype.get_size()
        expected = (np.arange(2 * size, dtype="u1") + 1).reshape(2, size)
        if name == "bool":
            expected = np.array([[0], [1]], "u1")
        assert np.array_equal(raw(elements), expected), (name, raw(elements))


def same_type(name, elements, expected, committed):
    found = elements.get_type()
    assert found == expected, (name, found.get_class(), found.get_size(), expected.get_size())
    assert found.committed() == committed, name


def main(path):
    compared = 0
    with h5py.File(path, "r") as file:
        for name, expected in types():
            named = file["types"][name]
            assert isinstance(named, h5py.Datatype) and named.id == expected, name
            assert h5py.h5o.get_info(named.id).rc == 3, name
            for group, committed in [("own", False), ("shared", True)]:
                dataset = file[group][name]
                same_type(name, dataset.id, expected, committed)
                attribute = h5py.h5a.open(dataset.id, b"same")
                same_type(name, attribute, expected, committed)
                if name == "time":
                    # numpy has no such type; the bytes are compared all the same.
                    check_values(name, dataset.id, None)
                    continue
                check_values(name, dataset.id, lambda: dataset[()])
                check_values(name, attribute, lambda: dataset.attrs["same"])
            compared += 1
        assert set(file["types"]) == {name for name, _ in types()}
    print(compared)


main(*sys.argv[1:])
