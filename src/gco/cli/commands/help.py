"""How help is laid out: the panels of `gco --help` in order of use, and examples."""

START = "First steps"
CHANGE = "Change endpoints"
LOOK = "Look and ask"
PLACES = "Regions and stores"
RUN = "Run"


WIDTH = 76
"""Characters that a terminal of 80 columns has for an example."""


def examples(*pairs: tuple[str, str]) -> str:
    """Return an epilog that shows each command line and, in dim, what it does.

    Beside it where all of them fit into WIDTH, else above it.
    """
    widest = max(len(line) for line, _ in pairs)
    if all(widest + len(told) + 4 <= WIDTH for _, told in pairs):
        lines = [
            f"$ {_plain(line.ljust(widest))}  [dim]{_plain(told)}[/dim]" for line, told in pairs
        ]
    else:
        lines = [f"[dim]# {_plain(told)}[/dim]\n$ {_plain(line)}" for line, told in pairs]
    return "\n".join(["[bold]Examples[/bold]", *lines])


def _plain(text: str) -> str:
    """Keep Rich from reading brackets as markup."""
    return text.replace("[", r"\[")
