"""Files that keep their free space: free_space.py make|extend FILE LIBVER STRATEGY"""

import sys

import h5py
import numpy as np


def make(path, libver, strategy):
    """Datasets with free space between them, which the file remembers."""
    with h5py.File(path, "w", libver=libver, fs_strategy=strategy, fs_persist=True, fs_threshold=1) as file:
        for number in range(8):
            file.create_dataset(f"d{number}", data=np.arange(3000) * number)
        for number in range(0, 8, 2):
            del file[f"d{number}"]


def extend(path, *_):
    """Adds to the file what may go into its free space."""
    with h5py.File(path, "r+") as file:
        for number in range(6):
            file.create_dataset(f"n{number}", data=np.arange(4000) * (number + 1))


{"make": make, "extend": extend}[sys.argv[1]](*sys.argv[2:])
