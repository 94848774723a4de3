"""What is known of Kubernetes kinds, shared by the pure core and the cluster adapters."""
