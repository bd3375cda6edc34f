"""Texts and sequences that were written over and over: overwritten.py FILE

libhdf5 writes over them once more, which frees what they named.
"""

import sys

import h5py
import numpy

with h5py.File(sys.argv[1], "r+") as file:
    for name in ("contiguous", "chunked", "shared"):
        dataset = file[name]
        print(name, *(text.decode() for text in dataset[:4]))
        dataset[1] = "by h5py"
    print("sequences", *(list(int(value) for value in element) for element in file["sequences"][:3]))
    file["sequences"][0] = numpy.array([7], "i4")
with h5py.File(sys.argv[1], "r") as file:
    for name in ("contiguous", "chunked", "shared"):
        print(name, *(text.decode() for text in file[name][:4]))
