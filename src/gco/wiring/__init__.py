"""The one place that names concrete adapters and puts the parts together."""
