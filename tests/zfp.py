"""Datasets that went through zfp, by the plugin and by us.

    zfp.py make FILE        writes datasets with the plugin; beside each `name` lie `name plain`, what was written, and
                            `name read`, what comes back; the attribute `asked` is what the plugin was asked for
    zfp.py compare FILE ONE compares the datasets of ONE with those of FILE: client data, stored chunks, values

Both print how many there are.
"""

import sys

import h5py
import hdf5plugin
import numpy as np

ELEMENTS = ["<f4", "<f8", "<i4", "<i8"]

# Shapes with those of the chunks: whole blocks and parts of them, axes of one element, in one to four dimensions.
SHAPES = [
    ((4,), (4,)), ((2,), (2,)), ((50,), (19,)), ((1, 33, 1), (1, 33, 1)),
    ((4, 4), (4, 4)), ((9, 14), (5, 7)), ((3, 30, 2), (1, 18, 2)),
    ((8, 4, 4), (8, 4, 4)), ((6, 7, 9), (5, 7, 6)), ((2, 3, 1, 2), (2, 3, 1, 2)),
    ((4, 8, 4, 4), (4, 8, 4, 4)), ((3, 5, 6, 7), (3, 5, 6, 7)), ((2, 2, 9, 1, 5), (2, 2, 5, 1, 3)),
]

LEAST_EXPONENT = -1074
MODES = {
    "default": {},
    "reversible": {"reversible": True},
    "rate 0.3": {"rate": 0.3}, "rate 3.7": {"rate": 3.7}, "rate 16": {"rate": 16}, "rate 70": {"rate": 70},
    "precision 1": {"precision": 1}, "precision 13": {"precision": 13}, "precision 32": {"precision": 32},
    "precision 53": {"precision": 53}, "precision 64": {"precision": 64},
    "accuracy 100": {"accuracy": 100}, "accuracy 1e-3": {"accuracy": 1e-3}, "accuracy 0": {"accuracy": 0},
    "accuracy 1e-320": {"accuracy": 1e-320}, "accuracy 1e300": {"accuracy": 1e300},
    "expert few bits": {"minbits": 20, "maxbits": 61, "maxprec": 64, "minexp": LEAST_EXPONENT},
    "expert all four": {"minbits": 70, "maxbits": 300, "maxprec": 17, "minexp": -5},
    "expert planes": {"minbits": 1, "maxbits": 16658, "maxprec": 20, "minexp": -9},
    # A block of zeros does not get its fewest bits, so that the plugin could not read what it writes with more than 1.
    "expert reversible": {"minbits": 1, "maxbits": 250, "maxprec": 64, "minexp": -1075},
    "expert reversible planes": {"minbits": 0, "maxbits": 16658, "maxprec": 24, "minexp": -3000},
}


def samples(shape, element):
    """Arrays of one shape, by name."""
    random = np.random.default_rng(sum(shape))
    axes = np.indices(shape, dtype="f8")
    smooth = sum(np.sin(axis / (3.0 + number)) * (number + 1) for number, axis in enumerate(axes))
    if element[1] == "i":
        limits = np.iinfo(element)
        small = np.floor(smooth * 3)
        yield "smooth", np.round(smooth * 1000)
        yield "small, one large", np.where(random.random(shape) < 0.1, 1e9, small)
        yield "any", random.integers(limits.min, limits.max, shape, dtype=element, endpoint=True)
        yield "extremes", np.where(random.random(shape) < 0.5, limits.max, limits.min)
        yield "multiples of 64", small.astype(element) * 64
        return
    limits = np.finfo(element)
    yield "smooth", smooth + 100
    yield "steps", np.floor(smooth * 3)
    yield "some zeros", np.where(axes[-1] < shape[-1] // 2, 0, random.standard_normal(shape))
    yield "signed zeros", np.where(random.random(shape) < 0.5, -0.0, 0.0)
    yield "wide", np.exp(random.uniform(-30, 30, shape)) * np.where(random.random(shape) < 0.5, -1, 1)
    yield "tiny", random.standard_normal(shape) * float(limits.tiny) * 4
    yield "below normal", smooth * float(limits.smallest_subnormal) * 9
    yield "huge", random.uniform(-1, 1, shape) * float(limits.max)
    for name, odd in (("NaNs", np.nan), ("infinities", -np.inf)):
        for share in (0.1, 1):
            yield f"{name} {share}", np.where(random.random(shape) < share, odd, smooth)
    bits = random.integers(0, 2**64, shape, dtype="u8").astype(f"<u{element[2]}")
    yield "any bits", bits.view(element)


def asked(mode):
    return np.array(hdf5plugin.Zfp(**mode).filter_options, "u4")


def make(path):
    written = 0
    with h5py.File(path, "w", libver="latest") as file:
        for element in ELEMENTS:
            for shape, chunks in SHAPES:
                for kind, data in samples(shape, element):
                    group = file.create_group(f"{element} {shape} {kind}")
                    group["plain"] = data.astype(element)
                    for name, mode in MODES.items():
                        dataset = group.create_dataset(name, data=group["plain"][...], chunks=chunks, **hdf5plugin.Zfp(**mode))
                        dataset.attrs["asked"] = asked(mode)
                        written += 1
    # Only a file that was opened anew has values that went through the filter; before, chunks come from the cache.
    with h5py.File(path, "r+", libver="latest") as file:
        for group in file.values():
            for name in MODES:
                group[f"{name} read"] = group[name][...]
    print(written)


def client_data(dataset):
    number, _, values, _ = dataset.id.get_create_plist().get_filter(0)
    assert number == hdf5plugin.Zfp.filter_id
    # The bytes of long headers end within a value, whose rest is whatever was there.
    return (*values[:5], *(value & 0xFFFFFF for value in values[5:]))


def same_chunks(theirs, ours, name):
    assert theirs.id.get_num_chunks() == ours.id.get_num_chunks(), name
    for number in range(theirs.id.get_num_chunks()):
        offset = theirs.id.get_chunk_info(number).chunk_offset
        (their_mask, their_bytes), (mask, stored) = (one.id.read_direct_chunk(offset) for one in (theirs, ours))
        assert (their_mask, mask) == (0, 0), f"{name}: filter left out"
        assert stored == their_bytes, f"{name}, chunk {offset}: {stored.hex()} is not {their_bytes.hex()}"


def compare(path, own):
    compared, wrong = 0, []
    with h5py.File(path) as file, h5py.File(own) as ours:
        for title, group in file.items():
            for mode in MODES:
                name = f"{title}/{mode}"
                try:
                    assert client_data(group[mode]) == client_data(ours[name]), f"{name}: client data"
                    same_chunks(group[mode], ours[name], name)
                    assert ours[name][...].tobytes() == group[f"{mode} read"][...].tobytes(), f"{name}: values"
                except AssertionError as error:
                    wrong.append(str(error))
                compared += 1
    assert not wrong, f"{len(wrong)} of {compared}:\n" + "\n".join(wrong[:40])
    print(compared)


def main():
    {"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])


main()
