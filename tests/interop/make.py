"""Makes files by way of h5py, each with something that a reader has to know: make.py FOLDER LIBVER [NAME...]

Each function makes one file. Where a file is there for one way to index chunks, CHECKS looks whether libhdf5 chose it.
"""

import pathlib
import sys

import h5py
import numpy as np

NEWER = ("v110", "v112", "v114", "latest")
MAKERS = []


def main():
    folder, libver, *names = sys.argv[1:]
    for maker in MAKERS:
        if not names or maker.__name__ in names:
            path = pathlib.Path(folder, f"{maker.__name__}.h5")
            with h5py.File(path, "w", libver=libver) as file:
                maker(file)
            for check in CHECKS.get(maker.__name__, ()):
                check(path, libver)


def makes(function):
    MAKERS.append(function)
    return function


def noise(*shape):
    return np.random.default_rng(7).random(shape)


@makes
def recipe(file):
    group = file.create_group("experiment1")
    group.attrs["date"] = "2018-01-01"
    array = noise(1000, 1000)
    group["array1"] = array
    options = {"maxshape": (None, 1000), "shuffle": True, "compression": "gzip"}
    grown = group.create_dataset("array2", data=array, chunks=(100, 100), **options)
    grown.resize(1500, axis=0)
    grown[1000:] = np.arange(500_000.0).reshape(500, 1000)


@makes
def numbers(file):
    for kind in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        for order, word in [("<", "little"), (">", "big")]:
            values = extremes(np.dtype(kind)).astype(np.dtype(kind).newbyteorder(order))
            name = f"{word}-{kind}"
            file[name] = values
            file[f"many-{name}"] = np.tile(values, 300)
            file[name].attrs[name] = values
            file[name].attrs["scalar"] = values[-1]
    file["bool"] = np.array([True, False, True])
    file.attrs["yes"] = np.bool_(True)


def extremes(dtype):
    if dtype.kind == "f":
        info = np.finfo(dtype)
        return np.array([0, -0.0, 1.5, -2.25, info.max, info.tiny, info.smallest_subnormal, np.inf, np.nan], dtype)
    info = np.iinfo(dtype)
    return np.array([info.min, info.max, 0, 1, info.max // 3], dtype)


@makes
def strings(file):
    texts = ["", "a", "Grüße", "日本語", "x" * 5000, 'quote " and \\']
    for encoding in ["ascii", "utf-8"]:
        items = [text for text in texts if encoding == "utf-8" or text.isascii()]
        variable, fixed = h5py.string_dtype(encoding), h5py.string_dtype(encoding, 12)
        file.create_dataset(f"variable-{encoding}", data=items, dtype=variable)
        file.create_dataset(f"fixed-{encoding}", data=np.array([t.encode()[:12] for t in items], fixed))
        file.attrs.create(f"variable-{encoding}", items[1], dtype=variable)
        file.attrs.create(f"array-{encoding}", items, dtype=variable)
        file.attrs.create(f"fixed-{encoding}", np.array(b"twelve bytes", fixed))
    for padding, name in [(h5py.h5t.STR_NULLTERM, b"terminated"), (h5py.h5t.STR_SPACEPAD, b"spaces")]:
        kind = h5py.h5t.C_S1.copy()
        kind.set_size(6)
        kind.set_strpad(padding)
        data = np.array([b"ab", b"", b"abcde"], dtype="S6")
        dataset = h5py.h5d.create(file.id, name, kind, h5py.h5s.create_simple((3,)))
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, data)
    file.create_dataset("never-written", (4,), dtype=h5py.string_dtype())
    many = [f"string number {n} " * (n % 40) for n in range(3000)]
    file.create_dataset("many", data=many, dtype=h5py.string_dtype(), chunks=(100,), compression="gzip")


@makes
def spaces(file):
    file["scalar"] = 42
    file["null"] = h5py.Empty("f4")
    file["no-rows"] = np.zeros((0, 5), "i2")
    file["rank-7"] = np.arange(128.0).reshape((2,) * 7)
    file.create_dataset("growing", data=np.arange(12, dtype="u1").reshape(3, 4), maxshape=(10, None))
    file.attrs["null"] = h5py.Empty("i8")
    file.attrs["matrix"] = np.arange(6).reshape(2, 3)
    file.attrs["no-rows"] = np.zeros((0,), "f8")


@makes
def layouts(file):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    data = np.arange(100, dtype="<i4").reshape(10, 10)
    space = h5py.h5s.create_simple(data.shape)
    compact = h5py.h5d.create(file.id, b"compact", h5py.h5t.STD_I32LE, space, plist)
    compact.write(h5py.h5s.ALL, h5py.h5s.ALL, data)
    file.create_dataset("contiguous-never-written", (20,), dtype="f4", fillvalue=2.5)
    file.create_dataset("chunked-never-written", (20,), dtype="i8", chunks=(6,), fillvalue=-7)
    partly = file.create_dataset("chunked-partly", (50, 50), dtype="i2", chunks=(8, 9), fillvalue=300)
    partly[10:20, 30:44] = np.arange(140).reshape(10, 14)
    file.create_dataset("strings-never-written", (3,), dtype="S4", fillvalue=b"none")


@makes
def filters(file):
    data = np.add.outer(np.arange(90), np.arange(70)).astype("<u2")
    file.create_dataset("checksum", data=data, chunks=(20, 20), fletcher32=True)
    file.create_dataset("shuffle", data=data, chunks=(20, 20), shuffle=True)
    file.create_dataset("deflate", data=data, chunks=(20, 20), compression=9)
    everything = {"shuffle": True, "compression": 1, "fletcher32": True}
    file.create_dataset("everything", data=data, chunks=(20, 20), maxshape=(None, 70), **everything)
    # Deflate makes it larger: libhdf5 leaves the filter out of such chunks.
    file.create_dataset("noise", data=np.frombuffer(noise(500).tobytes(), "u1"), chunks=(50,), compression=1)


@makes
def masks(file):
    """Chunks without some of their filters, as the mask of each says."""
    data = np.arange(64, dtype="<i4")
    dataset = file.create_dataset("mask", (64,), "<i4", chunks=(16,), shuffle=True, compression=4)
    dataset[:] = data
    dataset.id.write_direct_chunk((16,), data[16:32].tobytes(), filter_mask=0b11)
    shuffled = np.frombuffer(data[32:48].tobytes(), "u1").reshape(16, 4).T.tobytes()
    dataset.id.write_direct_chunk((32,), shuffled, filter_mask=0b10)
    grown = file.create_dataset("mask-grown", (64,), "<i4", chunks=(16,), maxshape=(None,), compression=4)
    grown[:] = data
    grown.id.write_direct_chunk((48,), data[::-1][:16].tobytes(), filter_mask=0b1)


@makes
def members(file):
    for number in range(300):
        file.create_group(f"many/group {number}")
    for number in range(40):
        file[f"a/b/c/d/value {number}"] = number
    file["hard"] = file["a/b"]
    file["itself"] = file["/"]
    file["soft"] = h5py.SoftLink("/a/b/c")
    file["nowhere"] = h5py.SoftLink("/there/is/nothing")
    file["elsewhere"] = h5py.ExternalLink("other.h5", "/a path")
    file["Grüße/日本語"] = 1
    tracked = file.create_group("tracked", track_order=True)
    for number in range(20):
        tracked[f"{number * 7 % 20}"] = number


@makes
def attributes(file):
    for number in range(60):
        file.attrs[f"attribute {number}"] = number * 1.5
    group = file.create_group("group", track_order=True)
    for number in range(30):
        group.attrs[f"{number * 7 % 30}"] = f"text {number}"
    file.create_dataset("dataset", data=[1, 2]).attrs["large"] = np.arange(5000.0)


@makes
def single_chunk(file):
    data = noise(30, 20)
    file.create_dataset("plain", data=data, chunks=(30, 20))
    file.create_dataset("filtered", data=data, chunks=(30, 20), compression=5)
    file.create_dataset("unwritten", (30, 20), chunks=(30, 20), fillvalue=1.25)


@makes
def implicit(file):
    for name, shape, chunks in [(b"line", (1000,), (30,)), (b"cube", (20, 30, 10), (7, 8, 4))]:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(chunks)
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        dataset = h5py.h5d.create(file.id, name, h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple(shape), plist)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, noise(*shape))


@makes
def fixed_array(file):
    data = noise(60, 50)
    file.create_dataset("plain", data=data, chunks=(10, 10))
    file.create_dataset("edges", data=data, chunks=(11, 13), compression=4)
    holes = file.create_dataset("holes", (60, 50), chunks=(7, 7), fletcher32=True, fillvalue=9.0)
    holes[20:40, 5:6] = data[20:40, 5:6]


@makes
def fixed_array_paged(file):
    """More chunks than a page of the array holds."""
    file.create_dataset("plain", data=noise(5000), chunks=(1,))
    file.create_dataset("filtered", data=noise(70, 60), chunks=(1, 2), compression=1)
    holes = file.create_dataset("holes", (9000,), chunks=(2,), fillvalue=3.5)
    holes[5000:5100] = noise(100)


@makes
def extensible_array(file):
    """Chunks in the index block, in data blocks and below secondary blocks."""
    file.create_dataset("few", data=noise(10, 8), chunks=(4, 4), maxshape=(None, 8))
    file.create_dataset("many", data=noise(3000), chunks=(1,), maxshape=(None,))
    file.create_dataset("filtered", data=noise(3000, 2), chunks=(1, 2), maxshape=(None, 2), compression=1)
    file.create_dataset("second-axis", data=noise(6, 300), chunks=(2, 3), maxshape=(6, None), fletcher32=True)
    holes = file.create_dataset("holes", (40_000,), chunks=(1,), maxshape=(None,), fillvalue=-1.0)
    holes[20_000:20_010] = noise(10)
    holes[39_999] = 5.0


@makes
def extensible_array_paged(file):
    """Enough chunks for data blocks of several pages."""
    file.create_dataset("paged", data=noise(150_000, 1)[:, 0], chunks=(1,), maxshape=(None,))


@makes
def btree_2(file):
    """Two axes without a limit; enough chunks for inner nodes."""
    both = {"maxshape": (None, None)}
    file.create_dataset("few", data=noise(10, 10), chunks=(4, 4), **both)
    file.create_dataset("many", data=noise(120, 90), chunks=(2, 1), **both)
    file.create_dataset("filtered", data=noise(100, 60), chunks=(2, 2), compression=1, **both)
    holes = file.create_dataset("holes", (300, 300), chunks=(3, 3), fillvalue=4.0, **both)
    holes[100:130, 200:290] = noise(30, 90)


@makes
def btree_1_levels(file):
    """In old files: three levels of nodes."""
    file.create_dataset("grid", data=noise(140, 150).astype("f4"), chunks=(1, 1), maxshape=(None, 150))


@makes
def resized(file):
    data = noise(40, 40)
    smaller = file.create_dataset("smaller", data=data, chunks=(7, 7), maxshape=(None, None))
    smaller.resize((15, 22))
    again = file.create_dataset("again", data=data, chunks=(7, 7), maxshape=(100, 100), fillvalue=8.0)
    again.resize((15, 22))
    again.resize((60, 45))
    file.create_dataset("larger", data=data, chunks=(7, 7), maxshape=(None, 40), compression=2).resize((99, 40))


@makes
def committed(file):
    file["type"] = np.dtype("<i4")
    file["type"].attrs["text"] = "a committed type"
    file.create_dataset("typed", data=[1, 2, 3], dtype=file["type"])


def has(signature, expected=lambda libver: libver in NEWER):
    def check(path, libver):
        found = signature in path.read_bytes()
        assert found == expected(libver), f"{path}: {signature} is {'' if found else 'not '}there"

    return check


def only_old(libver):
    return libver not in NEWER


def lacks(*signatures):
    return [has(signature, lambda libver: False) for signature in signatures]


# The signatures by which a way to index chunks is known; files of old versions have version 1 B-trees instead.
INDEXES = (b"FAHD", b"EAHD", b"BTHD\0\x0a", b"BTHD\0\x0b")
OLD_CHUNKS = has(b"TREE\x01", only_old)
CHECKS = {
    "recipe": [has(b"SNOD", lambda libver: libver == "earliest"), has(b"EAHD")],
    "single_chunk": [*lacks(*INDEXES), OLD_CHUNKS],
    "implicit": [*lacks(*INDEXES), OLD_CHUNKS],
    "fixed_array": [has(b"FADB"), OLD_CHUNKS],
    "fixed_array_paged": [has(b"FADB"), OLD_CHUNKS],
    "extensible_array": [has(b"EAIB"), has(b"EASB"), has(b"EADB"), OLD_CHUNKS],
    "extensible_array_paged": [has(b"EASB")],
    "btree_2": [has(b"BTHD\0\x0a"), has(b"BTHD\0\x0b"), has(b"BTIN"), OLD_CHUNKS],
    "btree_1_levels": [has(b"TREE\x01\x02", only_old)],
}


if __name__ == "__main__":
    main()
