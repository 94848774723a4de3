"""Karpenter as far as a test needs it: NodeClaims, and a definition of them for a cluster in memory."""

from typing import Any

from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, NODE_CLAIM


def nodeclaim_definition() -> dict[str, Any]:
    """Return a definition of NodeClaims that takes whatever is in them."""
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": CUSTOM_RESOURCE_DEFINITION.api_version,
        "kind": CUSTOM_RESOURCE_DEFINITION.name,
        "metadata": {"name": f"{NODE_CLAIM.plural}.{NODE_CLAIM.group}"},
        "spec": {
            "group": NODE_CLAIM.group,
            "scope": "Cluster",
            "names": {
                "kind": NODE_CLAIM.name,
                "listKind": f"{NODE_CLAIM.name}List",
                "plural": NODE_CLAIM.plural,
                "singular": NODE_CLAIM.name.lower(),
            },
            "versions": [
                {
                    "name": NODE_CLAIM.version,
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": free, "status": free},
                        }
                    },
                }
            ],
        },
    }


def a_nodeclaim(name: str) -> dict[str, Any]:
    """Return a NodeClaim that was just made."""
    types = {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["p5.48xlarge"]}
    nodes = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "gpu"}
    return {
        "apiVersion": NODE_CLAIM.api_version,
        "kind": NODE_CLAIM.name,
        "metadata": {"name": name},
        "spec": {"nodeClassRef": nodes, "requirements": [types]},
    }
