"""Files of the split and multi drivers, by h5py. NAME is what the names of the members have in common.

    python split_files.py make DRIVER NAME BOUND     makes a file
    python split_files.py list DRIVER NAME           lists what is in it, as listing.py does
    python split_files.py edit DRIVER NAME           adds, changes, lengthens and removes things
"""

import ctypes
import pathlib
import sys

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from listing import listing

BOUNDS = {"earliest": h5py.h5f.LIBVER_EARLIEST, "v108": h5py.h5f.LIBVER_V18, "v110": h5py.h5f.LIBVER_V110}


def access(driver, bound="earliest"):
    plist = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    plist.set_libver_bounds(BOUNDS[bound], h5py.h5f.LIBVER_LATEST)
    plist.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    if driver == "split":
        plist.set_fapl_split(b"-m.h5", h5py.h5p.DEFAULT, b"-r.h5", h5py.h5p.DEFAULT)
        return plist
    # h5py has no name for the multi driver.
    loaded = {line.split()[-1] for line in open("/proc/self/maps") if "/libhdf5-" in line}
    set_multi = ctypes.CDLL(loaded.pop()).H5Pset_fapl_multi
    set_multi.argtypes = [ctypes.c_int64] + 4 * [ctypes.c_void_p] + [ctypes.c_bool]
    assert set_multi(plist.id, None, None, None, None, True) >= 0
    return plist


def opened(driver, name, flags):
    return h5py.File(h5py.h5f.open(name.encode(), flags, fapl=access(driver)))


def make(driver, name, bound):
    with h5py.File(h5py.h5f.create(name.encode(), h5py.h5f.ACC_TRUNC, fapl=access(driver, bound))) as file:
        file["flat"] = np.arange(500, dtype="<i4")
        file.create_dataset("line", data=np.arange(600), maxshape=(None,), chunks=(100,), compression="gzip")
        file.create_dataset("plane", data=np.ones((20, 20)), maxshape=(None, None), chunks=(5, 7))
        file.create_dataset("texts", data=["a", "bb" * 50, ""], dtype=h5py.string_dtype())
        group = file.create_group("group")
        group.attrs["text"] = "of any length"
        for number in range(40):
            group.create_group(f"member {number}").attrs["number"] = number


def edit(driver, name):
    with opened(driver, name, h5py.h5f.ACC_RDWR) as file:
        line = file["line"]
        line.resize(line.size + 200, axis=0)
        line[-200:] = 1
        file["theirs"] = np.arange(3000)
        file["plane"].resize((30, 9))
        file.create_dataset("their texts", data=["x" * 5000, "yy"], dtype=h5py.string_dtype())
        del file["group/member 3"]
        for number in range(100):
            file["group"].create_group(f"their {number}")
        del file["flat"]
        file["flat"] = np.arange(50, dtype="<i4")


def show(driver, name):
    with opened(driver, name, h5py.h5f.ACC_RDONLY) as file:
        sys.stdout.write(listing(file))


if __name__ == "__main__":
    {"make": make, "list": show, "edit": edit}[sys.argv[1]](*sys.argv[2:])
