"""Changes links of all lengths in the groups of a file by way of h5py.

    heaps.py edit FILE SEED    removes half of the links of each group in some order, and adds others
    heaps.py empty FILE        removes all links of all groups
"""

import random
import sys

import h5py


def main():
    command, path, *arguments = sys.argv[1:]
    with h5py.File(path, "r+") as file:
        for name in sorted(file):
            {"edit": edit, "empty": empty}[command](file[name], *arguments)


def edit(group, seed):
    numbers = random.Random(seed)
    names = sorted(group)
    for name in numbers.sample(names, len(names) // 2):
        del group[name]
    # Inserting into filtered blocks, libhdf5 2.0 fails now and then in its own heaps.
    if "filtered" not in group.name:
        for index in range(40):
            length = numbers.choice((10, 100, 1000, 4000, 5000))
            group[f"{seed} {index} ".ljust(length, "h")] = h5py.SoftLink(f"/target {index}")


def empty(group):
    names = sorted(group)
    for name in random.Random(7).sample(names, len(names)):
        del group[name]


if __name__ == "__main__":
    main()
