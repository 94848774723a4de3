"""Entry point of `gco` and `python -m gco`."""

from gco.cli.app import main

if __name__ == "__main__":
    main()
