"""What is said before the command, for every command."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Globals:
    """The options of `gco` itself."""

    store: str | None = None
    context: str | None = None
    verbose: bool = False
