"""Writes datasets through plugins that choose between many ways of encoding: plugins.py FILE

Every dataset `name` in a group has `name plain` beside it, with the values that h5py reads back. Prints how many there are.
"""

import struct
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
    pieces(group)
    missing(group, hdf5plugin.Sperr.MISSING_NAN, np.nan)
    missing(group, hdf5plugin.Sperr.MISSING_1E35, -2e36)


def pieces(group):
    """A volume in pieces, which the plugin reads but never writes; the first axis is the one that lies side by side."""
    streams = []
    for depth in (10, 10):
        for height in (10, 11):
            for width in (12, 18):
                shape = (width, height, depth)
                keep(group, "piece", samples(shape)["smooth"].astype("<f4"), shape, hdf5plugin.Sperr(absolute=1e-3))
                group.file.flush()
                streams.append(group["piece"].id.read_direct_chunk((0, 0, 0))[1][19:])
                del group["piece"]
    lengths = struct.pack("<8I", *map(len, streams))
    stream = b"\0\0\x70" + struct.pack("<3I3H", 30, 21, 20, 12, 10, 10) + lengths + b"".join(streams)
    keep(group, "pieces", None, (30, 21, 20), hdf5plugin.Sperr(absolute=1e-3), shape=(30, 21, 20), dtype="<f4")
    group["pieces"].id.write_direct_chunk((0, 0, 0), stream)


def missing(group, mode, value):
    for share in (0.0, 0.01, 0.5, 0.99):
        for shape in ((25, 33), (20, 21, 22)):
            for element in ("<f4", "<f8"):
                data = smooth(shape).astype(element)
                data[np.random.default_rng(7).random(shape) < share] = value
                data[:5, :20] = value if share else 0
                name = f"missing {value} {share} {shape} {element[1:]}"
                keep(group, name, data, shape, hdf5plugin.Sperr(absolute=0.01, missing_value_mode=mode))


def images(shape, bits):
    """Integers of one shape, by name."""
    random = np.random.default_rng(sum(shape) + bits)
    most = 2**bits - 1
    waves = smooth(shape)
    waves = (waves - waves.min()) / (np.ptp(waves) or 1)
    lines = np.zeros(shape)
    lines[..., 1::7] = most
    lines[..., ::3, :] = most // 3
    return {
        "smooth": np.round(waves * most),
        "coarse": np.round(waves * 3) * (most // 3),
        "noisy": np.clip(np.round(waves * most + random.standard_normal(shape) * most / 40), 0, most),
        "random": random.integers(0, most + 1, shape) * (random.random(shape) < 0.5),
        "constant": np.full(shape, most // 2),
        "lines": lines,
    }


def jpegls(group):
    """Bits of a sample, interleaving and errors that hdf5plugin does not let one choose are set by their numbers."""
    for shape in [(16, 16), (1, 40), (40, 1), (9, 300), (64, 33), (1, 20, 20), (2, 16, 20), (3, 17, 30), (4, 33, 16)]:
        for bits in (2, 3, 7, 8, 10, 12, 16):
            for near in (0, 1, 7):
                if near > (2**bits - 1) // 2:
                    continue
                for interleave in (0, 1, 2) if len(shape) == 3 and shape[0] > 2 else (0,):
                    presets = [(0, 0, 0, 0, 0)]
                    if bits >= 7:
                        presets.append((0, near + 2, near + 5, near + 9, 0))
                    if bits >= 7 and interleave != 2:  # CharLS destroys samples with that.
                        presets.append((2**bits - 1, near + 2, near + 5, near + 9, 31))
                    for preset in presets:
                        for kind, data in images(shape, bits).items():
                            element = "<u2" if bits > 8 else "u1"
                            name = f"{kind} {shape} {bits} bits near {near} way {interleave} {preset}"
                            options = (bits, 0, interleave, near, *preset)
                            keep(group, name, data.astype(element), shape, {"compression": 32018, "compression_opts": options})
    long = np.full((5, 65535), 7, "u1")
    long[[1, 2, 2, 3, 4], [40000, 3, 65534, 60000, 33000]] = 9
    keep(group, "long runs", long, long.shape, hdf5plugin.FciDecomp())
    many = images((45, 70), 12)["noisy"]
    for element in ("<i2", ">u2", "<u2"):
        keep(group, f"several chunks {element}", many.astype(element), (20, 32), hdf5plugin.FciDecomp())


def keep(group, name, data, chunks, filter, **more):
    group.create_dataset(name, data=data, chunks=chunks, **filter, **more)


def add_plain(group):
    """Only a file that was opened anew has values that went through the filters; before, chunks come from the cache."""
    names = list(group)
    kept = 0
    for name in names:
        dataset = group[name]
        if any(dataset.id.get_chunk_info(number).filter_mask for number in range(dataset.id.get_num_chunks())):
            # An optional filter left out a chunk that would have grown.
            del group[name]
            continue
        group.create_dataset(f"{name} plain", data=dataset[...], dtype=dataset.dtype)
        kept += 1
    assert kept > 0.8 * len(names), f"{kept} of {len(names)} went through the filter"
    print(group.name, kept)


def main():
    with h5py.File(sys.argv[1], "w", libver="latest") as file:
        for make in (jpegls, sperr):
            make(file.create_group(make.__name__))
    with h5py.File(sys.argv[1], "r+", libver="latest") as file:
        for group in file.values():
            add_plain(group)


if __name__ == "__main__":
    main()
