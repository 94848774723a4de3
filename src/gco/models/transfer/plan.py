"""Which bytes to ask for: files cut into parts of one size."""

from collections.abc import Container, Iterator
from typing import NamedTuple

from gco.models.manifest import PART_SIZE, Manifest, part_count


class Part(NamedTuple):
    """A range of bytes of one file of a manifest."""

    file: int
    """The file's place in the manifest."""
    number: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.end - self.start


def parts_of(file: int, size: int) -> Iterator[Part]:
    """Yield the parts of a file of `size` bytes, in order; an empty file has none."""
    for number in range(part_count(size)):
        start = number * PART_SIZE
        yield Part(file, number, start, min(start + PART_SIZE, size))


def missing_parts(manifest: Manifest, done: Container[tuple[int, int]]) -> Iterator[Part]:
    """Yield what is not in `done` (file, number), in the order of files and bytes."""
    for place, file in enumerate(manifest.files):
        for part in parts_of(place, file.size):
            if (part.file, part.number) not in done:
                yield part
