"""Virtual datasets of libhdf5 beside ours.

    python virtual_datasets.py make BOUND      makes virtual.h5 in the working directory, as the fixtures have it
    python virtual_datasets.py values FILE     prints a line for each dataset that can be read
    python virtual_datasets.py blocks FILE FILE   fails unless both have the same mappings, to the byte
"""

import os
import struct
import sys

import h5py

HERE = os.path.dirname(os.path.abspath(__file__))


def make(bound):
    sys.path.insert(0, os.path.join(HERE, "../../fixtures"))
    import other_files

    other_files.virtual(bound)


def values(path):
    with h5py.File(path) as file:
        # libhdf5 follows a virtual dataset that is among its own sources until its stack is full.
        for name in sorted(set(file) - {"itself", "circle_a", "circle_b"}):
            try:
                dataset = file[name]
                shape = ",".join(map(str, dataset.shape)) or "-"
                print(name, shape, *map(str, dataset[()].reshape(-1)))
            except (OSError, AttributeError):
                pass


def blocks(ours, theirs):
    one, other = heap_objects(ours), heap_objects(theirs)
    assert one == other, f"{len(one)} and {len(other)} blocks: {set(one) ^ set(other)}"
    print(len(one))


def heap_objects(path):
    """The objects of all global heap collections in a file whose lengths have 8 bytes."""
    data = open(path, "rb").read()
    found = []
    place = data.find(b"GCOL")
    while place >= 0:
        (size,) = struct.unpack_from("<Q", data, place + 8)
        at = place + 16
        while at + 16 <= place + size:
            index, _, length = struct.unpack_from("<HH4xQ", data, at)
            if index == 0:
                break
            found.append(data[at + 16 : at + 16 + length])
            at += 16 + (length + 7) // 8 * 8
        place = data.find(b"GCOL", place + size)
    return sorted(found)


if __name__ == "__main__":
    {"make": make, "values": values, "blocks": blocks}[sys.argv[1]](*sys.argv[2:])
