"""The decisions: pure functions over one vocabulary, with no I/O and no clock."""
