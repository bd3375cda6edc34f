"""Writes datasets with the filter SZ3, and beside each what h5py reads of it: sz3.py FILE

In a group for each type: NAME, and "NAME plain" without a filter, the bits of floating-point numbers as integers.
"""

import sys

import h5py
import hdf5plugin
import numpy as np

SHAPES = {
    # rank: shape, chunks that its edges cut off
    1: ((1000,), (300,)),
    2: ((50, 46), (20, 23)),
    3: ((20, 21, 22), (9, 21, 10)),
    4: ((9, 10, 8, 7), (5, 6, 8, 7)),
}

BOUNDS = {
    "coarse": {"absolute": 1.0},
    "fine": {"absolute": 0.02},
    "relative": {"relative": 0.002},
    "norm": {"norm2": 40.0},
    "noise": {"peak_signal_to_noise_ratio": 50.0},
    "none": {"absolute": 0.0},
}


def kinds(shape):
    """Arrays that the encoder chooses different ways for."""
    generator = np.random.default_rng(3)
    places = np.indices(shape)
    waves = sum(np.sin(place / (3 + axis)) * 9 * (axis + 1) for axis, place in enumerate(places)) + 30
    yield "waves", waves
    yield "steps", np.floor(waves / 7) * 7
    yield "noise", generator.random(shape) * 60
    yield "walk", np.cumsum(generator.standard_normal(shape), axis=-1) + 40
    yield "constant", np.full(shape, 3.0)
    spikes = waves.copy()
    spikes.flat[:: waves.size // 9] *= 1000
    yield "spikes", spikes


def write(group, name, data, chunks, bound):
    dataset = group.create_dataset(name, data=data, chunks=chunks, compression=hdf5plugin.SZ3(**bound))
    assert all(
        dataset.id.get_chunk_info(number).filter_mask == 0 for number in range(dataset.id.get_num_chunks())
    ), f"{dataset.name}: filter left out"


def arrays(dtype):
    """Name, array, chunks and error bound of each dataset of a type."""
    for shape, chunks in SHAPES.values():
        for kind, data in kinds(shape):
            if dtype.kind != "f":
                if kind == "spikes":
                    continue
                data = np.clip(data, 0, 120)
            for title, bound in BOUNDS.items():
                if dtype.kind == "f" or title in ("coarse", "relative", "none"):
                    yield f"{kind} {len(shape)} {title}", data.astype(dtype), chunks, bound
    few = np.arange(24).reshape(2, 12).astype(dtype)
    yield "chunks of few elements", few, (1, 7), BOUNDS["coarse"]
    yield "a row", few, (1, 12), BOUNDS["coarse"]
    yield "chunks of one", few, (1, 1), BOUNDS["coarse"]
    yield "an axis of length 1", np.arange(300).reshape(20, 1, 15).astype(dtype), (20, 1, 15), BOUNDS["coarse"]
    if dtype.kind == "f":
        special = np.linspace(0, 1, 400, dtype=dtype)
        special[[5, 50, 51]] = np.nan, np.inf, -np.inf
        yield "special without loss", special, (400,), BOUNDS["none"]
        special = np.linspace(0, 1, 400, dtype=dtype)
        special[50] = np.inf
        yield "infinite", special, (400,), BOUNDS["fine"]


def main():
    with h5py.File(sys.argv[1], "w") as file:
        for name in ("f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
            for title, data, chunks, bound in arrays(np.dtype(name)):
                write(file.require_group(name), title, data, chunks, bound)
    # Another handle, so that nothing comes from the chunk cache.
    with h5py.File(sys.argv[1], "r+") as file:
        for name, group in file.items():
            for title in list(group):
                read = group[title][...]
                group[f"{title} plain"] = read.view(f"u{read.itemsize}") if name in ("f4", "f8") else read


if __name__ == "__main__":
    main()
