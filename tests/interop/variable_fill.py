"""Fill values of strings of any length: variable_fill.py check FILE | change FILE

`check` prints the elements of every dataset, which all have the same fill value; `change` writes over one element of
each and lets libhdf5 free what it named before. To read a chunk that is not there libhdf5 puts the fill value into the
heap, which takes a file that it may write to.
"""

import sys

import h5py


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def check(path):
    with h5py.File(path, "r+") as file:
        for name, dataset in file.items():
            assert text(dataset.fillvalue) == "nothing", (name, dataset.fillvalue)
            print(name, *(text(value) for value in dataset[()]))


def change(path):
    with h5py.File(path, "r+") as file:
        for dataset in file.values():
            dataset[5] = "changed"


{"check": check, "change": change}[sys.argv[1]](*sys.argv[2:])
