"""Weights: where they come from, what they must be, how they get into a region's cache."""
