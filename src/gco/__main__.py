"""Entry point of `gco` and `python -m gco`."""
