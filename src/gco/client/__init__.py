"""Talks to endpoints as their users do: over HTTP, through a region's entrance."""
