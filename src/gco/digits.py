r"""Numbers in the text of others: `int`, `str.isdigit` and `\d` take the digits of every script."""


def is_digits(text: str) -> bool:
    """Whether `text` is one or more of the digits 0 to 9, and nothing else."""
    return text.isascii() and text.isdigit()
