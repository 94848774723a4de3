"""From a source to a folder: in parts, many at once, resumed where an earlier try ended, verified."""
