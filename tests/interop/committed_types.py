"""Committed types and who shares them: committed_types.py share FILE LIBVER | count FILE | drop FILE

`share` makes a type, datasets and attributes of it; `count` prints how many links and users the type has, and its users;
`drop` takes one user after the other away, as far as h5py can.
"""

import sys

import h5py
import numpy as np

KIND = np.dtype([("number", "<i4"), ("text", "S3")])
VALUES = np.array([(1, b"one"), (2, b"two")], KIND)


def share(path, libver):
    with h5py.File(path, "w", libver=libver) as file:
        file["type"] = KIND
        named = file["type"]
        for name in "ab":
            file.create_dataset(name, data=VALUES, dtype=named).attrs.create("x", VALUES, dtype=named)
        named.attrs.create("of itself", VALUES, dtype=named)
        many = file.create_group("many")
        for number in range(12):
            many.attrs.create(f"x{number:02}", VALUES, dtype=named)


def users(file):
    for name in ("a", "b", "many", "type"):
        if name not in file:
            continue
        thing = file[name]
        if isinstance(thing, h5py.Dataset) and thing.id.get_type().committed():
            assert np.array_equal(thing[()], VALUES), name
            yield name
        for attribute in thing.attrs:
            if h5py.h5a.open(thing.id, attribute.encode()).get_type().committed():
                assert np.array_equal(thing.attrs[attribute], VALUES), attribute
                yield f"{name}@{attribute}"


def count(path):
    with h5py.File(path, "r") as file:
        found = list(users(file))
        links = h5py.h5o.get_info(file["type"].id).rc if "type" in file else None
        print(links, len(found), " ".join(found))


def drop(path):
    with h5py.File(path, "r+") as file:
        while "type" in file and (found := list(users(file))):
            name, _, attribute = found[0].partition("@")
            before = h5py.h5o.get_info(file["type"].id).rc
            if attribute:
                del file[name].attrs[attribute]
            else:
                file[name].attrs.pop("x", None)
                before = h5py.h5o.get_info(file["type"].id).rc
                del file[name]
            assert h5py.h5o.get_info(file["type"].id).rc == before - 1, found[0]
        assert h5py.h5o.get_info(file["type"].id).rc == 1


{"share": share, "count": count, "drop": drop}[sys.argv[1]](*sys.argv[2:])
