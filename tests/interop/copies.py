"""Files to copy, and whether a copy is the same to h5py.

copies.py make FILE LOW HIGH      all kinds of objects, links, types, references and layouts
copies.py narrow FILE           the same but links and most references, in a file with addresses of 4 bytes
copies.py same A B [A B ...]    fails unless both of each pair hold the same; references lead to the same objects
copies.py elements A B [A B ...]  the same for files that may store elements in other ways
copies.py copies A B [A B ...]  the same, but A may have references in other elements as they were
copies.py inside FILE           fails unless the copies within a file are what they should be
copies.py theirs FILE OUT         the copies that h5py makes of the group "members", in all ways
"""

import sys

import h5py
import numpy as np


def make(path, low, high):
    with h5py.File(path, "w", libver=(low, high), track_order=False) as f:
        plain(f)
        types(f)
        references(f)
        links(f)


def narrow(path):
    """A file with addresses of 4 bytes, and references that libhdf5 stores in 8 all the same."""
    properties = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    properties.set_sizes(4, 8)
    with h5py.File(h5py.h5f.create(path.encode(), h5py.h5f.ACC_TRUNC, properties)) as f:
        plain(f)
        types(f)
        objects = f.create_dataset("objects", shape=(1,), dtype=h5py.vlen_dtype(h5py.ref_dtype))
        objects[0] = np.array([f["scalar"].ref, f["null"].ref], dtype=h5py.ref_dtype)


def plain(f):
    f.attrs["title"] = "a file to copy"
    numbers = np.arange(600, dtype="i4").reshape(20, 30)
    f.create_dataset("contiguous", data=numbers)
    f.create_dataset("big-endian", data=numbers.astype(">f8"))
    f.create_dataset("scalar", data=2.5)
    f.create_dataset("null", data=h5py.Empty("f4"))
    f.create_dataset("empty", shape=(0, 3), dtype="i2", maxshape=(None, 3))
    f.create_dataset("never written", shape=(50,), dtype="i8", fillvalue=-7)
    chunked = f.create_dataset("chunked", data=numbers, chunks=(7, 11), maxshape=(None, 30), compression="gzip",
                               shuffle=True, fletcher32=True)
    chunked.attrs["unit"] = "K"
    sparse = f.create_dataset("sparse", shape=(1000, 1000), chunks=(10, 10), dtype="u2", fillvalue=9,
                              maxshape=(None, None), compression="gzip")
    sparse[500:505, 300] = 3
    f.create_dataset("one chunk", data=numbers, chunks=(20, 30), compression="gzip")
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    early.set_chunk((4, 4))
    space = h5py.h5s.create_simple((10, 10))
    h5py.h5d.create(f.id, b"early", h5py.h5t.STD_I32LE, space, early)
    f["early"][3, :] = 5
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(f.id, b"compact", h5py.h5t.STD_I32BE, space, compact)
    f["compact"][...] = np.arange(100).reshape(10, 10)
    many = f.create_group("many links", track_order=True)
    for number in range(30):
        many.create_group(f"z{29 - number:02}")
    some = f.create_group("many attributes", track_order=True)
    for number in range(20):
        some.attrs[f"z{19 - number:02}"] = np.arange(number)
    f.create_group("large attribute")
    try:
        f["large attribute"].attrs["large"] = np.arange(20000)
    except (OSError, RuntimeError):
        pass


def types(f):
    g = f.create_group("types")
    text = h5py.string_dtype()
    g.create_dataset("strings", data=["a", "", "größer", "x" * 5000], dtype=text)
    g.create_dataset("strings, compressed", data=[f"text {n}" for n in range(100)], dtype=text, chunks=(7,),
                     compression="gzip", maxshape=(None,))
    g.create_dataset("never written strings", shape=(5,), dtype=text)
    sequences = h5py.vlen_dtype("f4")
    rows = g.create_dataset("sequences", shape=(4,), dtype=sequences)
    for n in range(4):
        rows[n] = np.arange(n)
    record = np.dtype([("name", text), ("values", "i2", (2, 2)), ("flag", h5py.enum_dtype({"NO": 0, "YES": 1}, "u1")),
                       ("rows", sequences)])
    records = g.create_dataset("records", shape=(3,), dtype=record, chunks=(2,))
    for n in range(3):
        records[n] = (f"record {n}", np.full((2, 2), n), n % 2, np.arange(n + 1))
    g.attrs.create("records", records[...], dtype=record)
    g.create_dataset("complex", data=np.array([1 + 2j, 3 - 4j]))
    g.create_dataset("bool", data=np.array([True, False]))
    g.create_dataset("opaque", data=np.array([b"abc", b"def"], dtype="V3"))
    g["committed"] = np.dtype([("x", "f8"), ("y", "f8")])
    g.create_dataset("points", shape=(3,), dtype=g["committed"])
    g["points"][...] = [(n, -n) for n in range(3)]
    g["points"].attrs.create("origin", np.zeros((), g["committed"].dtype), dtype=g["committed"])
    g["committed strings"] = text
    g.create_dataset("of committed strings", data=["one", "two"], dtype=g["committed strings"])


def references(f):
    g = f.create_group("references")
    objects = g.create_dataset("objects", shape=(4,), dtype=h5py.ref_dtype)
    objects[0] = f["contiguous"].ref
    objects[1] = g.ref
    objects[2] = f["types/committed"].ref
    regions = g.create_dataset("regions", shape=(3,), dtype=h5py.regionref_dtype, chunks=(2,), maxshape=(None,))
    regions[0] = f["contiguous"].regionref[2:5, ::3]
    regions[1] = f["chunked"].regionref[:, 7]
    f["contiguous"].attrs["who"] = g.ref
    lists = g.create_dataset("lists", shape=(2,), dtype=h5py.vlen_dtype(h5py.ref_dtype))
    lists[0] = np.array([f["scalar"].ref, f["null"].ref], dtype=h5py.ref_dtype)
    scale = f["contiguous"]
    scale.make_scale("lines")
    f["big-endian"].dims[0].attach_scale(scale)


def links(f):
    g = f.create_group("members")
    g["same"] = f["contiguous"]
    g["soft"] = h5py.SoftLink("/types/complex")
    g["dangling"] = h5py.SoftLink("/nowhere")
    g["elsewhere"] = h5py.ExternalLink("other.h5", "/far/away")
    inner = g.create_group("inner")
    inner["up"] = g
    inner.create_dataset("deep", data=np.arange(5))
    inner["relative"] = h5py.SoftLink("deep")
    g["typed"] = f["types/points"]


def same(*paths):
    for a, b in zip(paths[::2], paths[1::2]):
        with h5py.File(a) as left, h5py.File(b) as right:
            Comparison(left, right).all(left["/"], right["/"], "/")


def address(x):
    return h5py.h5o.get_info(x.id).addr


def elements(*paths):
    """Only what the elements are, not how they are stored."""
    for a, b in zip(paths[::2], paths[1::2]):
        with h5py.File(a) as left, h5py.File(b) as right:
            comparison = Comparison(left, right)
            comparison.layouts = False
            comparison.all(left["/"], right["/"], "/")


def copies(*paths):
    """Those of libhdf5 first: it leaves references in other elements as they are."""
    for a, b in zip(paths[::2], paths[1::2]):
        with h5py.File(a) as left, h5py.File(b) as right:
            comparison = Comparison(left, right)
            comparison.inner = comparison.counts = False
            comparison.all(left["/"], right["/"], "/")


def inside(path):
    with h5py.File(path) as f:
        comparison = Comparison(f, f)
        comparison.counts = False
        comparison.objects(f["types"], f["types again"], "/types")
        comparison.objects(f["contiguous"], f["all/contiguous"], "/contiguous")
        assert f[f["all/references/objects"][0]] == f["contiguous"]
        assert f["all/members/inner/up"] == f["all/members"] != f["members"]
        assert "copy" in f["all/members/inner"] and "copy" not in f["all/members/inner/copy/inner"]


class Comparison:
    def __init__(self, left, right):
        self.left, self.right = left, right
        self.met = {}
        self.layouts = self.counts = self.inner = True
        # What references lead to.
        self.led = []

    def all(self, a, b, path):
        self.objects(a, b, path)
        for x, y, where in self.led:
            if x in self.met:
                assert self.met[x][0] == y, f"{where} does not lead to {self.met[x][1]} any more"

    def objects(self, a, b, path):
        known = self.met.setdefault(address(a), (address(b), path))
        assert known[0] == address(b), f"{path} is not {known[1]} any more"
        if known[1] != path:
            return
        assert type(a) is type(b), path
        if self.counts:
            assert h5py.h5o.get_info(a.id).rc == h5py.h5o.get_info(b.id).rc, f"{path}: links"
        self.attributes(a, b, path)
        if isinstance(a, h5py.Group):
            self.groups(a, b, path)
        elif isinstance(a, h5py.Dataset):
            self.datasets(a, b, path)
        else:
            assert a.dtype == b.dtype, path

    def attributes(self, a, b, path):
        assert list(a.attrs) == list(b.attrs), f"{path}: {list(a.attrs)} {list(b.attrs)}"
        for name in a.attrs:
            where = f"{path}@{name}"
            x, y = a.attrs.get_id(name), b.attrs.get_id(name)
            assert x.get_type().equal(y.get_type()), where
            assert x.get_type().committed() == y.get_type().committed(), where
            self.values(a.attrs[name], b.attrs[name], where)

    def groups(self, a, b, path):
        names, others = ([name for name in g if not name.startswith("~obj_pointed_by")] for g in (a, b))
        assert names == others, f"{path}: {list(a)} {list(b)}"
        for name in names:
            where = f"{path.rstrip('/')}/{name}"
            x, y = a.get(name, getlink=True), b.get(name, getlink=True)
            assert type(x) is type(y), where
            if isinstance(x, h5py.HardLink):
                self.objects(a[name], b[name], where)
            else:
                assert x.path == y.path and getattr(x, "filename", 0) == getattr(y, "filename", 0), where

    def datasets(self, a, b, path):
        assert (a.shape, a.maxshape) == (b.shape, b.maxshape), path
        assert a.id.get_type().equal(b.id.get_type()), path
        assert a.id.get_type().committed() == b.id.get_type().committed(), path
        if a.shape is not None:
            self.values(a[()], b[()], path)
        if self.layouts:
            self.storage(a, b, path)

    def storage(self, a, b, path):
        assert a.chunks == b.chunks, path
        x, y = a.id.get_create_plist(), b.id.get_create_plist()
        assert x.get_layout() == y.get_layout() and x.get_nfilters() == y.get_nfilters(), path
        assert x.fill_value_defined() == y.fill_value_defined(), path
        assert x.get_alloc_time() == y.get_alloc_time() and x.get_fill_time() == y.get_fill_time(), path
        for n in range(x.get_nfilters()):
            assert x.get_filter(n) == y.get_filter(n), path
        if x.get_layout() == h5py.h5d.CHUNKED:
            assert a.id.get_num_chunks() == b.id.get_num_chunks(), path

    def values(self, a, b, path):
        if isinstance(a, h5py.Empty):
            assert isinstance(b, h5py.Empty) and a.dtype == b.dtype, path
        elif isinstance(a, h5py.RegionReference):
            self.references(a, b, path)
            if a and b:
                x, y = h5py.h5r.get_region(a, self.left.id), h5py.h5r.get_region(b, self.right.id)
                assert x.get_select_bounds() == y.get_select_bounds(), path
                assert x.get_select_npoints() == y.get_select_npoints(), path
        elif isinstance(a, h5py.Reference):
            self.references(a, b, path)
        elif isinstance(a, np.void) and a.dtype.names:
            for name in a.dtype.names:
                self.values(a[name], b[name], f"{path}.{name}")
        elif isinstance(a, np.ndarray) and (a.dtype.kind == "O" or a.dtype.names):
            assert a.shape == b.shape, path
            for x, y in zip(a.flat, b.flat):
                self.values(x, y, path)
        else:
            assert np.array_equal(np.asarray(a), np.asarray(b)), f"{path}: {a} {b}"

    def references(self, a, b, path):
        if not self.inner and any(name in path for name in ("lists", "DIMENSION_LIST", "REFERENCE_LIST")):
            return
        assert bool(a) == bool(b), path
        if a and b:
            x, y = self.left[a], self.right[b]
            self.led.append((address(x), address(y), path))
            if x.name is None and isinstance(x, h5py.Dataset):
                self.datasets(x, y, path)


def theirs(path, out):
    with h5py.File(path) as f, h5py.File(out, "w") as g:
        f.copy("members", g, "plain")
        f.copy("members", g, "shallow", shallow=True)
        f.copy("members", g, "without attributes", without_attrs=True)
        f.copy("references", g, "references", expand_refs=True)
        f.copy("references", g, "null references")
        f.copy("types", g, "types")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
