"""Cuts a stream of chunks into lines, wherever the chunks happen to end."""

from collections.abc import Iterator


class Lines:
    """Collects chunks and gives out whole lines.

    Cutting is on the byte of the newline, which no other UTF-8 character contains, so a chunk
    that ends inside a character does no harm. Of a line that is longer than `longest` bytes the
    rest is dropped; without `longest`, a line may be of any length.
    """

    def __init__(self, *, longest: int | None = None) -> None:
        self._pieces: list[bytes] = []
        self._longest = longest
        self._length = 0

    @property
    def pending(self) -> bool:
        """Whether something came after the last newline: at the end of a stream, a torn line."""
        return bool(self._pieces)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield each line that `chunk` completes, without its newline and without empty ones."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._add(piece)
            # Joined once a line, so that a large one costs its length and not its square.
            line = b"".join(self._pieces)
            self._pieces.clear()
            self._length = 0
            if line:
                yield line
        self._add(rest)

    def _add(self, piece: bytes) -> None:
        kept = piece if self._longest is None else piece[: self._longest - self._length]
        if kept:
            self._pieces.append(kept)
            self._length += len(kept)
