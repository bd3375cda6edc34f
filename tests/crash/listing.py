"""Prints what is in HDF5 files as support/listing.py does, or `refused` for those that libhdf5 does not open."""

import pathlib
import sys

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from listing import listing  # noqa: E402

for path in sys.argv[1:]:
    print("file", pathlib.Path(path).name)
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError:
        print("refused")
        continue
    with file:
        sys.stdout.write(listing(file))
