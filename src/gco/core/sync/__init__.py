"""Pure decisions of the sync loop: what is carried to a region's cluster, and what is told back."""
