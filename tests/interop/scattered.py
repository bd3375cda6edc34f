"""Datasets of several layouts, what h5py finds at points and under masks, and what is there after they are written."""

import sys

import h5py
import numpy as np


def make(path):
    random = np.random.default_rng(7)
    data = random.integers(-(1 << 30), 1 << 30, (70, 90), dtype="i4")
    mask = random.random(data.shape) < 0.3
    mask[20:25] = True
    mask[50:60] = False
    points = np.stack([random.integers(0, size, 500) for size in data.shape], axis=1)
    after = data.copy()
    # One after the other, as a point that comes twice keeps what was last.
    for number, (row, column) in enumerate(points):
        after[row, column] = number
    after[mask] = np.arange(1000, 1000 + mask.sum())
    after[5:60:3, ::4] = -3
    with h5py.File(path, "w") as file:
        file["mask"], file["points"], file["after"] = mask, points.astype("u8"), after
        file["masked"] = data[mask]
        file["pointed"] = data[points[:, 0], points[:, 1]]
        group = file.create_group("data")
        group.create_dataset("contiguous", data=data)
        group.create_dataset("big endian", data=data, dtype=">i4")
        group.create_dataset("chunked", data=data, chunks=(16, 25))
        group.create_dataset("compressed", data=data, chunks=(16, 25), compression="gzip", shuffle=True)
        group.create_dataset("growing", data=data, chunks=(7, 90), maxshape=(None, None), fletcher32=True)
        layout = h5py.VirtualLayout(data.shape, "i4")
        layout[:30] = h5py.VirtualSource(group["compressed"])[:30]
        layout[30:] = h5py.VirtualSource(group["contiguous"])[30:]
        file.create_virtual_dataset("virtual", layout)
        text = file.create_dataset("text", (4, 5), h5py.string_dtype(), chunks=(2, 5))
        text[...] = "before"


def check(path):
    with h5py.File(path, "r+") as file:
        for name, dataset in file["data"].items():
            assert (dataset[()] == file["after"][()]).all(), name
        text = file["text"]
        expected = np.full((4, 5), b"before", object)
        expected[1, 1:4], expected[3, 4] = b"after", b"after"
        assert (text[()] == expected).all(), text[()]
        # Each element has a string of its own: replacing some of them leaves the others.
        text[1, 1], text[3, 4] = "once", "more"
        expected[1, 1], expected[3, 4] = b"once", b"more"
        assert (text[()] == expected).all(), text[()]


{"make": make, "check": check}[sys.argv[1]](sys.argv[2])
