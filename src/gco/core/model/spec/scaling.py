"""How the number of replicas follows the load."""

import enum
from typing import Annotated

from pydantic import Field, StringConstraints

from gco.core.model import patterns
from gco.core.model.base import Model
from gco.core.model.spec.values import Count, Flag


class MetricType(enum.StrEnum):
    """What an autoscaler goes by."""

    CPU = "cpu"
    """Use of the requested cpu, in per cent."""
    MEMORY = "memory"
    """Use of the requested memory, in per cent."""
    WAITING = "waiting"
    """Requests a replica that wait for a place in the server."""
    RUNNING = "running"
    """Requests a replica that the server is answering."""
    CACHE = "cache"
    """Use of the server's key-value cache, in per cent."""
    REQUESTS = "requests"
    """What `query` counts, a replica: a gateway's requests, known without pods."""


class Metric(Model):
    """One thing that the number of replicas follows."""

    type: MetricType
    """What is measured."""
    target: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    """What the autoscaler keeps it at: per cent of cpu, memory and cache; else so many a replica."""
    query: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    """PromQL that gives one number, for `requests`: `sum(rate(requests_total[2m]))`."""


class Pollers(Model):
    """How metrics of the server are read, and how soon replicas leave."""

    prometheus_address: (
        Annotated[str, StringConstraints(pattern=patterns.HTTP_URL, max_length=500)] | None
    ) = None
    """The Prometheus that KEDA asks for what is no cpu and memory: `http://prometheus.monitoring:9090`."""
    interval_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] | None = None
    """How often KEDA asks; 30 unless said."""
    cooldown_seconds: Annotated[int, Field(ge=0, le=3600, strict=True)] | None = None
    """For how long the load must have been lower before replicas leave; 300 unless said."""


class Autoscaling(Model):
    """How the number of replicas follows the load; a region states what differs there."""

    enabled: Flag | None = None
    """Whether an autoscaler owns the number of replicas; yes unless said."""
    min: Count | None = None
    """The fewest replicas; 1 unless said, and 0 only with `requests` among the metrics."""
    max: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = None
    """The most replicas; 10 unless said."""
    metrics: tuple[Metric, ...] | None = None
    """What is scaled on, the one that wants most deciding; cpu at 70 % unless said."""
    pollers: Pollers | None = None
    """How metrics of the server are read."""
