"""What an endpoint's objects should be: one module an object kind, every field of ours explicit.

What is left out is not ours, and its change goes unseen; so empty lists and falses are stated.
Quantities are canonical, and granular maps are never empty: both make an apply look like a change.
"""
