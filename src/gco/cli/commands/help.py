"""How help is laid out: the panels of `gco --help` in order of use, and examples."""

START = "First steps"
CHANGE = "Change endpoints"
LOOK = "Look and ask"
PLACES = "Regions and stores"
RUN = "Run"


def examples(*pairs: tuple[str, str]) -> str:
    """Return an epilog that shows each command line and, in dim, what it does."""
    widest = max(len(line) for line, _ in pairs)
    lines = (
        f"$ {_plain(line)}{' ' * (widest - len(line))}  [dim]{_plain(told)}[/dim]"
        for line, told in pairs
    )
    return "\n".join(["[bold]Examples[/bold]", *lines])


def _plain(text: str) -> str:
    """Keep Rich from reading brackets as markup."""
    return text.replace("[", r"\[")
