"""Files whose objects share messages, and what is left of that when some of them go."""

import ctypes
import glob
import os
import struct
import sys

import h5py
import numpy as np

LIBRARY = ctypes.CDLL(*glob.glob(os.path.join(os.path.dirname(h5py.__file__), "..", "h5py.libs", "libhdf5-*")))
# Bits for attributes, and for dataspaces, datatypes, fill values and filter pipelines.
ATTRIBUTES, OTHERS = 1 << 12, 1 << 1 | 1 << 3 | 1 << 5 | 1 << 11
COUNT = 7


def call(function, made, *values):
    numbers = [ctypes.c_uint(value) for value in values]
    assert getattr(LIBRARY, function)(ctypes.c_int64(made.id), *numbers) >= 0


def create(path, most, fewest):
    made = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    call("H5Pset_shared_mesg_nindexes", made, 2)
    call("H5Pset_shared_mesg_index", made, 0, ATTRIBUTES, 1)
    call("H5Pset_shared_mesg_index", made, 1, OTHERS, 1)
    call("H5Pset_shared_mesg_phase_change", made, most, fewest)
    return h5py.File(h5py.h5f.create(path.encode(), fcpl=made))


def make(path, most, fewest):
    with create(path, int(most), int(fewest)) as file:
        file["type"] = np.dtype([("a", "<i4"), ("b", "<f8")])
        for number in range(COUNT):
            add(file, number)
        for name in ["many", "many too"]:
            group = file.create_group(name)
            for number in range(12):
                group.attrs[f"a{number}"] = np.arange(3) + number


def add(file, number):
    values = np.arange(12).reshape(3, 4) + number
    dataset = file.create_dataset(
        f"d{number}", data=values, chunks=(2, 2), maxshape=(None, 4), compression="gzip", fillvalue=7
    )
    dataset.attrs["same"] = np.arange(5)
    dataset.attrs["own"] = np.arange(5) + 100 + number
    if "type" in file:
        dataset.attrs.create("typed", np.array([(1, 2.5)], file["type"]), dtype=file["type"])


def edit(path):
    """What the test does as well."""
    with h5py.File(path, "r+") as file:
        del file["d0"]
        del file["d1"]
        del file["d4"].attrs["same"]
        del file["d4"].attrs["typed"]
        del file["many too"].attrs["a3"]
        del file["many"]


def unlink(path, name):
    with h5py.File(path, "r+") as file:
        del file[name]


def counts(path):
    """The records of lists, and the number of messages in all indexes."""
    with open(path, "rb") as file:
        data = file.read()
    table = data.index(b"SMTB") + 4
    for number in range(2):
        fields = struct.unpack_from("<BBHIHHHQQ", data, table + number * 30)
        kind, messages, at = fields[1], fields[6], fields[7]
        print(number, "tree" if kind else "list", messages)
        if kind == 0 and messages:
            assert data[at : at + 4] == b"SMLI"
            records = [data[at + 4 + n * 17 :][:17] for n in range(messages)]
            # Where in the heap a message lies is not the same in both; nor is whether an object keeps its own.
            for record in sorted(records, key=lambda record: record[1:5]):
                uses = struct.unpack_from("<I", record, 5)[0] if record[0] == 0 else 1
                print(" ", record[1:5].hex(), uses)


def show(path):
    with h5py.File(path) as file:
        for name, thing in file.items():
            if isinstance(thing, h5py.Dataset):
                print(name, thing.shape, thing.fillvalue, thing.compression, thing[()].tolist())
            for key, value in thing.attrs.items():
                print(name, key, value.tolist(), value.dtype)
        if "type" in file:
            print("types", h5py.h5o.get_info(file["type"].id).rc)


def more(path):
    """Shares once more what is there."""
    with h5py.File(path, "r+") as file:
        add(file, 50)
        add(file, 51)


def finish(path):
    more(path)
    empty(path)


def empty(path):
    """Takes everything away."""
    with h5py.File(path, "r+") as file:
        for name in list(file):
            for key in list(file[name].attrs) if name == "d2" else []:
                del file[name].attrs[key]
            del file[name]
    counts(path)


globals()[sys.argv[1]](*sys.argv[2:])
