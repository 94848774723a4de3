"""Styled text that a person may read safely, as :mod:`gco.escaping` does for plain text."""

from rich.text import Span, Text

from gco.escaping import OBEYED, visible


def visible_text(text: Text) -> Text:
    """Return styled `text` as :func:`visible` does, each escape in the style of its character."""
    plain = text.plain
    if OBEYED.search(plain) is None:
        return text
    cuts = sorted({edge for found in OBEYED.finditer(plain) for edge in found.span()})
    parts = text.divide(cuts)
    for part in parts:
        if OBEYED.match(part.plain):
            styles = [span.style for span in part.spans]
            part.plain = visible(part.plain)
            part.spans = [Span(0, len(part.plain), style) for style in styles]
    return Text(style=text.style).join(parts)
