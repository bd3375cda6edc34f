"""What h5py says of groups, datasets and files that keep their links and attributes in ways of their own, and changes."""

import ctypes
import glob
import os
import sys

import h5py

# The library that h5py has loaded: it knows more than h5py asks for.
LIBRARY = ctypes.CDLL(*glob.glob(os.path.join(os.path.dirname(h5py.__file__), "..", "h5py.libs", "libhdf5-*")))


def pair(function, made):
    values = [ctypes.c_uint(), ctypes.c_uint()]
    assert getattr(LIBRARY, function)(ctypes.c_int64(made.id), *map(ctypes.byref, values)) >= 0
    return tuple(value.value for value in values)


def rules(path):
    """One line for each object: the order of its links and attributes, and what was decided when it was created."""
    with h5py.File(path) as file:
        for name in sorted(["/"] + [name for name, thing in walk(file)]):
            thing = file[name]
            if isinstance(thing, h5py.Group):
                made = thing.id.get_create_plist()
                order, phases = made.get_link_creation_order(), pair("H5Pget_link_phase_change", made)
                print(name, "links", order, phases, pair("H5Pget_est_link_info", made) if order else "")
                print(name, "by name", *links(thing.id, h5py.h5.INDEX_NAME))
                if order:
                    print(name, "by order", *links(thing.id, h5py.h5.INDEX_CRT_ORDER))
            made = thing.id.get_create_plist()
            order, phases = made.get_attr_creation_order(), made.get_attr_phase_change()
            print(name, "attributes", order, phases)
            print(name, "attributes by name", *attributes(thing.id, h5py.h5.INDEX_NAME))
            if order:
                print(name, "attributes by order", *attributes(thing.id, h5py.h5.INDEX_CRT_ORDER))


def walk(file):
    for name, thing in file.items():
        yield "/" + name, thing


def links(group, index):
    found = []
    group.links.iterate(lambda name, info=None: found.append(name.decode()), idx_type=index)
    return found


def attributes(thing, index):
    found = []
    h5py.h5a.iterate(thing, lambda name, *_: found.append(name.decode()), index_type=index)
    return found


def edit(path):
    """Adds, takes away and renames links and attributes of all that there is."""
    with h5py.File(path, "r+") as file:
        for name, thing in list(walk(file)):
            for number in range(3):
                thing.attrs[f"theirs {number}"] = number
            del thing.attrs["b"]
            if isinstance(thing, h5py.Group):
                for number in range(3):
                    thing[f"theirs {number}"] = h5py.SoftLink("/")
                del thing["b"]
                thing.move("c", "a moved")
        file.attrs["theirs"] = 1


def make(path):
    """A file whose root and groups h5py makes with its own option."""
    with h5py.File(path, "w", track_order=True) as file:
        file.create_group("z", track_order=True)
        file.create_dataset("a", (3,), track_order=True)
        for thing in [file["z"], file["a"]]:
            for name in "dcba":
                thing.attrs[name] = 1
        for name in "dcba":
            file["z"][name] = h5py.SoftLink("/")


{"rules": rules, "edit": edit, "make": make}[sys.argv[1]](sys.argv[2])
