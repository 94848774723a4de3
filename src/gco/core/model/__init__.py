"""The vocabulary that every other package speaks: specs, records, statuses and names."""
