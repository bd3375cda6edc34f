"""Writes chunks with the SZ plugin, and beside them the bytes that it reads back: sz.py FILE

Each dataset has a neighbour with `.bytes` behind its name. Prints the number of datasets. The plugin takes a
configuration once per process, so each has a process of its own: sz.py FILE NAME
"""

import itertools
import os
import struct
import subprocess
import sys
import tempfile

import h5py
import hdf5plugin
import numpy as np

SHAPES = [((1500,), (777,)), ((40, 31), (32, 20)), ((12, 14, 13), (8, 14, 9)), ((5, 7, 9, 6), (3, 7, 9, 5))]
FEW = [((21,), (21,)), ((20,), (20,)), ((19,), (19,)), ((1, 60), (1, 60)), ((60, 1), (60, 1)), ((4, 1, 30), (4, 1, 30))]

# Everything the configuration can say that makes another stream; an absent value is that of the plugin.
CONFIGURATIONS = {
    "gzip": "losslessCompressor = GZIP_COMPRESSOR",
    "not_packed": "szMode = SZ_BEST_SPEED",
    "no_regression": "withLinearRegression = NO",
    "range": "protectValueRange = YES\nabsErrBound = 0.3",
    "range_no_regression": "protectValueRange = YES\nabsErrBound = 0.3\nwithLinearRegression = NO",
    "logarithms": "errorBoundMode = PW_REL\naccelerate_pw_rel_compression = 0",
    "ratios": "errorBoundMode = PW_REL\npw_relBoundRatio = 0.05",
    "many_symbols": "quantization_intervals = 262144\nabsErrBound = 1E-5",
    "norm": "errorBoundMode = NORM\nnormErr = 2",
    "both": "errorBoundMode = ABS_AND_REL",
}
CONFIGURATION = """
[ENV]
dataEndianType = LITTLE_ENDIAN_DATA
sol_name = SZ
[PARAMETER]
sampleDistance = 100
predThreshold = 0.99
szMode = SZ_BEST_COMPRESSION
protectValueRange = NO
errorBoundMode = ABS
absErrBound = 1E-3
relBoundRatio = 1E-4
pw_relBoundRatio = 1E-3
"""


def packed(number):
    high, low = struct.unpack(">II", struct.pack(">d", number))
    return high, low


def bound(mode, absolute=0.0, relative=0.0, pointwise=0.0, psnr=0.0):
    return mode, *packed(absolute), *packed(relative), *packed(pointwise), *packed(psnr)


FLOAT_BOUNDS = {
    "absolute": bound(0, absolute=1e-3),
    "absolute_wide": bound(0, absolute=0.7),
    "absolute_narrow": bound(0, absolute=1e-12),
    "relative": bound(1, relative=1e-4),
    "both": bound(2, absolute=0.01, relative=1e-2),
    "either": bound(3, absolute=0.01, relative=1e-2),
    "psnr": bound(4, psnr=60.0),
    "pointwise": bound(10, pointwise=1e-3),
    "pointwise_wide": bound(10, pointwise=0.2),
    "pointwise_narrow": bound(10, pointwise=1e-6),
}
INTEGER_BOUNDS = {
    "absolute": bound(0, absolute=0.5),
    "absolute_wide": bound(0, absolute=7.0),
    "relative": bound(1, relative=1e-2),
    "psnr": bound(4, psnr=40.0),
}


def floats(kind, shape, seed):
    random = np.random.default_rng(seed)
    grid = np.indices(shape)
    wave = sum(np.sin(axis / (3.0 + number)) * (2 + number) for number, axis in enumerate(grid))
    if kind == "smooth":
        return wave
    if kind == "noisy":
        return wave + random.normal(size=shape) * 0.01
    if kind == "random":
        return random.normal(size=shape) * 1e3
    if kind == "wide":
        return np.exp(random.uniform(-40, 40, size=shape)) * random.choice([-1, 1], size=shape)
    if kind == "positive":
        return np.abs(wave) + 0.5
    if kind == "zeros":
        return np.where(random.uniform(size=shape) < 0.3, 0.0, wave)
    if kind == "mean":
        return np.where(random.uniform(size=shape) < 0.9, 1.25, wave)
    if kind == "steps":
        return np.round(wave) * 100 + (random.uniform(size=shape) < 0.01) * 1e6
    if kind == "special":
        special = random.choice([np.nan, np.inf, -np.inf, -0.0, 1e-320], size=shape)
        return np.where(random.uniform(size=shape) < 0.02, special, wave)
    return np.full(shape, -2.75)


def integers(kind, shape, dtype, seed):
    random = np.random.default_rng(seed)
    limits = np.iinfo(dtype)
    grid = np.indices(shape)
    wave = sum(np.sin(axis / (3.0 + number)) for number, axis in enumerate(grid)) / len(shape)
    middle = limits.max // 2 if limits.min == 0 else 0
    if kind == "smooth":
        return (wave * min(limits.max // 2, 10**6) + middle).astype(dtype)
    if kind == "random":
        # Differences that overflow make the plugin crash.
        share = 1 if dtype.itemsize < 4 else 4
        return random.integers(limits.min // share, limits.max // share, size=shape, dtype=dtype)
    if kind == "border":
        value = random.integers(0, 40, size=shape, dtype=dtype)
        if dtype.itemsize >= 4:
            return limits.max - 1000 - value
        return np.where(random.uniform(size=shape) < 0.5, limits.max - value, limits.min + value).astype(dtype)
    if kind == "near":
        return (limits.max - 60 + (wave * 30)).astype(np.int64).astype(dtype) if limits.max < 2**31 else (
            limits.max - 1000 - np.abs(wave * 60).astype(dtype))
    return np.full(shape, 77, dtype)


def write(group, name, data, chunks, values):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(chunks)
    properties.set_filter(hdf5plugin.SZ_ID, 0, values)
    space = h5py.h5s.create_simple(data.shape)
    dtype = h5py.h5t.py_create(data.dtype)
    identifier = h5py.h5d.create(group.id, name.encode(), dtype, space, properties)
    h5py.Dataset(identifier)[...] = data


def float_cases(kinds, dtypes, bounds, shapes):
    for number, (dtype, (shape, chunks), kind) in enumerate(itertools.product(dtypes, shapes, kinds)):
        with np.errstate(over="ignore"):
            data = floats(kind, shape, number).astype(dtype)
        for title, values in bounds.items():
            yield f"{dtype} {len(shape)} {kind} {title} {chunks}", data, chunks, values


def integer_cases(kinds, dtypes, bounds, shapes):
    for number, (dtype, (shape, chunks), kind) in enumerate(itertools.product(dtypes, shapes, kinds)):
        data = integers(kind, shape, np.dtype(dtype), number)
        for title, values in bounds.items():
            yield f"{dtype} {len(shape)} {kind} {title} {chunks}", data, chunks, values


INTEGERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
FLOAT_KINDS = ["smooth", "noisy", "random", "wide", "positive", "zeros", "mean", "steps", "special", "constant"]
INTEGER_KINDS = ["smooth", "random", "border", "near", "constant"]


def cases(name):
    if name == "plugin":
        yield from float_cases(FLOAT_KINDS, ["f4", "f8"], FLOAT_BOUNDS, SHAPES)
        yield from float_cases(["smooth"], ["f4", "f8"], FLOAT_BOUNDS, FEW)
        yield from integer_cases(INTEGER_KINDS, INTEGERS, INTEGER_BOUNDS, SHAPES)
        yield from integer_cases(["random"], INTEGERS, {"absolute": INTEGER_BOUNDS["absolute"]}, FEW)
        return
    default = {"default": ()}
    yield from float_cases(FLOAT_KINDS, ["f4", "f8"], default, SHAPES)
    if name in ("gzip", "not_packed", "many_symbols"):
        yield from integer_cases(INTEGER_KINDS, INTEGERS, default, SHAPES)


def write_all(path, name):
    written = list(cases(name))
    with h5py.File(path, "a") as file:
        group = file.create_group(name)
        for title, data, chunks, values in written:
            write(group, title, data, chunks, values)
    with h5py.File(path, "a") as file:
        for title, data, chunks, _ in written:
            # The plugin stores twenty floating-point numbers as they are, and then cannot read them.
            few = data.size == 20 and data.dtype.kind == "f"
            read = data if few else file[name][title][...]
            file[name].create_dataset(f"{title}.bytes", data=np.frombuffer(read.tobytes(), "u1"))
    return len(written)


def main():
    path = os.path.abspath(sys.argv[1])
    if len(sys.argv) > 2:
        print(write_all(path, sys.argv[2]))
        return
    total = 0
    for name in ["plugin", *CONFIGURATIONS]:
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "sz.config"), "w") as file:
                file.write(CONFIGURATION + CONFIGURATIONS.get(name, "") + "\n")
            command = [sys.executable, os.path.abspath(__file__), path, name]
            run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            # Where the plugin cannot go on, it ends the process and calls that a success.
            assert run.returncode == 0 and run.stdout.strip().isdigit(), f"{name}: {run.stderr}\n{run.stdout[-2000:]}"
            total += int(run.stdout)
    print(total)


main()
