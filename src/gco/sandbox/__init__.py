"""Stand-ins for machines: a kubelet that runs pods as processes, what they use, a router, a stub server.

They speak only the Kubernetes API (the cluster port), so they serve a memory cluster and a real
kube-apiserver alike, and they know nothing of endpoints.
"""
