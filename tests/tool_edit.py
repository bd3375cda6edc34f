"""Makes a file for tests/tool_edit.rs, or prints what is in it: tool_edit.py make|show FILE [LIBVER]"""

import sys

import h5py
import numpy as np


def make(path, libver):
    with h5py.File(path, "w", libver=libver) as file:
        grid = file.create_dataset("group/grid", data=np.arange(6, dtype="i4").reshape(2, 3))
        file["line"] = np.arange(4, dtype="f8")
        file["soft"] = h5py.SoftLink("/line")
        file["dangling"] = h5py.SoftLink("/nowhere")
        grid.attrs["big"] = np.array([1, 2, 3], ">i2")
        grid.attrs["square"] = np.array([[1.5, 0.1], [-2, 1e300]])
        grid.attrs["fixed"] = np.bytes_("metres")
        grid.attrs["text"] = "a\nb é"
        grid.attrs["names"] = np.array(["x", "yy"], h5py.string_dtype())
        grid.attrs["yes"] = True
        grid.attrs["pair"] = np.array((1, 2.5), [("a", "i4"), ("b", "f8")])
        grid.attrs["null"] = h5py.Empty("f4")


def show(path):
    with h5py.File(path, "r") as file:
        links(file, "")


def links(group, above):
    attributes(group, above or "/")
    for name in sorted(group):
        path, link = f"{above}/{name}", group.get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            print(path, "soft", link.path)
        elif isinstance(link, h5py.ExternalLink):
            print(path, "external", link.filename, link.path)
        else:
            found = group[name]
            count = h5py.h5o.get_info(found.id).rc
            print(path, type(found).__name__, count, *(found.shape if isinstance(found, h5py.Dataset) else ()))
            if isinstance(found, h5py.Group):
                links(found, path)
            else:
                attributes(found, path)


def attributes(found, path):
    for name in sorted(found.attrs):
        if name not in ("text", "pair", "null"):
            attribute = found.attrs.get_id(name)
            value = found.attrs[name]
            value = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
            print(f"{path}@{name}", attribute.dtype, attribute.shape, value)


make(*sys.argv[2:]) if sys.argv[1] == "make" else show(sys.argv[2])
