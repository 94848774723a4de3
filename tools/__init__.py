"""Programs that contributors run, each by a target of the Makefile."""
