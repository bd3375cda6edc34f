"""Files that keep their free space: free_space.py make FILE LIBVER STRATEGY | extend FILE | add FILE COUNT... | tell FILE"""

import os
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


def add(path, *counts):
    """Adds a dataset for each number of elements."""
    with h5py.File(path, "r+") as file:
        for count in counts:
            file.create_dataset(f"by h5py {len(file)}", data=np.arange(int(count)))


def tell(path):
    """Prints how the file manages its space, and how many bytes are free."""
    with h5py.File(path, "r") as file:
        strategy, persist, threshold = file.id.get_create_plist().get_file_space_strategy()
        page = file.id.get_create_plist().get_file_space_page_size()
        print(strategy, persist, threshold, page, file.id.get_freespace())


{"make": make, "extend": extend, "add": add, "tell": tell}[sys.argv[1]](*sys.argv[2:])
