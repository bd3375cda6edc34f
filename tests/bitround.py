"""Numbers for BitGroom and Granular BitRound, and what these have to make of them.

    bitround.py make FILE           writes the plain numbers
    bitround.py compare FILE ONE    compares the chunks of ONE, named GROUP/FILTER DIGITS, with what the formulas of the
                                    filters say of the datasets of FILE; prints how many datasets there are

Where HDF5 finds the filters themselves (HDF5_PLUGIN_PATH), they are asked too.
"""

import sys

import h5py
import numpy as np

BITGROOM, GRANULAR = 32022, 32023
CHUNK = 300
MISSING = 15.0 * 2.0**119
SIGNIFICAND = {"f4": 23, "f8": 52}


def samples(element):
    random = np.random.default_rng(5)
    limits = np.finfo(element)
    yield "normal", random.standard_normal(1000)
    yield "wide", np.exp(random.uniform(-80, 80, 1000)) * random.choice([-1, 1], 1000)
    yield "whole", np.arange(-500, 500) * 1.0
    yield "powers of ten", 10.0 ** random.integers(-30, 30, 1000)
    yield "near powers of ten", (10.0 ** random.integers(-30, 30, 1000)).astype(element) * (1 - limits.eps)
    yield "small", random.standard_normal(1000) * float(limits.tiny)
    yield "steps fill", np.floor(random.standard_normal(1000) * 8) / 7
    missing = random.standard_normal(1000)
    missing[::3] = MISSING
    yield "missing", missing
    yield "missing fill", missing
    zeros = random.standard_normal(1000)
    zeros[::3], zeros[1::3] = 0.0, -0.0
    yield "zeros", zeros


def make(path):
    with h5py.File(path, "w") as file:
        for element in SIGNIFICAND:
            for kind, data in samples(element):
                file[f"{element} {kind}"] = data.astype(element)


def groomed(data, bits, digits, significand):
    kept = int(np.ceil(digits * np.log2(10))) + 1
    if kept >= significand:
        return bits
    ones = bits.dtype.type(2 ** (significand - kept) - 1)
    even = np.arange(bits.size) % CHUNK % 2 == 0
    return np.where(even, bits & ~ones, np.where(bits == 0, bits, bits | ones))


def rounded(data, bits, digits, significand):
    fraction, exponent = np.frexp(np.abs(data.astype("f8")))
    with np.errstate(divide="ignore"):
        decimal = np.where(fraction == 0, 0, np.log10(fraction))
    per_digit, per_bit = np.log(10) / np.log(2), np.log(2) / np.log(10)
    before_point = np.floor(exponent * per_bit + decimal) + 1
    kept = np.abs(np.floor(exponent - per_digit * decimal) - np.floor(per_digit * (before_point - digits))) - 1
    cut = np.where(data == 0, 0, np.maximum(significand - kept, 0)).astype(bits.dtype)
    one = bits.dtype.type(1)
    return (bits + ((one << cut) >> one)) & ~((one << cut) - one)


def expected(data, element, filter, digits, fill):
    significand = SIGNIFICAND[element]
    bits = data.view(f"u{element[1]}")
    quantized = (groomed if filter == BITGROOM else rounded)(data, bits, digits, significand)
    return np.where(data == (MISSING if fill is None else fill), bits, quantized)


def of_the_filter(data, filter, digits, fill):
    """The same by the filter itself."""
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        options = {"compression": filter, "compression_opts": (digits,), "fillvalue": fill}
        dataset = file.create_dataset("a", data=data, chunks=(CHUNK,), **options)
        file.flush()
        return stored(dataset), dataset.id.get_create_plist().get_filter(0)


def stored(dataset):
    offsets = range(0, dataset.size, CHUNK)
    chunks = b"".join(dataset.id.read_direct_chunk((offset,))[1] for offset in offsets)
    return np.frombuffer(chunks, f"u{dataset.dtype.itemsize}")[: dataset.size]


def client_data(element, digits, fill):
    size = int(element[1])
    words = [0, 0] if fill is None else [*np.array([fill], element).view("u4"), 0][:2]
    return (digits, size, int(fill is not None), *map(int, words))


def compare(path, own):
    compared = 0
    with h5py.File(path) as file, h5py.File(own) as ours:
        for title, group in ours.items():
            data, element = file[title][...], title[:2]
            fill = data[7] if title.endswith("fill") else None
            for name, dataset in group.items():
                filter, digits = map(int, name.split())
                want = expected(data, element, filter, digits, fill)
                found = stored(dataset)
                assert np.array_equal(found, want), f"{dataset.name}: {np.flatnonzero(found != want)[:9]}"
                number, _, values, _ = dataset.id.get_create_plist().get_filter(0)
                assert (number, values) == (filter, client_data(element, digits, fill)), f"{dataset.name}: {values}"
                if h5py.h5z.filter_avail(filter):
                    theirs, (_, _, values_of_theirs, _) = of_the_filter(data, filter, digits, fill)
                    # With more digits than there are bits for, Granular BitRound destroys numbers.
                    if filter == BITGROOM or digits < (7 if element == "f4" else 16):
                        assert np.array_equal(found, theirs), f"{dataset.name}: not the filter's"
                    assert values == values_of_theirs, f"{dataset.name}: {values}, {values_of_theirs}"
                compared += 1
    print(compared)


def main():
    {"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])


main()
