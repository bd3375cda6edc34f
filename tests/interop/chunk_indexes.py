"""Chunk indexes of all kinds by h5py: `make`, `change` and `list` a file."""

import sys

import h5py
import numpy

UNLIMITED = None
# Name, shape, maximum, chunk.
KINDS = [
    ("single", (20, 15), (20, 15), (20, 15)),
    ("implicit", (20, 15), (50, 40), (3, 4)),
    ("fixed_array", (20, 15), (50, 40), (3, 4)),
    ("paged_fixed_array", (20, 15), (50, 40), (1, 1)),
    ("extensible_array", (20, 15), (UNLIMITED, 40), (1, 3)),
    ("extensible_array_second", (20, 15), (40, UNLIMITED), (3, 4)),
    ("btree_2", (20, 15), (UNLIMITED, UNLIMITED), (2, 1)),
]


def numbers(shape, first):
    return first + numpy.arange(numpy.prod(shape), dtype="<i4").reshape(shape)


def make(path, low):
    with h5py.File(path, "w", libver=(low, "latest")) as file:
        for name, shape, maximum, chunk in KINDS:
            for filters in ("plain", "filtered"):
                if name == "implicit" and filters != "plain":
                    continue
                dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                dcpl.set_chunk(chunk)
                dcpl.set_fill_value(numpy.array(-3, dtype="<i4"))
                if name == "implicit":
                    dcpl.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                if filters != "plain":
                    dcpl.set_shuffle()
                    dcpl.set_deflate(3)
                limits = tuple(h5py.h5s.UNLIMITED if size is None else size for size in maximum)
                space = h5py.h5s.create_simple(shape, limits)
                identifier = h5py.h5d.create(
                    file.id, f"{name}_{filters}".encode(), h5py.h5t.STD_I32LE, space, dcpl
                )
                h5py.Dataset(identifier)[2:17, 1:] = numbers((15, 14), 100)


def change(path):
    """Lets every dataset grow as far as it may, writes at its end and in its middle, and cuts it again."""
    with h5py.File(path, "r+") as file:
        for name in sorted(file):
            dataset = file[name]
            before = dataset.shape
            for axis, most in enumerate(dataset.maxshape):
                dataset.resize(min(before[axis] + 9, most or 1000), axis=axis)
            rows, columns = dataset.shape
            dataset[rows - 3 :, 1:] = numbers((3, columns - 1), 5000)
            dataset[4:8, 2:9] = numbers((4, 7), 7000)
            if all(most != size for most, size in zip(dataset.maxshape, before)):
                dataset.resize(before[0] - 1, axis=0)


def list_all(path):
    with h5py.File(path, "r") as file:
        for name in sorted(file):
            dataset = file[name]
            print(name, list(dataset.shape))
            # libhdf5 2.0 counts through an array as if its first axis were the unlimited one.
            count = 0 if name.startswith("extensible_array_second") else dataset.id.get_num_chunks()
            chunks = [dataset.id.get_chunk_info(n) for n in range(count)]
            for chunk in sorted(chunks, key=lambda chunk: chunk.chunk_offset):
                print(" ", list(chunk.chunk_offset), chunk.filter_mask, chunk.size)
            print(" ", " ".join(str(value) for value in dataset[()].ravel()))


def make_far(path):
    with h5py.File(path, "w", libver=("v110", "latest")) as file:
        dataset = file.create_dataset("far", shape=(160_000,), maxshape=(None,), chunks=(1,), dtype="<i4")
        for place in (0, 20, 5_000, 131_076, 131_078, 159_999):
            dataset[place] = 9


def extend(path):
    with h5py.File(path, "r+") as file:
        dataset = file["far"]
        dataset.resize((350_000,))
        for place in (4_999, 131_077, 140_000, 340_000):
            dataset[place] = 5


{"make": make, "make-far": make_far, "extend": extend, "change": change, "list": list_all}[sys.argv[1]](*sys.argv[2:])
