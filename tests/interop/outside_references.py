"""References to objects of another file, as libhdf5 writes and reads them. The folder has the file `run.h5`.

    outside_references.py write FOLDER    writes `theirs.h5` with references to what is in `run.h5`
    outside_references.py read FOLDER     checks the same references in `ours.h5`
"""

import ctypes
import os
import pathlib
import sys

import h5py
import numpy as np

# The C library that h5py uses.
C = ctypes.CDLL(str(next((pathlib.Path(h5py.__file__).parent.parent / "h5py.libs").glob("libhdf5-*"))))
STANDARD = ctypes.c_int64.in_dll(C, "H5T_STD_REF_g") if C.H5open() >= 0 else None
DEFAULT = ctypes.c_int64(0)
REFERENCE = 64
C.H5Screate_simple.restype = C.H5Dcreate2.restype = C.H5Acreate2.restype = ctypes.c_int64
for opens in ("H5Ropen_object", "H5Ropen_region", "H5Ropen_attr"):
    getattr(C, opens).restype = ctypes.c_int64


def checked(status):
    assert status >= 0
    return status


def id(thing):
    return ctypes.c_int64(thing.id)


def write():
    references = ctypes.create_string_buffer(3 * REFERENCE)
    each = [ctypes.byref(references, REFERENCE * index) for index in range(3)]
    with h5py.File("run.h5", "r") as run, h5py.File("theirs.h5", "w") as file:
        selection = run["data"].id.get_space()
        selection.select_hyperslab((1, 0), (2, 3))
        checked(C.H5Rcreate_object(id(run.id), b"/group", DEFAULT, each[0]))
        checked(C.H5Rcreate_region(id(run.id), b"/data", id(selection), DEFAULT, each[1]))
        checked(C.H5Rcreate_attr(id(run.id), b"/data", b"units", DEFAULT, each[2]))
        space = h5py.h5s.create_simple((3,))
        dataset = C.H5Dcreate2(id(file.id), b"references", STANDARD, id(space), DEFAULT, DEFAULT, DEFAULT)
        everything = (DEFAULT, DEFAULT, DEFAULT)
        checked(C.H5Dwrite(ctypes.c_int64(checked(dataset)), STANDARD, *everything, references))
        checked(C.H5Dclose(ctypes.c_int64(dataset)))
        for one in each:
            checked(C.H5Rdestroy(one))


def read():
    found, name = ctypes.create_string_buffer(3 * REFERENCE), ctypes.create_string_buffer(50)
    with h5py.File("ours.h5", "r") as file:
        attribute, references = h5py.h5a.open(file.id, b"references"), file["references"]
        checked(C.H5Aread(id(attribute), STANDARD, found))
        everything = (DEFAULT, DEFAULT, DEFAULT)
        checked(C.H5Dread(id(references.id), STANDARD, *everything, found))
        each = [ctypes.byref(found, REFERENCE * index) for index in range(3)]
        assert [C.H5Rget_type(one) for one in each] == [2, 3, 4]
        for one in each:
            # This one counts the NUL, unlike the others.
            assert C.H5Rget_file_name(one, name, ctypes.c_size_t(50)) == 7 and name.value == b"run.h5"
        group = h5py.h5g.GroupID(checked(C.H5Ropen_object(each[0], DEFAULT, DEFAULT)))
        assert h5py.h5i.get_name(group) == b"/group"
        dataset = h5py.h5d.DatasetID(checked(C.H5Ropen_object(each[1], DEFAULT, DEFAULT)))
        region = h5py.h5s.SpaceID(checked(C.H5Ropen_region(each[1], DEFAULT, DEFAULT)))
        values = np.zeros(6, "i4")
        dataset.read(h5py.h5s.create_simple((6,)), region, values)
        assert list(values) == [5, 6, 7, 10, 11, 12], values
        attribute = h5py.h5a.AttrID(checked(C.H5Ropen_attr(each[2], DEFAULT, DEFAULT)))
        assert attribute.name == b"units"


# libhdf5 looks names up in the working directory.
os.chdir(sys.argv[2])
{"write": write, "read": read}[sys.argv[1]]()
