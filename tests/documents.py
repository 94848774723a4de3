"""Documents as a person writes them, for tests that begin at the front door."""

import json

from gco.core.model.validation import parse_documents


def documents(*bodies):
    """Return the parsed documents of these plain dicts."""
    text = "\n---\n".join(json.dumps(body) for body in bodies)
    return parse_documents(text, "test.yaml")
