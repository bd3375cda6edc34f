"""What a dataset's header has to say for libhdf5 to change it safely: left_unsaid.py FILE

Datasets below "axes" are as long as they may become: one is cut and grows back, and none grows longer. Those below "texts"
were never written to: libhdf5 frees what an element named before it writes another.
"""

import sys

import h5py

with h5py.File(sys.argv[1], "r+") as file:
    for name, dataset in file["axes"].items():
        assert dataset.maxshape == (7,), (name, dataset.maxshape)
        dataset.resize((6,))
with h5py.File(sys.argv[1], "r+") as file:
    for name, dataset in file["axes"].items():
        dataset.resize((7,))
        try:
            dataset.resize((8,))
        except RuntimeError:
            continue
        raise AssertionError(f"{name} grew past its maximum")
with h5py.File(sys.argv[1], "r+") as file:
    for dataset in file["texts"].values():
        dataset[1] = ("one",) if dataset.dtype.names else "one"
with h5py.File(sys.argv[1], "r") as file:
    for name, dataset in file["texts"].items():
        texts = dataset["text"] if dataset.dtype.names else dataset[()]
        print(name, *(text.decode() or "-" for text in texts))
