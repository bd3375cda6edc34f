"""Types that were put together: constructed_types.py types FILE | regions FILE | newest FILE | narrow FILE

`types` fails unless every type of FILE is the one of this list, committed where it should be, with its values;
`regions` unless its region references select what they should; `newest` is about what came after h5py's own bindings,
by way of the C library that they are made for; `narrow` prints a record of a file with addresses of four bytes.
"""

import ctypes
import pathlib
import sys

import h5py
import numpy as np
from h5py import h5t

# The C library that h5py uses.
LIBRARY = ctypes.CDLL(str(next((pathlib.Path(h5py.__file__).parent.parent / "h5py.libs").glob("libhdf5-*"))))
TEXTS = ["one", "größer"]
TARGET = np.arange(20, dtype="i4").reshape(4, 5)


def changed(base, size=None, precision=None, offset=None):
    made = base.copy()
    # h5py does this for numbers only, and not for bit fields.
    for change, value in [("H5Tset_size", size), ("H5Tset_precision", precision), ("H5Tset_offset", offset)]:
        if value is not None:
            assert getattr(LIBRARY, change)(ctypes.c_int64(made.id), ctypes.c_size_t(value)) >= 0, change
    return made


def floating(size, exponent, mantissa, bias, order=h5t.ORDER_LE):
    made = h5t.IEEE_F64LE.copy()
    if size > 8:
        made.set_size(size)
        made.set_precision(8 * size)
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
    # In memory a text takes the 8 bytes of a pointer.
    record = compound(10, ("number", 0, h5t.STD_U16LE), ("text", 2, text))
    yield "records", h5t.vlen_create(record)
    yield "nested", h5t.vlen_create(h5t.vlen_create(h5t.STD_U8LE))
    yield "object", h5t.STD_REF_OBJ
    yield "region", h5t.STD_REF_DSETREG
    yield "time", h5t.UNIX_D32LE
    yield "pair", compound(16, ("r", 0, h5t.IEEE_F64LE), ("i", 8, h5t.IEEE_F64LE))


def raw(elements):
    """Two elements as they are stored, from the beginning of the numbers 1, 2, 3..."""
    datatype = elements.get_type()
    size = datatype.get_size()
    found = np.empty(2, f"V{size}")
    if isinstance(elements, h5py.h5a.AttrID):
        elements.read(found, mtype=datatype)
    else:
        elements.read(h5py.h5s.ALL, h5py.h5s.ALL, found, mtype=datatype)
    return found.view("u1").reshape(2, size)


class Sequence(ctypes.Structure):
    """An element of variable length in memory."""

    _fields_ = [("len", ctypes.c_size_t), ("elements", ctypes.c_void_p)]


def sequences(elements, count):
    """Sequences as the C library has them in memory."""
    found = (Sequence * count)()
    id, kind = ctypes.c_int64(elements.id), elements.get_type()
    if isinstance(elements, h5py.h5a.AttrID):
        assert LIBRARY.H5Aread(id, ctypes.c_int64(kind.id), found) >= 0
    else:
        everything = (ctypes.c_int64(0), ctypes.c_int64(0), ctypes.c_int64(0))
        assert LIBRARY.H5Dread(id, ctypes.c_int64(kind.id), *everything, found) >= 0
    return found


def check_values(name, elements, read):
    datatype = elements.get_type()
    if name in ("text", "ascii"):
        expected = TEXTS if name == "text" else ["one", "two"]
        assert [text.decode() if isinstance(text, bytes) else text for text in read()] == expected, name
    elif name == "sequence":
        assert [list(sequence) for sequence in read()] == [[0.5, -2.0], []], name
    elif name == "records":
        # h5py itself cannot read sequences of what names something else.
        first, second = sequences(elements, 2)
        assert (first.len, second.len) == (2, 0), (first.len, second.len)
        for number, text in enumerate(TEXTS):
            record = ctypes.string_at(first.elements + 10 * number, 10)
            found = ctypes.string_at(int.from_bytes(record[2:], sys.byteorder)).decode()
            assert (int.from_bytes(record[:2], "little"), found) == (number, text), found
    elif name == "nested":
        first, second = sequences(elements, 2)
        assert (first.len, second.len) == (3, 0), (first.len, second.len)
        inner = (Sequence * 3).from_address(first.elements)
        assert [ctypes.string_at(one.elements, one.len) for one in inner] == [b"\1\2\3", b"", b"\4"], name
    elif name in ("object", "region"):
        file, found = h5py.File(h5py.h5i.get_file_id(elements)), read()
        assert len(found) == 2 and not found[1], (name, found)
        assert file[found[0]].name == "/target", name
        if name == "region":
            assert np.array_equal(file["target"][found[0]].ravel(), TARGET[1:3, ::2].ravel()), name
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


def check_types(path):
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


def selected(space):
    """What a region selects, in words."""
    kind = space.get_select_type()
    if kind == h5py.h5s.SEL_POINTS:
        return [tuple(map(int, point)) for point in space.get_select_elem_pointlist()]
    if kind == h5py.h5s.SEL_HYPERSLABS:
        blocks = space.get_select_hyper_blocklist()
        return [(tuple(map(int, first)), tuple(map(int, last))) for first, last in blocks]
    return {h5py.h5s.SEL_NONE: "none", h5py.h5s.SEL_ALL: "all"}[kind]


REGIONS = [
    [((1, 0), (2, 4))],
    [((row, column), (row, column)) for row in (0, 2) for column in (0, 2, 4)],
    [(3, 4), (0, 0), (1, 2)],
    [((0, 0), (1, 1)), ((2, 2), (3, 4))],
    "all",
    "none",
    "none",
]


def check_regions(path):
    with h5py.File(path, "r") as file:
        found = [selected(h5py.h5r.get_region(region, file.id)) for region in file["regions"]]
    assert found == REGIONS, found
    print(len(found))


def check_newest(path):
    c = LIBRARY
    standard = ctypes.c_int64.in_dll(c, "H5T_STD_REF_g").value
    c.H5Ropen_region.restype = ctypes.c_int64
    with h5py.File(path, "r") as file:
        for name, expected in [("complex", h5t.COMPLEX_IEEE_F64LE), ("half", h5t.COMPLEX_IEEE_F16BE)]:
            assert file[name].id.get_type() == expected, name
            size = expected.get_size()
            assert np.array_equal(raw(file[name].id), (np.arange(2 * size, dtype="u1") + 1).reshape(2, size)), name
        for references in (file["references"].id, h5py.h5a.open(file["/"].id, b"references")):
            kind = references.get_type()
            assert c.H5Tequal(ctypes.c_int64(kind.id), ctypes.c_int64(standard)) == 1
            assert not kind.committed() and references.get_space().shape == (4,)
            size, found = 64, ctypes.create_string_buffer(4 * 64)
            id = ctypes.c_int64(references.id)
            if isinstance(references, h5py.h5d.DatasetID):
                everything = (ctypes.c_int64(0), ctypes.c_int64(0), ctypes.c_int64(0))
                assert c.H5Dread(id, ctypes.c_int64(standard), *everything, found) >= 0
            else:
                assert c.H5Aread(id, ctypes.c_int64(standard), found) >= 0
            each = [ctypes.byref(found, size * index) for index in range(4)]
            assert [c.H5Rget_type(one) for one in each[:3]] == [2, 3, 4]
            name = ctypes.create_string_buffer(50)
            for one, expected in zip(each, [b"/group", b"/target", b"/target"]):
                assert c.H5Rget_obj_name(one, ctypes.c_int64(0), name, ctypes.c_size_t(50)) > 0
                assert name.value == expected, name.value
            assert c.H5Rget_attr_name(each[2], name, ctypes.c_size_t(50)) > 0 and name.value == b"units"
            space = h5py.h5s.SpaceID(c.H5Ropen_region(each[1], ctypes.c_int64(0), ctypes.c_int64(0)))
            assert selected(space) == REGIONS[1] and space.shape == (4, 5), selected(space)
            assert bytes(found[size * 3 : size * 4]) == bytes(size)
    print(4)


def narrow(path):
    with h5py.File(path, "r") as file:
        record = file["record"][()]
        print(record["text"].decode(), record["number"], file[record["references"][0]].name)


modes = {"types": check_types, "regions": check_regions, "newest": check_newest, "narrow": narrow}
modes[sys.argv[1]](*sys.argv[2:])
