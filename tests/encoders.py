"""Datasets that plugins of hdf5plugin encode, and what we encode in their place.

    encoders.py make FILE           writes NAME by the plugin, with the attribute `asked`, and `NAME plain`
    encoders.py compare FILE ONE    compares the datasets of ONE with those of FILE; `NAME read` is what we read of NAME

Both print how many there are of each filter.
"""

import struct
import sys

import h5py
import hdf5plugin  # noqa: F401, registers filters
import numpy as np

from plugins import images, samples
from sz3 import SHAPES, kinds


def write(group, name, data, chunks, filter, asked, encode=True):
    options = {"chunks": chunks, "compression": filter, "compression_opts": tuple(asked)}
    dataset = group.create_dataset(name, data.shape, data.dtype, **options)
    if encode:
        dataset[...] = data
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


def bits(number):
    return struct.unpack(">II", struct.pack(">d", number))


def sz3_bound(mode, absolute=0.0, relative=0.0, norm=0.0, ratio=0.0):
    return (mode, *bits(absolute), *bits(relative), *bits(norm), *bits(ratio))


SZ3_BOUNDS = {
    "coarse": sz3_bound(0, absolute=1.0),
    "fine": sz3_bound(0, absolute=0.02),
    "relative": sz3_bound(1, relative=0.002),
    "ratio": sz3_bound(2, ratio=50.0),
    "norm": sz3_bound(3, norm=40.0),
    "smaller": sz3_bound(4, absolute=0.1, relative=0.1),
    "larger": sz3_bound(5, absolute=0.1, relative=0.1),
    "none": sz3_bound(0),
}


def sz3(group):
    """The plugin destroys memory where it encodes short integers with fine bounds, so that it encodes floats alone."""
    for element in ("f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
        is_float = element[0] == "f"
        for rank, (shape, chunks) in SHAPES.items():
            for kind, data in kinds(shape):
                for title, asked in SZ3_BOUNDS.items():
                    data = data if is_float else np.clip(data, 0, 120)
                    name = f"{element} {kind} {rank} {title}"
                    write(group, name, data.astype(element), chunks, 32024, asked, is_float)
        few = np.arange(24).reshape(2, 12).astype(element)
        write(group, f"{element} chunks of few elements", few, (2, 7), 32024, SZ3_BOUNDS["none"])
    special = np.linspace(0, 1, 400, dtype="f4")
    special[[5, 50, 51]] = np.nan, np.inf, -np.inf
    write(group, "f4 special fine", special, (400,), 32024, SZ3_BOUNDS["fine"], False)
    write(group, "f4 special relative", special, (400,), 32024, SZ3_BOUNDS["relative"], False)


SPERR_MODES = [
    {"rate": 0.4}, {"rate": 7.3}, {"peak_signal_to_noise_ratio": 30}, {"peak_signal_to_noise_ratio": 90.5},
    {"absolute": 0.125}, {"absolute": 2**-20}, {"absolute": 4.0},
]


def sperr(group):
    shapes = [(9, 9), (40, 9), (64, 64), (1, 20, 31), (257, 70), (9, 9, 9), (16, 16, 16), (10, 20, 40), (40, 20, 10), (1, 12, 11, 10)]
    for number, shape in enumerate(shapes):
        for kind, data in samples(shape).items():
            for at, mode in enumerate(SPERR_MODES):
                element = "<f4" if (number + at) % 2 else "<f8"
                asked = hdf5plugin.Sperr(swap=at % 3 == 0, **mode).filter_options
                name = f"{element} {kind} {shape} " + " ".join(f"{key} {value}" for key, value in mode.items())
                write(group, name, data.astype(element), shape, 32028, asked)
    smooth = samples((36, 60))["smooth"].astype("f4")
    write(group, "<f4 several chunks absolute 0.125", smooth, (12, 20), 32028, hdf5plugin.Sperr(absolute=0.125).filter_options)
    for mode, value in ((1, np.nan), (2, -2e36), (2, np.inf)):
        for share in (0.0, 0.01, 0.5, 0.99):
            data = np.where(np.random.default_rng(7).random((36, 60)) < share, np.float32(value), smooth)
            asked = hdf5plugin.Sperr(absolute=0.125, missing_value_mode=mode).filter_options
            write(group, f"<f4 missing {value} {share} absolute 0.125", data.astype("f4"), (36, 60), 32028, asked)


def stored(dataset):
    number = dataset.id.get_num_chunks()
    offsets = [dataset.id.get_chunk_info(at).chunk_offset for at in range(number)]
    return {offset: dataset.id.read_direct_chunk(offset) for offset in offsets}


def client_data(dataset):
    return dataset.id.get_create_plist().get_filter(0)[2]


def same_bytes(plain, theirs, ours):
    assert stored(ours) == stored(theirs), f"{ours.name}: other chunks"


def each_chunk(plain, ours):
    """The finite elements of each chunk, as they were and as they are; others have to be as they were."""
    for offset in stored(ours):
        place = tuple(slice(at, at + length) for at, length in zip(offset, ours.chunks))
        before, after = plain[place].astype("f8"), ours[place].astype("f8")
        finite = np.isfinite(before)
        assert np.array_equal(before[~finite], after[~finite], equal_nan=True), f"{ours.name}: not finite"
        if finite.all():
            # What lies over the edge of a dataset is a part of the chunk, too.
            outside = np.prod(ours.chunks) - before.size
            before, after = np.append(before, [0] * outside), np.append(after, [0] * outside)
        yield before[np.isfinite(before)], after[np.isfinite(before)]


def sz3_keeps(plain, theirs, ours):
    title = ours.name.split()[-1]
    for before, after in each_chunk(plain, ours):
        error, span = np.abs(before - after), np.ptp(before)
        kept = {
            "coarse": error.max() <= 1.0,
            "fine": error.max() <= 0.02,
            "relative": error.max() <= 0.002 * span,
            "ratio": np.mean(error**2) <= span**2 * 10**-5.0 * (1 + 1e-9),
            "norm": np.sqrt(np.sum(error**2)) <= 40.0,
            "smaller": error.max() <= min(0.1, 0.1 * span),
            "larger": error.max() <= max(0.1, 0.1 * span),
        }.get(title, error.max() == 0)
        assert kept, f"{ours.name}: {error.max()} off, in a span of {span}"


def sperr_keeps(plain, theirs, ours):
    mode, number = ours.name.split()[-2:]
    number = float(number)
    missing = np.abs(plain[...]) >= 1e35
    assert np.array_equal(plain[...][missing], ours[...][missing]), f"{ours.name}: missing values"
    for before, after in each_chunk(plain, ours):
        regular = np.abs(before) < 1e35
        error, span = np.abs(before - after)[regular], np.ptp(before)
        if mode == "rate":
            # The heads of the chunk, of the piece and of its integers have no part in it.
            assert sum(len(chunk) for _, chunk in stored(ours).values()) <= number * before.size / 8 + 50, ours.name
        elif mode == "absolute":
            assert error.max(initial=0) <= number, f"{ours.name}: {error.max()} off"
        else:
            assert np.mean(error**2) <= span**2 * 10 ** (number / -10) * (1 + 1e-9), ours.name


def shorter(group, ours):
    """How much longer our chunks are than those of the plugin, of all datasets that it has encoded."""
    names = [name for name in ours if name in group and len(stored(group[name]))]
    lengths = [[sum(len(chunk) for _, chunk in stored(one[name]).values()) for name in names] for one in (group, ours)]
    return sum(lengths[1]) / sum(lengths[0])


MAKERS = {"jpegls": jpegls, "sperr": sperr, "sz3": sz3}
CHECKS = {"jpegls": same_bytes, "sperr": sperr_keeps, "sz3": sz3_keeps}


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
            length = shorter(group, ours[title])
            assert length < 1.25, f"{title}: {length} times the length of the plugin's chunks"
            print(title, len(names))


def main():
    {"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])


main()
