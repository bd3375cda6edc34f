"""Compares datasets that went through filters with the plain one beside them: filters.py FILE

Prints the numbers of each dataset's filters; fails where values differ or where a chunk did without its filter.
"""

import sys

import h5py
import hdf5plugin  # noqa: F401, registers filters
import numpy as np


def main():
    with h5py.File(sys.argv[1]) as file:
        for group in file.values():
            plain = group["plain"][...]
            for name, dataset in group.items():
                if name == "plain":
                    continue
                np.testing.assert_array_equal(dataset[...], plain, err_msg=dataset.name)
                for number in range(dataset.id.get_num_chunks()):
                    assert dataset.id.get_chunk_info(number).filter_mask == 0, f"{dataset.name}: filter left out"
                properties = dataset.id.get_create_plist()
                numbers = [properties.get_filter(at)[0] for at in range(properties.get_nfilters())]
                print(dataset.name, *numbers)


main()
