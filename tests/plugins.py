"""Writes datasets through filters that are only decoded: plugins.py FILE

Every dataset `name` in a group has `name plain` beside it, with the values that h5py reads back. Prints how many there are.
"""

import sys

import h5py
import hdf5plugin
import numpy as np


def smooth(shape):
    axes = np.indices(shape, dtype="f8")
    return sum(np.sin(axis / (3.0 + number)) * (number + 1) for number, axis in enumerate(axes))


def samples(shape):
    """Arrays of one shape, by name."""
    random = np.random.default_rng(sum(shape))
    spikes = np.zeros(shape)
    spikes.flat[random.integers(0, spikes.size, 9)] = [1e6, -3, 8, 1e-3, -5e4, 2, 7, -1, 12]
    steps = np.floor(smooth(shape) * 3)
    return {
        "smooth": smooth(shape) + 100,
        "random": random.standard_normal(shape),
        "constant": np.full(shape, -2.5),
        "spikes": spikes,
        "steps": steps,
        "wide": np.exp(random.uniform(-25, 25, shape)),
    }


# Lengths that are and are not powers of two, axes of unlike length, axes of one element.
SHAPES = [
    (9, 9), (16, 33), (40, 9), (64, 64), (100, 13), (1, 20, 31), (257, 70),
    (9, 9, 9), (16, 16, 16), (10, 20, 40), (40, 20, 10), (9, 130, 17), (33, 34, 35), (1, 12, 11, 10), (64, 64, 9),
]

MODES = [
    {"rate": 0.4}, {"rate": 3}, {"rate": 17.3}, {"rate": 50},
    {"peak_signal_to_noise_ratio": 30}, {"peak_signal_to_noise_ratio": 120.5},
    {"absolute": 1e-1}, {"absolute": 1e-6}, {"absolute": 3.0},
]


def sperr(group):
    for shape in SHAPES:
        for kind, data in samples(shape).items():
            for number, mode in enumerate(MODES):
                name = "x".join(map(str, shape)) + f" {kind} {mode}"
                element = "<f4" if number % 2 else "<f8"
                keep(group, name, data.astype(element), shape, hdf5plugin.Sperr(swap=number % 3 == 0, **mode))
    many = samples((36, 60))["smooth"]
    keep(group, "several chunks", many, (12, 20), hdf5plugin.Sperr(absolute=1e-3))
    # SPERR takes the bytes for little-endian numbers; of small integers they are tiny ones.
    keep(group, "big-endian", np.round(many).astype(">f4"), (18, 30), hdf5plugin.Sperr(rate=8))
    missing(group, hdf5plugin.Sperr.MISSING_NAN, np.nan)
    missing(group, hdf5plugin.Sperr.MISSING_1E35, -2e36)


def missing(group, mode, value):
    for share in (0.0, 0.01, 0.5, 0.99):
        for shape in ((25, 33), (20, 21, 22)):
            for element in ("<f4", "<f8"):
                data = smooth(shape).astype(element)
                data[np.random.default_rng(7).random(shape) < share] = value
                data[:5, :20] = value if share else 0
                name = f"missing {value} {share} {shape} {element[1:]}"
                keep(group, name, data, shape, hdf5plugin.Sperr(absolute=0.01, missing_value_mode=mode))


def keep(group, name, data, chunks, filter):
    group.create_dataset(name, data=data, chunks=chunks, **filter)


def add_plain(group):
    """Only a file that was opened anew has values that went through the filters; before, chunks come from the cache."""
    names = list(group)
    for name in names:
        dataset = group[name]
        for number in range(dataset.id.get_num_chunks()):
            assert dataset.id.get_chunk_info(number).filter_mask == 0, f"{name}: filter left out"
        group.create_dataset(f"{name} plain", data=dataset[...], dtype=dataset.dtype)
    print(group.name, len(names))


def main():
    with h5py.File(sys.argv[1], "w") as file:
        sperr(file.create_group("sperr"))
    with h5py.File(sys.argv[1], "r+") as file:
        for group in file.values():
            add_plain(group)


main()
