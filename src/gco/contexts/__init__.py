"""A person's named stores, and which kube context leads to each region: a file, and what it means."""
