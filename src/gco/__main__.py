"""Entry point of `gco` and `python -m gco`."""

import atexit
import gc
import os

# Looking for plugins, pydantic would read the metadata of every package: a fifth of a short command.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # noqa: TID251  (set, not read)
# Modules are no garbage, but looking for some among them costs a short command a tenth of its time
# while they are imported (`gco.cli.session` turns the collector on again), and as much as it ends.
gc.disable()
atexit.register(gc.freeze)

from gco.cli.app import main  # noqa: E402  (the collector is off before)

if __name__ == "__main__":
    main()
