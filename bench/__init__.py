"""The benchmark: what GCO costs, and how fast it is, on a real control plane with DynamoDB Local."""
