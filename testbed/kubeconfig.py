"""Kubeconfig files, written as JSON, which is YAML too."""

import json
from pathlib import Path


def write(path: Path, *, url: str, ca: Path, token: str, namespace: str = "default") -> Path:
    """Write a kubeconfig with one context.

    Args:
        path: the file to write, readable by this user alone since it holds a token.
        url: the API server's address.
        ca: the certificate authority that signs for it.
        token: a bearer token.
        namespace: where commands go that name no namespace.

    Returns:
        The same path.
    """
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "testbed", "cluster": {"server": url, "certificate-authority": str(ca)}}
        ],
        "users": [{"name": "testbed", "user": {"token": token}}],
        "contexts": [
            {
                "name": "testbed",
                "context": {"cluster": "testbed", "user": "testbed", "namespace": namespace},
            }
        ],
        "current-context": "testbed",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))
    return path
