"""Cuts a stream of chunks into lines, wherever the chunks happen to end."""

from collections.abc import Iterator


class Lines:
    """Collects chunks and gives out whole lines; a line may be of any length.

    Cutting is on the byte of the newline, which no other UTF-8 character contains, so a chunk
    that ends inside a character does no harm.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    @property
    def pending(self) -> bool:
        """Whether something came after the last newline: at the end of a stream, a torn line."""
        return bool(self._pieces)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield each line that `chunk` completes, without its newline and without empty ones."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            # Joined once a line, so that a large one costs its length and not its square.
            line = b"".join([*self._pieces, piece])
            self._pieces.clear()
            if line:
                yield line
        if rest:
            self._pieces.append(rest)
