"""Arrays in an .npz file, read from hostile files as well: nothing is allocated, unpacked or parsed on their word."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import BinaryIO

import numpy

_PREAMBLE = 10  # bytes: NumPy's magic string, the version, and the length of the array's header
_LONGEST_HEADER = 1024  # of an array of up to 32 axes


def write(file: BinaryIO, arrays: Mapping[str, numpy.ndarray]) -> None:
    """Write what ``numpy.savez`` does, but let an exception out as it is, whenever it comes.

    ``savez`` closes the archive on the way out of an exception too, and closing fails where a member is half written:
    that error would take the exception's place.
    """
    archive = zipfile.ZipFile(file, "w")
    try:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                numpy.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
        archive.close()
    except BaseException:
        archive.fp = None  # neither now nor when it is collected
        raise


class Archive:
    """The arrays of a file that ``write`` wrote, read where they are as expected.

    Members must be stored as they are, not compressed, so that none is larger than the file.

    Parameters
    ----------
    file : binary file

    Attributes
    ----------
    names : set of str

    Raises
    ------
    Exception
        Any, also from the methods, if the file is damaged.
    """

    def __init__(self, file: BinaryIO):
        self._zip = zipfile.ZipFile(file)
        members = self._zip.infolist()
        self._members = {member.filename.removesuffix(".npy"): member for member in members}
        self.names = set(self._members)
        _expect(len(self.names) == len(members), "members of the same name")

    def read_bytes(self, name: str, most: int) -> bytes:
        """Return a vector of bytes, of which there are at most so many."""
        data = self._read(name, most)
        return self._array(data, numpy.dtype(numpy.uint8), (len(data) - self._start(data),)).tobytes()

    def read(self, name: str, dtype: numpy.dtype, shape: tuple[int, ...]) -> numpy.ndarray:
        """Return an array of that dtype and shape, read-only."""
        n_bytes = dtype.itemsize * int(numpy.prod(shape, dtype=object))
        return self._array(self._read(name, n_bytes), dtype, shape)

    def _read(self, name: str, n_bytes: int) -> bytes:
        """Return a member with its header, which has at most so many bytes of data; its checksum is compared."""
        member = self._members[name]
        _expect(member.compress_type == zipfile.ZIP_STORED, "compressed members")
        _expect(member.compress_size == member.file_size <= n_bytes + _LONGEST_HEADER, "a member of another size")
        return self._zip.read(member)

    @staticmethod
    def _start(data: bytes) -> int:
        """Return where the array's elements begin."""
        return _PREAMBLE + int.from_bytes(data[_PREAMBLE - 2 : _PREAMBLE], "little")

    def _array(self, data: bytes, dtype: numpy.dtype, shape: tuple[int, ...]) -> numpy.ndarray:
        """Return the elements, if the header is that of such an array, padding apart."""
        expected = io.BytesIO()
        description = {"descr": numpy.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        numpy.lib.format.write_array_header_1_0(expected, description)
        expected, start = expected.getvalue(), self._start(data)
        same = data[: _PREAMBLE - 2] == expected[: _PREAMBLE - 2]
        _expect(same and data[_PREAMBLE:start].rstrip() == expected[_PREAMBLE:].rstrip(), "another array")
        return numpy.frombuffer(memoryview(data)[start:], dtype).reshape(shape)


def _expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise ValueError(otherwise)
