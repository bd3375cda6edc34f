"""Elements of every class: element_types.py make FILE LIBVER | same FILE OTHER

`same` fails unless every dataset and attribute of FILE is in OTHER with the same type and the same values.
"""

import sys

import h5py
import numpy as np


def values():
    """An array for each class, by name; what numpy has no type for comes with that of HDF5."""
    random = np.random.default_rng(7)
    yield "i1", np.arange(-3, 3, dtype="i1")
    yield "u8 big-endian", np.array([0, 1, 2**63], ">u8")
    yield "f2", np.array([0.5, -2, np.inf], "<f2")
    yield "f4 big-endian", np.array([1.5, np.nan], ">f4")
    yield "f8", random.standard_normal((3, 4))
    yield "bool", np.array([True, False, True])
    yield "complex", np.array([1 + 2j, -3.5j])
    yield "fixed", np.array([b"abc", b"", b"longer"], "S7")
    yield "opaque", np.array([b"\1\2", b"\3\0"], "V2")
    yield "enum", np.array([2, 0, 1], h5py.enum_dtype({"red": 0, "green": 1, "blue": 2}, basetype="i2"))
    nested = np.dtype([("a", "<i2"), ("b", [("x", ">f8"), ("y", "S3")]), ("c", "u1", (2,))])
    yield "compound", np.array([(1, (2.5, b"xy"), [3, 4]), (-1, (np.pi, b""), [0, 255])], nested)
    yield "texts", np.array(["one", "", "größer"], h5py.string_dtype())
    sequences = np.empty(3, h5py.vlen_dtype("f4"))
    sequences[:] = [np.arange(4, dtype="f4"), np.array([], "f4"), np.array([7], "f4")]
    yield "sequences", sequences


def odd_types():
    """Types that numpy does not know."""
    bits = h5py.h5t.STD_B16BE.copy()
    yield "bitfield", bits
    narrow = h5py.h5t.STD_I32LE.copy()
    narrow.set_precision(17)
    narrow.set_offset(3)
    yield "narrow", narrow
    bfloat = h5py.h5t.IEEE_F32LE.copy()
    bfloat.set_fields(15, 7, 8, 0, 7)
    bfloat.set_size(2)
    bfloat.set_ebias(127)
    yield "bfloat16", bfloat
    yield "time", h5py.h5t.UNIX_D32LE.copy()
    tagged = h5py.h5t.create(h5py.h5t.OPAQUE, 4)
    tagged.set_tag(b"a tag")
    yield "tagged", tagged


def make(path, libver):
    with h5py.File(path, "w", libver=libver) as file:
        for name, data in values():
            file.create_dataset(name, data=data, chunks=data.shape, maxshape=tuple(None for _ in data.shape))
            file.attrs.create(name, data, dtype=data.dtype)
        for name, datatype in odd_types():
            space = h5py.h5s.create_simple((3,))
            dataset = h5py.h5d.create(file.id, name.encode(), datatype, space)
            raw = np.arange(3 * datatype.get_size(), dtype="u1").reshape(3, -1)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, raw, mtype=datatype)
        targets = np.array([file["f8"].ref, file.ref, h5py.Reference()], h5py.ref_dtype)
        file.create_dataset("references", data=targets, dtype=h5py.ref_dtype)


def raw(dataset):
    """The elements as they are stored."""
    datatype = dataset.id.get_type()
    elements = np.empty((dataset.size, datatype.get_size()), "u1")
    dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, elements, mtype=datatype)
    return elements.tobytes()


def same(path, other):
    compared = 0
    with h5py.File(path, "r") as one, h5py.File(other, "r") as two:
        odd = {name for name, _ in odd_types()}
        for name in one:
            assert one[name].id.get_type() == two[name].id.get_type(), name
            if name in odd:
                assert raw(one[name]) == raw(two[name]), name
            elif name == "references":
                names = [[file[ref].name if ref else None for ref in file[name]] for file in (one, two)]
                assert names[0] == names[1], names
            else:
                equal(name, one[name][()], two[name][()])
            compared += 1
        for name in one.attrs:
            assert one.attrs.get_id(name).get_type() == two.attrs.get_id(name).get_type(), name
            equal(name, one.attrs[name], two.attrs[name])
            compared += 1
    print(compared)


def equal(name, ours, theirs):
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, name
    if ours.dtype == object:
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs)), name
    else:
        assert ours.tobytes() == theirs.tobytes(), name


{"make": make, "same": same}[sys.argv[1]](*sys.argv[2:])
