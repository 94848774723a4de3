"""One Kubernetes cluster, behind a small port: see :mod:`gco.cluster.port` for its promises."""
