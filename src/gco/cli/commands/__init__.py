"""What can be typed: names, arguments, options, help and examples. Quick to import: only Typer."""
