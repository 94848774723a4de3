"""How requests from outside reach an endpoint, and whose."""

import enum
from typing import Annotated

from pydantic import Field, StringConstraints

from gco.core.model import patterns
from gco.core.model.base import Model
from gco.core.model.spec.values import Flag, HttpsUrl, ObjectName


class RouteBackend(enum.StrEnum):
    """What carries traffic from outside to the pods."""

    ALB = "alb"
    NGINX = "nginx"
    GATEWAY = "gateway"


class GatewayRef(Model):
    """A Gateway of the Gateway API, which must let routes of the endpoint's namespace attach."""

    name: ObjectName
    """The Gateway's name."""
    namespace: ObjectName | None = None
    """The Gateway's namespace; the endpoint's own unless said."""
    listener: ObjectName | None = None
    """The one listener to attach to, such as that with TLS; all of them unless said."""


class RouteTls(Model):
    """Where the certificate is with which the route is served on HTTPS; never the key itself."""

    certificate_arn: Annotated[str, StringConstraints(pattern=patterns.CERTIFICATE_ARN)] | None = (
        None
    )
    """For backend alb: a certificate in AWS Certificate Manager, in the region of the cluster."""
    secret_name: ObjectName | None = None
    """For backend nginx: a Secret of type kubernetes.io/tls in the endpoint's namespace."""


class HealthCheck(Model):
    """How often an ALB asks each pod; the path is the ready path, without any prefix."""

    interval_seconds: Annotated[int, Field(ge=5, le=300, strict=True)] | None = None
    """Between two questions; 15 unless said."""
    timeout_seconds: Annotated[int, Field(ge=2, le=120, strict=True)] | None = None
    """How long one answer may take, less than the interval; 5 unless said."""
    healthy_threshold: Annotated[int, Field(ge=2, le=10, strict=True)] | None = None
    """How many answers in a row make a pod healthy; 2 unless said."""
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10, strict=True)] | None = None
    """How many failures in a row make it unhealthy; 2 unless said."""


class OidcAuth(Model):
    """People sign in with an OpenID Connect provider; by backend alb."""

    issuer: HttpsUrl
    """The provider's issuer identifier."""
    authorization_endpoint: HttpsUrl
    """Where people sign in."""
    token_endpoint: HttpsUrl
    """Where the load balancer redeems codes."""
    user_info_endpoint: HttpsUrl
    """Where it asks who signed in."""
    secret_name: ObjectName
    """A Secret in the endpoint's namespace with clientID and clientSecret."""


class CognitoAuth(Model):
    """People sign in with an Amazon Cognito user pool; by backend alb."""

    user_pool_arn: Annotated[str, StringConstraints(pattern=patterns.USER_POOL_ARN)]
    """The user pool."""
    user_pool_client_id: Annotated[str, StringConstraints(pattern=patterns.WORD, max_length=128)]
    """The pool's client for this load balancer."""
    user_pool_domain: Annotated[str, StringConstraints(pattern=patterns.HOST, max_length=253)]
    """The domain prefix or full domain name of the pool."""


class BasicAuth(Model):
    """A user name and a password; by backend nginx."""

    secret_name: ObjectName
    """A Secret in the endpoint's namespace whose key `auth` is an htpasswd file."""


class ExternalAuth(Model):
    """A service of yours is asked about each request; by backend nginx."""

    url: Annotated[str, StringConstraints(pattern=patterns.HTTP_URL, max_length=500)]
    """It answers 2xx to let a request through, and 401 or 403 to refuse it."""
    response_headers: (
        tuple[Annotated[str, StringConstraints(pattern=patterns.HTTP_HEADER)], ...] | None
    ) = None
    """Headers of its answer that the server is given; none unless said."""


class RouteAuth(Model):
    """Who may call: exactly one of these. Secrets are named, never written here."""

    oidc: OidcAuth | None = None
    """Sign in with an OpenID Connect provider."""
    cognito: CognitoAuth | None = None
    """Sign in with an Amazon Cognito user pool."""
    basic: BasicAuth | None = None
    """A user name and a password."""
    external: ExternalAuth | None = None
    """Ask a service of yours about each request."""


class Route(Model):
    """How the endpoint is reached from outside its cluster."""

    path: Annotated[str, StringConstraints(pattern=patterns.ROUTE_PATH, max_length=200)] | None = (
        None
    )
    """/inference/NAME unless said."""
    host: Annotated[str, StringConstraints(pattern=patterns.HOST, max_length=253)] | None = None
    """The host name that is asked for; any unless said."""
    backend: RouteBackend | None = None
    """The region's own unless said."""
    gateway: GatewayRef | None = None
    """With backend gateway, the Gateway to attach to; the region's own unless said."""
    strip_prefix: Flag | None = None
    """Is the path taken off a request before the server gets it; yes unless said."""
    tls: RouteTls | None = None
    """The certificate for HTTPS; with backend gateway it is the listener's."""
    health_check: HealthCheck | None = None
    """With backend alb, how pods are asked; other backends go by the pods' own readiness."""
    auth: RouteAuth | None = None
    """Who may call; anyone who reaches the load balancer unless said."""
