"""Entry point of `gco` and `python -m gco`."""

import os

# Looking for plugins, pydantic would read the metadata of every package: a fifth of a short command.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # noqa: TID251  (set, not read)

from gco.cli.app import main

if __name__ == "__main__":
    main()
