"""Makes the files that tests/dump_options.rs prints by h5dump and by the tool, in the folder that is given."""

import os
import sys

import h5py
import numpy as np

os.chdir(sys.argv[1])


def everything(file):
    file.attrs["title"] = "a title"
    file.attrs["bytes"] = np.arange(100, dtype="u1").reshape(10, 10)
    file.attrs["a/b"] = 1.5
    file["bytes"] = (np.arange(200) * 7 % 256).astype("u1").reshape(20, 10)
    file["null"] = h5py.Empty("i1")
    file["none"] = np.zeros((0, 3), "i1")
    file["letter"] = np.int8(65)
    file["floats"] = np.linspace(0, 1, 60).reshape(5, 12)
    file["cube"] = np.arange(4 * 5 * 6, dtype=">i4").reshape(4, 5, 6)
    file["texts"] = [b"x" * 100, b"ab", b'y\n"\\' * 20, b"\xff\t\x01"]
    file["words"] = np.array(["", "one", "two words"], dtype=h5py.string_dtype())
    file["records"] = np.zeros(3, [("a", "i1"), ("b", "f4", (2, 2)), ("c", "S3")])
    file["lists"] = np.array([[1, 2], [], [3]], dtype=object).astype(h5py.vlen_dtype("i4"))[:0]
    colours = h5py.enum_dtype({"red": 0, "it's": 1})
    file.create_dataset("enum", data=[0, 1, 2], dtype=colours)
    file["opaque"] = np.array([b"ab", b"cd"], "V2")
    file["type"] = np.dtype("i8")
    file.create_dataset("typed", data=[1, 2], dtype=file["type"])


def layouts(file):
    group = file.create_group("layouts")
    data = np.arange(40, dtype="i2").reshape(8, 5)
    group.create_dataset("filters", data=data, chunks=(4, 5), compression=6, shuffle=True, fletcher32=True)
    group.create_dataset("scaled", data=data, chunks=(8, 5), scaleoffset=0)
    group.create_dataset("empty", (3,), "f8", fillvalue=2.5)
    group.create_dataset("partly", (100,), "i4", chunks=(10,), maxshape=(None,))[5:15] = 1
    group.create_dataset("words", data=["a"] * 50, dtype=h5py.string_dtype(), compression=1)
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(group.id, b"compact", h5py.h5t.STD_I32LE, h5py.h5s.create_simple((2,)), compact)


def links(file):
    ordered = file.create_group("ordered", track_order=True)
    for name in ["zebra", "ant", "mole"]:
        ordered.create_dataset(name, data=[1], track_order=True).attrs["z"] = 1
        ordered[name].attrs["a"] = 2
    file["ordered/again"] = file["cube"]
    file["loop/up"] = file["/"]
    file["soft"] = h5py.SoftLink("/cube")
    file["dangling"] = h5py.SoftLink("/nowhere")
    file["outside"] = h5py.ExternalLink("other.h5", "/group")
    h5py.h5o.set_comment(file["ordered"].id, b"a comment")
    h5py.h5o.set_comment(file["cube"].id, b"another comment")


with h5py.File("other.h5", "w") as other:
    other["group/inside"] = [1, 2, 3]

with h5py.File("all.h5", "w", libver=("earliest", "v108")) as all_kinds:
    everything(all_kinds)
    layouts(all_kinds)
    links(all_kinds)


def indexed(file):
    """A dataset for each chunk index, of which only some chunks were written."""
    file.create_dataset("one", data=np.arange(6), chunks=(6,))
    file.create_dataset("fixed", (1000,), "i4", chunks=(10,))[5:25] = 1
    file.create_dataset("fixed_filtered", (1000,), "i4", chunks=(10,), compression=1)[5:25] = 1
    file.create_dataset("extensible", (2**40,), "i4", chunks=(64,), maxshape=(None,))[100:200] = 1
    file.create_dataset("extensible_filtered", (500,), "i4", chunks=(5,), maxshape=(None,), compression=1)[400:] = 1
    file.create_dataset("tree", (2**20, 2**20), "u1", chunks=(8, 8), maxshape=(None, None))[9, 3:30] = 1
    file.create_dataset("tree_filtered", (90, 90), "u1", chunks=(8, 8), maxshape=(None, None), shuffle=True)[9] = 1
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((4, 4))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    h5py.h5d.create(file.id, b"implicit", h5py.h5t.STD_I32LE, h5py.h5s.create_simple((10, 6)), early)


with h5py.File("indexed.h5", "w", libver=("v110", "v110")) as every_index:
    indexed(every_index)

with h5py.File("regions.h5", "w") as regions:
    grid = regions.create_dataset("grid", data=np.arange(400).reshape(20, 20))
    line = regions.create_dataset("line", data=np.linspace(0, 3, 30))
    both = regions.create_dataset("both", (4,), h5py.regionref_dtype)
    both[0] = grid.regionref[2:5, 3:18]
    both[1] = grid.regionref[::7, ::9]
    both[2] = line.regionref[[1, 5, 20]]
    selection = grid.id.get_space()
    selection.select_elements([(1, 1), (19, 0), (7, 7)])
    both[3] = h5py.h5r.create(regions.id, b"grid", h5py.h5r.DATASET_REGION, selection)
