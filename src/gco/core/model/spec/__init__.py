"""What people write: the InferenceEndpoint document, field by field, with its defaults.

Only the shape and each field's own range are here. Rules that span fields are in
:mod:`gco.core.model.rules`; errors become problems that a person can act on in
:mod:`gco.core.model.problems`; what an absent field means is in :mod:`gco.core.model.defaults`.
"""

from gco.core.model.spec.document import (
    API_VERSION,
    DEFAULT_NAMESPACE,
    KIND,
    DesiredState,
    EndpointSpec,
    ImagePolicy,
    InferenceEndpoint,
    Metadata,
    RegionSpec,
)
from gco.core.model.spec.pods import (
    Accelerator,
    Capacity,
    EnvVar,
    Probes,
    Resources,
    Scheduling,
    Server,
)
from gco.core.model.spec.rollouts import Canary, Rollout, RolloutStrategy
from gco.core.model.spec.routes import (
    BasicAuth,
    CognitoAuth,
    ExternalAuth,
    GatewayRef,
    HealthCheck,
    OidcAuth,
    Route,
    RouteAuth,
    RouteBackend,
    RouteTls,
)
from gco.core.model.spec.scaling import Autoscaling, Metric, MetricType, Pollers
from gco.core.model.spec.values import (
    MOST_DEVICES,
    MOST_WEIGHT,
    Count,
    Flag,
    HttpsUrl,
    Image,
    KubernetesObject,
    ObjectName,
    Overlay,
    PortNumber,
    Quantity,
    Weight,
)
from gco.core.model.spec.weights import ModelSource, SecretKey, TokenSource

__all__ = [
    "API_VERSION",
    "DEFAULT_NAMESPACE",
    "KIND",
    "MOST_DEVICES",
    "MOST_WEIGHT",
    "Accelerator",
    "Autoscaling",
    "BasicAuth",
    "Canary",
    "Capacity",
    "CognitoAuth",
    "Count",
    "DesiredState",
    "EndpointSpec",
    "EnvVar",
    "ExternalAuth",
    "Flag",
    "GatewayRef",
    "HealthCheck",
    "HttpsUrl",
    "Image",
    "ImagePolicy",
    "InferenceEndpoint",
    "KubernetesObject",
    "Metadata",
    "Metric",
    "MetricType",
    "ModelSource",
    "ObjectName",
    "OidcAuth",
    "Overlay",
    "Pollers",
    "PortNumber",
    "Probes",
    "Quantity",
    "RegionSpec",
    "Resources",
    "Rollout",
    "RolloutStrategy",
    "Route",
    "RouteAuth",
    "RouteBackend",
    "RouteTls",
    "Scheduling",
    "SecretKey",
    "Server",
    "TokenSource",
    "Weight",
]
