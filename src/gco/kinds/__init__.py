"""What is known of Kubernetes kinds, shared by the pure core and the cluster adapters."""

from gco.kinds.canonical import canonical_json, canonical_quantity, digest, parse_quantity
from gco.kinds.differences import FieldDifference, differences
from gco.kinds.fieldset import (
    FieldSet,
    difference,
    fieldset,
    intersection,
    owned_fields,
    union,
)
from gco.kinds.ownership import expected_owned_hash, owned_hash, project
from gco.kinds.patches import replacing
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    EVENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    KINDS,
    LEASE,
    NAMESPACE,
    NODE,
    POD,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    SERVICE,
    Kind,
    kind_of,
)
from gco.kinds.schema import type_named
from gco.kinds.strategic import DELETE, PATCH, REPLACE, normal, strategic_merge
from gco.kinds.takeover import FieldPath, held_by_others, take_over

__all__ = [
    "CONTROLLER_REVISION",
    "CUSTOM_RESOURCE_DEFINITION",
    "DELETE",
    "DEPLOYMENT",
    "EVENT",
    "INFERENCE_ENDPOINT",
    "INGRESS",
    "KINDS",
    "LEASE",
    "NAMESPACE",
    "NODE",
    "PATCH",
    "POD",
    "POD_DISRUPTION_BUDGET",
    "REPLACE",
    "REPLICA_SET",
    "SERVICE",
    "FieldDifference",
    "FieldPath",
    "FieldSet",
    "Kind",
    "canonical_json",
    "canonical_quantity",
    "difference",
    "differences",
    "digest",
    "expected_owned_hash",
    "fieldset",
    "held_by_others",
    "intersection",
    "kind_of",
    "normal",
    "owned_fields",
    "owned_hash",
    "parse_quantity",
    "project",
    "replacing",
    "strategic_merge",
    "take_over",
    "type_named",
    "union",
]
