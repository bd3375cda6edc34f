"""Makes a file with the values of tests/tool.rs in other layouts, filters and byte orders: tool.py FILE"""

import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], "w", libver="latest") as file:
    grid = np.arange(600, dtype=">i4").reshape(20, 30)
    options = {"chunks": (7, 8), "compression": "gzip", "shuffle": True, "fletcher32": True, "maxshape": (None, 30)}
    file.create_dataset("group/grid", data=grid, **options)
    file.create_dataset("line", data=np.arange(100, dtype=">f8") / 4, chunks=(9,), compression="lzf")
    file["group/grid"].attrs["scale"] = np.array([1.5, 2.5], ">f8")
    file["names"] = np.array(["a", "bc", ""], dtype=h5py.string_dtype())
    if "links" in sys.argv:
        file["group/up"] = file["/"]
        file["zz"] = file["group/grid"]
