"""The main job from end to end on this machine, as a person would do it; `make demo` runs it."""
