"""Makes and changes files of old-style groups by way of h5py: old.py make|change FILE"""

import sys

import h5py
import numpy as np


def main():
    what, path = sys.argv[1:]
    {"make": make, "change": change}[what](path)


def make(path):
    with h5py.File(path, "w", libver="earliest") as file:
        file.attrs["date"] = "2018-01-01"
        many = file.create_group("many")
        for number in range(500):
            name = f"link {number * 7919 % 500}{'x' * (number % 23)}"
            if number % 5:
                many[name] = h5py.SoftLink("/data" * (1 + number % 3))
            else:
                many.create_group(name)
        array = np.arange(6000.0).reshape(60, 100)
        options = {"chunks": (20, 30), "maxshape": (None, 100), "compression": "gzip", "shuffle": True, "fillvalue": -1}
        file.create_dataset("data", data=array, **options)
        file["compound"] = np.zeros(3, [("a", "<i4"), ("b", ">f8", (2,))])
        file["bool"] = np.array([True, False])
        file["again"] = file["bool"]
        file.create_group("empty")


def change(path):
    """Goes on where somebody else was: takes every third link of each group away and adds as many as are left."""
    with h5py.File(path, "r+") as file:
        groups = [file["/"]]
        file.visititems(lambda _, item: groups.append(item) if isinstance(item, h5py.Group) else None)
        for group in groups:
            names = sorted(group)
            kept = [name for number, name in enumerate(names) if number % 3 or group.get(name, getlink=True).__class__ is h5py.HardLink]
            for name in set(names) - set(kept):
                del group[name]
            for number, name in enumerate(kept):
                group[f"{number} beside {name}"] = h5py.SoftLink("/" + name)
            assert sorted(group) == sorted(kept + [f"{number} beside {name}" for number, name in enumerate(kept)])
            group.attrs["changed"] = np.arange(50)
        file.create_dataset("by h5py", data=np.arange(12), chunks=(5,), compression="gzip")


if __name__ == "__main__":
    main()
