"""Asks the clusters behind an endpoint's regions, on a person's behalf: logs and events."""
