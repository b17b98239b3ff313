"""Safe reading and writing of .npz files: nothing in a file is trusted before it is validated."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import BinaryIO

import numpy

_PREAMBLE = 10  # bytes: NumPy's magic string, the version, and the length of the array's header
_MAX_HEADER_BYTES = 1024  # for arrays of up to 32 axes


def write(file: BinaryIO, arrays: Mapping[str, numpy.ndarray]) -> None:
    """Write arrays like ``numpy.savez``, but propagate exceptions unchanged.

    ``savez`` closes the archive after an exception too. Closing fails if a member is half written, and that error would
    replace the original exception.
    """
    archive = zipfile.ZipFile(file, "w")
    try:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                numpy.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
        archive.close()
    except BaseException:
        archive.fp = None  # do not close it, now or in garbage collection
        raise


class Archive:
    """Reads the arrays of a file written by ``write``, and validates them against an expected dtype and shape.

    Members must be stored without compression, so that none is larger than the file.

    Parameters
    ----------
    file : binary file

    Attributes
    ----------
    names : set of str

    Raises
    ------
    Exception
        Of any type, also in the methods, if the file is damaged.
    """

    def __init__(self, file: BinaryIO):
        self._zip = zipfile.ZipFile(file)
        members = self._zip.infolist()
        self._members = {member.filename.removesuffix(".npy"): member for member in members}
        self.names = set(self._members)
        _require(len(self.names) == len(members), "members of the same name")

    def read_bytes(self, name: str, max_bytes: int) -> bytes:
        """Return a vector of at most ``max_bytes`` bytes."""
        data = self._read(name, max_bytes)
        return self._array(data, numpy.dtype(numpy.uint8), (len(data) - self._start(data),)).tobytes()

    def read(self, name: str, dtype: numpy.dtype, shape: tuple[int, ...]) -> numpy.ndarray:
        """Return a read-only array of the given dtype and shape."""
        n_bytes = dtype.itemsize * int(numpy.prod(shape, dtype=object))
        return self._array(self._read(name, n_bytes), dtype, shape)

    def _read(self, name: str, n_bytes: int) -> bytes:
        """Return a member of at most ``n_bytes`` bytes of data with its header; zipfile verifies the checksum."""
        member = self._members[name]
        _require(member.compress_type == zipfile.ZIP_STORED, "compressed members")
        _require(member.compress_size == member.file_size <= n_bytes + _MAX_HEADER_BYTES, "a member of another size")
        return self._zip.read(member)

    @staticmethod
    def _start(data: bytes) -> int:
        """Return the offset of the array's elements."""
        return _PREAMBLE + int.from_bytes(data[_PREAMBLE - 2 : _PREAMBLE], "little")

    def _array(self, data: bytes, dtype: numpy.dtype, shape: tuple[int, ...]) -> numpy.ndarray:
        """Return the elements if the header matches the dtype and shape, apart from padding."""
        expected = io.BytesIO()
        description = {"descr": numpy.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        numpy.lib.format.write_array_header_1_0(expected, description)
        expected, start = expected.getvalue(), self._start(data)
        same = data[: _PREAMBLE - 2] == expected[: _PREAMBLE - 2]
        _require(same and data[_PREAMBLE:start].rstrip() == expected[_PREAMBLE:].rstrip(), "another array")
        return numpy.frombuffer(memoryview(data)[start:], dtype).reshape(shape)


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ValueError(problem)
