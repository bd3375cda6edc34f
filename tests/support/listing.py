"""Prints what is in HDF5 files, exact to the last bit of every value: the same text as listing.rs, by way of h5py."""

import hashlib
import pathlib
import sys

import h5py
import hdf5plugin  # noqa: F401 (registers filters)
import numpy as np

SHOWN = 12


def main():
    for path in sys.argv[1:]:
        with h5py.File(path, "r") as file:
            print("file", pathlib.Path(path).name)
            sys.stdout.write(listing(file))


def listing(file):
    lines = [f"userblock {file.userblock_size}"]
    seen = {address(file): "/"}
    pending = [("/", file["/"])]
    while pending:
        path, group = pending.pop()
        lines.append(f"group {path}")
        lines += attributes(group)
        below = []
        for name in sorted(group, key=lambda name: name.encode("utf-8", "surrogateescape")):
            below += member(group, name, f"{path.rstrip('/')}/{name}", seen, lines)
        pending += reversed(below)
    return "\n".join(lines) + "\n"


def address(thing):
    return h5py.h5o.get_info(thing.id).addr


def member(group, name, path, seen, lines):
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.SoftLink):
        lines.append(f"soft {path} -> {link.path}")
        return []
    if isinstance(link, h5py.ExternalLink):
        lines.append(f"external {path} -> {link.filename} {link.path}")
        return []
    thing = group[name]
    if address(thing) in seen:
        lines.append(f"same {path} as {seen[address(thing)]}")
        return []
    seen[address(thing)] = path
    if isinstance(thing, h5py.Group):
        return [(path, thing)]
    lines.append(f"dataset {path} {described(thing)}" if isinstance(thing, h5py.Dataset) else f"datatype {path}")
    lines += attributes(thing)
    return []


def attributes(thing):
    for name in sorted(thing.attrs, key=str.encode):
        attribute = h5py.h5a.open(thing.id, name.encode())
        yield f"attribute {name} {content(attribute, lambda: thing.attrs[name])}"


def described(dataset):
    space = dataset.id.get_space()
    maximum = space.get_simple_extent_dims(True) if space.get_simple_extent_type() == h5py.h5s.SIMPLE else ()
    maximum = ", ".join("none" if most == h5py.h5s.UNLIMITED else str(most) for most in maximum)
    plist = dataset.id.get_create_plist()
    layout = {
        h5py.h5d.COMPACT: "compact",
        h5py.h5d.CONTIGUOUS: "contiguous",
        h5py.h5d.CHUNKED: f"chunked {list(dataset.chunks or [])}",
        h5py.h5d.VIRTUAL: "virtual",
    }[plist.get_layout()]
    filters = ""
    for number in range(plist.get_nfilters()):
        code, flags, client, _ = plist.get_filter(number)
        filters += f" {'optional ' if flags & 1 else ''}{code}{list(client)}"
    return f"max [{maximum}] {layout}{filters} {content(dataset.id, lambda: dataset[()])}"


def content(elements, read):
    kind = elements.get_type()
    name = type_name(kind)
    if name is None:
        return "of another type"
    space = elements.get_space()
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        return f"{name} null"
    shape = list(elements.shape)
    return f"{name} {shape} = {values(kind, read())}"


def type_name(kind):
    size = kind.get_size()
    if isinstance(kind, h5py.h5t.TypeStringID):
        charset = {h5py.h5t.CSET_ASCII: "ascii", h5py.h5t.CSET_UTF8: "utf8"}[kind.get_cset()]
        return charset if kind.is_variable_str() else f"{charset} {size}"
    if isinstance(kind, h5py.h5t.TypeEnumID):
        return "bool" if kind.dtype == np.dtype(bool) else None
    if isinstance(kind, h5py.h5t.TypeIntegerID):
        letter = "i" if kind.get_sign() == h5py.h5t.SGN_2 else "u"
    elif isinstance(kind, h5py.h5t.TypeFloatID):
        letter = "f"
    else:
        return None
    # The order of a single byte is written down too, and means nothing.
    order = " big-endian" if kind.get_order() == h5py.h5t.ORDER_BE and size > 1 else ""
    return f"{letter}{8 * size}{order}"


def values(kind, data):
    if isinstance(kind, h5py.h5t.TypeStringID):
        padded = not kind.is_variable_str() and kind.get_strpad() == h5py.h5t.STR_SPACEPAD
        items = [string_bytes(item, padded) for item in np.asarray(data, dtype=object).flat]
        return shown(items, quoted, lambda item: len(item).to_bytes(8, "little") + item)
    data = np.asarray(data)
    if data.dtype.kind == "f" and data.dtype.itemsize == 2:
        data = data.astype("<f4")
    return shown(data.reshape(-1), number, lambda item: item.tobytes(), data)


def shown(items, text, to_bytes, array=None):
    if len(items) <= SHOWN:
        return " ".join(text(item) for item in items)
    if array is not None:
        canonical = array.astype(array.dtype.newbyteorder("<")).tobytes()
    else:
        canonical = b"".join(map(to_bytes, items))
    return f"sha256 {hashlib.sha256(canonical).hexdigest()}"


def number(item):
    if isinstance(item, (bool, np.bool_)):
        return str(bool(item)).lower()
    if isinstance(item, np.floating):
        return "NaN" if np.isnan(item) else np.format_float_positional(item, unique=True, trim="-")
    return str(int(item))


def string_bytes(item, padded):
    raw = item.encode("utf-8", "surrogateescape") if isinstance(item, str) else bytes(item)
    return raw.rstrip(b" ") if padded else raw


def quoted(raw):
    plain = lambda byte: 0x20 <= byte < 0x7F and byte not in b'"\\'
    return '"' + "".join(chr(byte) if plain(byte) else f"\\x{byte:02x}" for byte in raw) + '"'


if __name__ == "__main__":
    main()
