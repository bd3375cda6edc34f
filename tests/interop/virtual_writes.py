"""What libhdf5 writes through virtual datasets beside what we write.

    python virtual_writes.py make      makes the files in the working directory
    python virtual_writes.py write     writes to the virtual datasets of main.h5
    python virtual_writes.py refused   tries what cannot be written; prints a line for each
    python virtual_writes.py values    prints a line for each dataset of each file
"""

import glob
import os
import sys

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

PAIR = np.dtype([("a", "i4"), ("b", "f8")])
OTHER_PAIR = np.dtype([("b", ">f4"), ("a", "i8")])


def space(shape, start, count, stride=None, block=None):
    selection = h5s.create_simple(shape)
    selection.select_hyperslab(start, count, stride, block)
    return selection


def every(shape):
    return h5s.create_simple(shape)


def virtual(file, name, shape, mappings, dtype="i4", maximum=None):
    """Creates a dataset of mappings (target, file, dataset, source), for which h5py has no other way."""
    properties = h5p.create(h5p.DATASET_CREATE)
    for target, source_file, dataset, source in mappings:
        properties.set_virtual(target, source_file.encode(), dataset.encode(), source)
    datatype = h5t.py_create(np.dtype(dtype), logical=True)
    h5d.create(file.id, name.encode(), datatype, h5s.create_simple(shape, maximum), properties)


def make():
    os.makedirs("sub", exist_ok=True)
    with h5py.File("a.h5", "w", libver="v110") as file:
        file["x"] = np.zeros(6, "i4")
        file.create_dataset("y", data=np.ones((4, 6)), chunks=(3, 4), compression="gzip", maxshape=(None, 6))
        file["be"] = np.zeros(6, ">i2")
        file["small"] = np.zeros(6, "u1")
        file["real"] = np.zeros(6, "f4")
        file["wide"] = np.zeros(6, "i8")
        file["pairs"] = np.zeros(4, OTHER_PAIR)
        file["text"] = np.array([b"old"] * 3, "S5")
        file.create_dataset("grows", data=np.arange(14, dtype="i4"), chunks=(4,), maxshape=(None,))
        for number in range(3):
            file[f"part{number}"] = np.full(4, number, "i4")
    with h5py.File("sub/b.h5", "w") as file:
        file["z"] = np.zeros((2, 6), ">i4")
        file["outside"] = h5py.ExternalLink("c.h5", "/deep/w")
        virtual(file, "back", (6,), [(every((6,)), "../main.h5", "own", every((6,)))])
        virtual(file, "both", (12,), [
            (space((12,), (0,), (6,), (2,)), "../main.h5", "own", every((6,))),
            (space((12,), (1,), (6,), (2,)), "c.h5", "deep/w", every((6,))),
        ])
    with h5py.File("sub/c.h5", "w", libver="latest") as file:
        file.create_dataset("deep/w", (6,), "i4", chunks=(4,))
    with h5py.File("main.h5", "w") as file:
        main(file)
    os.symlink("main.h5", "other_name.h5")
    os.link("main.h5", "hard_name.h5")


def main(file):
    file["own"] = np.zeros(6, "i4")
    row = lambda number: space((9, 6), (number, 0), (1, 6))
    virtual(file, "rows", (9, 6), [
        (space((9, 6), (0, 0), (4, 6)), "a.h5", "y", every((4, 6))),
        (row(4), "a.h5", "x", every((6,))),
        (space((9, 6), (5, 0), (2, 6)), "sub/b.h5", "z", every((2, 6))),
        (row(7), ".", "own", every((6,))),
        (row(8), "sub/b.h5", "outside", every((6,))),
    ])
    for source in ("be", "small", "real", "wide"):
        virtual(file, f"to_{source}", (6,), [(every((6,)), "a.h5", source, every((6,)))])
    virtual(file, "pairs", (4,), [(every((4,)), "a.h5", "pairs", every((4,)))], PAIR)
    virtual(file, "text", (3,), [(every((3,)), "a.h5", "text", every((3,)))], "S8")
    virtual(file, "by_name", (6,), [(every((6,)), "main.h5", "own", every((6,)))])
    virtual(file, "by_link", (6,), [(every((6,)), "other_name.h5", "own", every((6,)))])
    virtual(file, "by_hard_link", (6,), [(every((6,)), "hard_name.h5", "own", every((6,)))])
    virtual(file, "nested", (6,), [(every((6,)), ".", "by_name", every((6,)))])
    virtual(file, "there_and_back", (6,), [(every((6,)), "sub/b.h5", "back", every((6,)))])
    virtual(file, "far", (4, 3), [(every((4, 3)), "sub/b.h5", "both", every((12,)))])
    unlimited = h5s.UNLIMITED
    endless = space((14,), (0,), (1,), (1,), (unlimited,))
    virtual(file, "grown", (10,), [(endless, "a.h5", "grows", endless)], maximum=(20,))
    virtual(file, "grown_too_far", (10,), [(endless, "a.h5", "grows", endless)], maximum=(12,))
    numbered = space((12,), (0,), (unlimited,), (5,), (4,))
    virtual(file, "numbered", (4,), [(numbered, "a.h5", "part%b", every((4,)))], maximum=(14,))
    half = space((6,), (0,), (3,))
    virtual(file, "half", (6,), [(half, "a.h5", "x", half)])
    virtual(file, "no_file", (6,), [(every((6,)), "absent.h5", "x", every((6,)))])
    virtual(file, "no_dataset", (6,), [(every((6,)), "a.h5", "absent", every((6,)))])
    virtual(file, "nested_half", (6,), [(every((6,)), ".", "half", every((6,)))])


def numbers(shape, base):
    return (base + np.arange(np.prod(shape))).reshape(shape).astype("i4")


def write():
    with h5py.File("main.h5", "r+") as file:
        file["rows"][...] = numbers((9, 6), 1000)
        file["rows"][1:8:3, 2:5] = numbers((3, 3), -50)
        for name in ("to_be", "to_small", "to_real", "to_wide"):
            file[name][...] = np.array([1, -5, 300, 2**30, -(2**31), 7], "i4")
        pairs = np.zeros(4, PAIR)
        pairs["a"], pairs["b"] = [1, -2, 3, 4], [0.5, 1e300, -2.25, 3]
        file["pairs"][...] = pairs
        file["text"][...] = np.array([b"a", b"four", b"eight888"], "S8")
        file["by_name"][1:] = numbers((5,), 1)
        file["by_link"][3:5] = numbers((2,), 20)
        file["nested"][::2] = numbers((3,), 30)
        file["there_and_back"][1:3] = numbers((2,), 40)
        file["by_hard_link"][5:] = numbers((1,), 50)
        file["far"][1:, 1:] = numbers((3, 2), 60)
        file["grown"][2:] = numbers((12,), 70)
        file["numbered"][1:3] = numbers((2,), 90)
        file["numbered"][10:14] = numbers((4,), 95)
        file["half"][1:3] = numbers((2,), 99)


def refused():
    with h5py.File("main.h5", "r+") as file:
        for name in ("half", "no_file", "no_dataset", "nested_half", "grown_too_far"):
            try:
                file[name][...] = np.zeros(6, "i4")
                print(name, "written")
            except (OSError, RuntimeError):
                print(name, "refused")


def values():
    for path in sorted(glob.glob("**/*.h5", recursive=True)):
        if path.endswith("_name.h5"):
            continue
        with h5py.File(path) as file:
            names = []
            file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
            for name in sorted(names):
                try:
                    print(path, name, file[name].shape, *map(str, file[name][()].reshape(-1)))
                except (OSError, RuntimeError):
                    print(path, name, "unreadable")


if __name__ == "__main__":
    {"make": make, "write": write, "refused": refused, "values": values}[sys.argv[1]]()
