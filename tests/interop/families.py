"""Families of files, by h5py. NAME has a "%d" in it for the number of the member.

    python families.py make NAME SIZE BOUND     makes a family with members of SIZE bytes
    python families.py values NAME SIZE         prints a line for each dataset: name, number of elements, sum
    python families.py append NAME SIZE         makes `line` 200 elements longer, and adds a dataset
"""

import sys

import h5py
import numpy as np


def make(name, size, bound):
    with h5py.File(name, "w", driver="family", memb_size=int(size), libver=(bound, "latest")) as file:
        file.create_dataset("line", data=np.arange(600), maxshape=(None,), chunks=(100,))
        file["flat"] = np.arange(500, dtype="<i4")


def values(name, size):
    with h5py.File(name, driver="family", memb_size=int(size)) as file:
        for dataset in sorted(file):
            print(dataset, file[dataset].size, file[dataset][()].sum())


def append(name, size):
    with h5py.File(name, "r+", driver="family", memb_size=int(size)) as file:
        line = file["line"]
        line.resize(line.size + 200, axis=0)
        line[-200:] = 1
        file["theirs"] = np.arange(300)


if __name__ == "__main__":
    {"make": make, "values": values, "append": append}[sys.argv[1]](*sys.argv[2:])
