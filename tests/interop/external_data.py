"""External raw data, by h5py. Run in the folder of the files, where libhdf5 looks for the data.

    python external_data.py make FILE       makes a file whose data lies in theirs_a.raw and theirs_b.raw
    python external_data.py values FILE     prints a line for each dataset: name, shape, values
    python external_data.py grow FILE       makes the first axis of `grows` 5 long, and writes its last row
"""

import sys

import h5py
import numpy as np


def make(path):
    with h5py.File(path, "w") as file:
        pieces = [("theirs_a.raw", 2, 6), ("theirs_b.raw", 0, h5py.h5s.UNLIMITED)]
        numbers = np.arange(10, dtype=">i2")
        file.create_dataset("numbers", data=numbers, external=pieces)
        grows = [("theirs_c.raw", 0, h5py.h5s.UNLIMITED)]
        file.create_dataset("grows", (2, 3), "<i4", maxshape=(None, 3), external=grows)[:] = [[1, 2, 3], [4, 5, 6]]


def values(path):
    with h5py.File(path) as file:
        for name in sorted(file):
            dataset = file[name]
            print(name, ",".join(map(str, dataset.shape)), *map(str, dataset[()].reshape(-1)))


def grow(path):
    with h5py.File(path, "r+") as file:
        file["grows"].id.set_extent((5, 3))
        file["grows"][4] = [7, 8, 9]


if __name__ == "__main__":
    {"make": make, "values": values, "grow": grow}[sys.argv[1]](*sys.argv[2:])
