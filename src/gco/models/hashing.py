"""The SHA-256 of each part of a file that is on disk."""

import hashlib
from pathlib import Path
from typing import Final

from gco.models.manifest import ModelFile, sealed_file
from gco.models.transfer.plan import parts_of

_BLOCK: Final = 2**20


def sealed_from_disk(path: Path, file: ModelFile) -> ModelFile:
    """Return `file` as the content at `path` describes it; raises OSError."""
    hashes: list[str] = []
    with path.open("rb", buffering=0) as opened:
        for part in parts_of(0, file.size):
            hasher, left = hashlib.sha256(), part.size
            while data := opened.read(min(_BLOCK, left)):
                hasher.update(data)
                left -= len(data)
            hashes.append(hasher.hexdigest())
    return sealed_file(file.path, file.size, hashes)
