"""Cyclic redundancy checks, in the shape that `hashlib` gives to hashes."""

import anycrc
from typing_extensions import Buffer


class Crc:
    """One of the checks that S3 has of objects: `CRC64-NVME`, `CRC32C` or `CRC32`."""

    def __init__(self, model: str) -> None:
        self._model = anycrc.Model(model)
        self._size = int(model[3:5]) // 8
        self._value: int = self._model.calc(b"")

    def update(self, data: Buffer, /) -> None:
        """Take the next bytes."""
        self._value = self._model.calc(data, self._value)

    def digest(self) -> bytes:
        """Return the check over all bytes so far, its highest byte first."""
        return self._value.to_bytes(self._size, "big")

    def hexdigest(self) -> str:
        """Return it in hexadecimal digits."""
        return self.digest().hex()
