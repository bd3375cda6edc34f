"""Values of structured types: typed_values.py make FILE LIBVER | check FILE

`check` fails unless FILE, which we wrote, holds what `make` writes under the same names, in the types that we choose.
"""

import sys

import h5py
import numpy as np
from h5py import h5d, h5s, h5t

KIND = h5py.enum_dtype({"MUON": 3, "PION": -1, "N/A": 7}, basetype=">i2")
INNER = np.dtype([("label", h5py.string_dtype()), ("on", "?")])
PARTICLE = np.dtype(
    [
        ("unused", "S3"),
        ("id", ">u4"),
        ("position", "<f4", (3,)),
        ("name", h5py.string_dtype()),
        ("kind", KIND),
        ("hits", h5py.vlen_dtype("<u2")),
        ("inner", INNER),
        ("energy", ">i2"),
        ("grid", "<i4", (2, 2)),
    ]
)


def particles():
    data = np.empty(2, PARTICLE)
    data[0] = (b"abc", 7, [0.5, -1, 2], "one", 3, None, ("größer", True), -5, [[1, 2], [3, 4]])
    data[1] = (b"", 2**32 - 1, [0, 0, 9], "", -1, None, ("", False), 300, [[0, -1], [0, 5]])
    data["hits"][0] = np.array([1, 65535], "u2")
    data["hits"][1] = np.array([], "u2")
    return data


def make(path, libver):
    with h5py.File(path, "w", libver=libver) as f:
        f["particles"] = particles()
        f.attrs["particle"] = particles()[:1]
        f["kinds"] = np.array([[3, -1], [7, 3]], KIND)
        f["numbers"] = np.array([3, 7], "u1")
        f["waves"] = np.array([0.5 - 1j, 2], "<c16")
        f["single waves"] = np.array([0.5 - 1j, 2], ">c8")
        tables = f.create_dataset("tables", (2,), np.dtype((">i2", (2, 3))))
        tables[:] = np.arange(12, dtype=">i2").reshape(2, 2, 3)
        sequences = f.create_dataset("sequences", (3,), h5py.vlen_dtype(">f4"))
        sequences[:] = [np.array([1.5, -2], "f4"), np.array([], "f4"), np.array([3], "f4")]
        if libver == "v200":
            h5d.create(f.id, b"native waves", h5t.COMPLEX_IEEE_F64BE, h5s.create_simple((2,)))
            f["native waves"][:] = [0.5 - 1j, 2]
        f["opaque"] = np.array([b"\1\2\3", b"\4\5\0"], "V3")
        f["references"] = np.array([f["waves"].ref, f.ref, h5py.Reference()], h5py.ref_dtype)
        f["regions"] = np.array([f["kinds"].regionref[1:, :]], h5py.regionref_dtype)


def check(path):
    with h5py.File(path) as f:
        for stored in (f["particles"].id.get_type(), f.attrs.get_id("particle").get_type()):
            names = [stored.get_member_name(i) for i in range(stored.get_nmembers())]
            assert names == [b"id", b"position", b"name", b"kind", b"hits", b"inner", b"energy", b"grid"]
            offsets = [stored.get_member_offset(i) for i in range(len(names))] + [stored.get_size()]
            # In memory a string of any length is a pointer.
            assert offsets == [0, 4, 28, 36, 38, 54, 63, 71, 87], offsets
        assert h5py.check_enum_dtype(f["particles"].dtype["kind"]) == {"MUON": 3, "PION": -1, "N/A": 7}
        assert h5py.check_vlen_dtype(f["particles"].dtype["hits"]) == np.dtype("u2")
        expected = particles()
        for found in (f["particles"][()], f.attrs["particle"]):
            for ours, theirs in zip(found, expected[: len(found)], strict=True):
                for name in ("id", "kind", "energy"):
                    assert ours[name] == theirs[name], name
                for name in ("position", "hits", "grid"):
                    assert np.array_equal(ours[name], theirs[name]), name
                assert ours["name"].decode() == theirs["name"]
                assert ours["inner"]["label"].decode() == theirs["inner"]["label"]
                assert ours["inner"]["on"] == theirs["inner"]["on"]
        assert len(f["particles"]) == 2 and len(f.attrs["particle"]) == 1
        assert f["kinds"][()].tolist() == [[3, -1], [7, 3]] and h5py.check_enum_dtype(f["kinds"].dtype)
        assert f["waves"].dtype == np.dtype("<c16") and f["waves"][()].tolist() == [0.5 - 1j, 2]
        assert f["single waves"].dtype == np.dtype("<c8") and f["single waves"][()].tolist() == [0.5 - 1j, 2]
        assert f["tables"].id.get_type().get_array_dims() == (2, 3)
        assert f["tables"][()].tolist() == np.arange(12).reshape(2, 2, 3).tolist()
        assert [row.tolist() for row in f["sequences"][()]] == [[1.5, -2], [], [3]]
        assert f["opaque"].dtype == np.dtype("V3") and f["opaque"][()].tobytes() == b"\1\2\3\4\5\0"
        assert [f[r].name if r else None for r in f["references"][()]] == ["/waves", "/", None]
        assert f["nested"].id.get_type().get_class() == h5t.VLEN


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
