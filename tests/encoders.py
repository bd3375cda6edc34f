"""Datasets that plugins of hdf5plugin encode, and what we encode in their place.

    encoders.py make FILE           writes NAME by the plugin, with the attribute `asked`, and `NAME plain`
    encoders.py compare FILE ONE    compares the datasets of ONE with those of FILE; `NAME read` is what we read of NAME

Both print how many there are of each filter.
"""

import sys

import h5py
import hdf5plugin  # noqa: F401, registers filters
import numpy as np

from plugins import images


def write(group, name, data, chunks, filter, asked):
    dataset = group.create_dataset(name, data=data, chunks=chunks, compression=filter, compression_opts=tuple(asked))
    dataset.attrs["asked"] = np.array(asked, "u4")
    group.create_dataset(f"{name} plain", data=data)


def jpegls(group):
    number = 0
    for shape, bits in [((16, 16), 8), ((1, 40), 2), ((9, 300), 12), ((64, 33), 16), ((2, 16, 20), 3), ((3, 17, 30), 8), ((4, 33, 16), 10)]:
        for near in (0, 1, 7):
            for way in (0, 1, 2) if len(shape) == 3 and shape[0] > 2 else (0,):
                for kind, data in images(shape, bits).items():
                    if near > (2**bits - 1) // 2:
                        continue
                    number += 1
                    preset = (0, near + 2, near + 5, near + 9, 0) if number % 4 == 0 and bits >= 7 else (0,) * 5
                    element = "<u2" if bits > 8 else "u1"
                    name = f"{kind} {shape} {bits} bits near {near} way {way} {preset}"
                    write(group, name, data.astype(element), shape, 32018, (bits, 0, way, near, *preset))
    long = np.full((5, 65535), 7, "u1")
    long[[1, 2, 2, 3, 4], [40000, 3, 65534, 60000, 33000]] = 9
    write(group, "long runs", long, long.shape, 32018, ())
    many = images((45, 70), 12)["noisy"]
    for element in ("<i2", ">u2", "<u2", "i1"):
        write(group, f"several chunks {element}", many.astype(element), (20, 32), 32018, ())


def stored(dataset):
    number = dataset.id.get_num_chunks()
    offsets = [dataset.id.get_chunk_info(at).chunk_offset for at in range(number)]
    return {offset: dataset.id.read_direct_chunk(offset) for offset in offsets}


def client_data(dataset):
    return dataset.id.get_create_plist().get_filter(0)[2]


def same_bytes(plain, theirs, ours):
    assert stored(ours) == stored(theirs), f"{ours.name}: other chunks"


MAKERS = {"jpegls": jpegls}
CHECKS = {"jpegls": same_bytes}


def make(path):
    with h5py.File(path, "w", libver="latest") as file:
        for name, maker in MAKERS.items():
            maker(file.create_group(name))
            print(name, len(file[name]) // 2)


def compare(path, own):
    with h5py.File(path) as file, h5py.File(own) as ours:
        for title, group in file.items():
            names = [name for name in group if f"{name} plain" in group]
            for name in names:
                dataset = ours[title][name]
                assert client_data(dataset) == client_data(group[name]), f"{name}: {client_data(dataset)}"
                CHECKS[title](group[f"{name} plain"], group[name], dataset)
                read = ours[title][f"{name} read"][...]
                assert dataset[...].tobytes() == read.tobytes(), f"{name}: h5py reads something else"
            print(title, len(names))


def main():
    {"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])


main()
