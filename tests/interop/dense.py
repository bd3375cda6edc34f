"""Adds and removes links and attributes by way of h5py.

    dense.py make FILE LIBVER (tracked|untracked)    makes groups that keep few, some and many of both
    dense.py edit FILE SEED NAMES                    makes changes to each of them that look random
    dense.py order FILE                              prints names in the order of their creation
"""

import random
import sys

import h5py
import numpy as np


def main():
    command, path, *arguments = sys.argv[1:]
    {"make": make, "edit": edit, "order": order}[command](path, *arguments)


def make(path, libver, tracked):
    with h5py.File(path, "w", libver=libver) as file:
        for name, count in (("few", 3), ("some", 12), ("many", 400)):
            group = file.create_group(name, track_order=tracked == "tracked")
            for index in range(count):
                group[f"link {index * 7919 % count}"] = h5py.SoftLink(f"/target {index}")
            # A version 1 header keeps all of them.
            for index in range(min(count, 60)):
                group.attrs[f"attribute {index * 31 % 60}"] = np.int64(index)


def edit(path, seed, names):
    numbers = random.Random(int(seed))
    with h5py.File(path, "r+") as file:
        for name in sorted(file):
            for _ in range(int(names)):
                edit_links(file[name], f"link {numbers.randrange(int(names))}", numbers)
                edit_attributes(file[name].attrs, f"attribute {numbers.randrange(int(names))}", numbers)


def edit_links(group, name, numbers):
    if group.id.links.exists(name.encode()):
        del group[name]
    else:
        group[name] = h5py.SoftLink(f"/target {numbers.randrange(100)}")


def edit_attributes(attributes, name, numbers):
    choice = numbers.randrange(4)
    if name not in attributes:
        attributes[name] = np.int64(choice)
    elif choice == 0:
        attributes.modify(name, np.int64(numbers.randrange(1000)))
    elif choice == 1 and name + " renamed" not in attributes:
        h5py.h5a.rename(attributes._id, name.encode(), name.encode() + b" renamed")
    else:
        del attributes[name]


def order(path):
    with h5py.File(path, "r") as file:
        for name in sorted(file):
            group = file[name]
            flags = group.id.get_create_plist().get_link_creation_order()
            print(name, "links", *(list(group) if flags else ()), sep="|")
            flags = group.id.get_create_plist().get_attr_creation_order()
            print(name, "attributes", *(by_order(group) if flags else ()), sep="|")


def by_order(group):
    names = []
    h5py.h5a.iterate(group.id, lambda name: names.append(name.decode()), index_type=h5py.h5.INDEX_CRT_ORDER)
    return names


if __name__ == "__main__":
    main()
