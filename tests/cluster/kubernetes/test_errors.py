"""From refusals of an API server, and of what stands before it, to our errors."""

import orjson
import pytest

from gco.cluster.kubernetes.errors import LONGEST_MESSAGE, error_of, error_of_status
from gco.errors import (
    AbsentError,
    ClusterConflictError,
    ExpiredError,
    ForbiddenError,
    RejectedError,
    ThrottledError,
    TransientError,
)


def status(code: int, message: str = "no", **more: object) -> bytes:
    return orjson.dumps({"kind": "Status", "code": code, "message": message, **more})


RBAC = (
    'deployments.apps "web" is forbidden: User "system:serviceaccount:gco:monitor" cannot get'
    ' resource "deployments" in API group "apps" in the namespace "gco"'
)
QUOTA = 'pods "web" is forbidden: exceeded quota: gpus, requested: 1, used: 8, limited: 8'
ENDING = (
    'inferenceendpoints.gco.io "web" is forbidden: create not allowed while custom resource '
    "definition is terminating"
)
STARTING = 'services "web" is forbidden: not yet ready to handle request'
UID_CAUSE = {"causes": [{"reason": "FieldValueInvalid", "field": "metadata.uid"}]}
UNKNOWN = (
    "failed to create typed patch object (gco/web; apps/v1, Kind=Deployment):"
    " .spec.replica: field not declared in schema"
)
DUPLICATE = (
    "failed to create typed patch object (gco/web; apps/v1, Kind=Deployment): "
    '.spec.template.spec.containers[name="a"].env: duplicate entries for key [name="MODE"]'
)
TOO_LARGE = "etcdserver: request is too large"
TOO_LARGE_FOR_GRPC = "rpc error: trying to send message larger than max (3145880 vs. 2097152)"


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        pytest.param(400, status(400), RejectedError, id="bad-request"),
        pytest.param(401, status(401, "Unauthorized"), ForbiddenError, id="unauthorized"),
        pytest.param(403, status(403, RBAC), ForbiddenError, id="rbac"),
        pytest.param(403, b"denied by proxy", ForbiddenError, id="403-of-a-proxy"),
        pytest.param(403, status(403, STARTING), TransientError, id="403-of-a-server-that-starts"),
        pytest.param(
            403, status(403, ENDING), TransientError, id="403-while-a-definition-terminates"
        ),
        pytest.param(403, status(403, QUOTA), RejectedError, id="quota"),
        pytest.param(404, status(404), AbsentError, id="no-object"),
        pytest.param(404, b"404 page not found\n", AbsentError, id="no-crd-in-plain-text"),
        pytest.param(409, status(409), ClusterConflictError, id="conflict"),
        pytest.param(410, status(410), ExpiredError, id="gone"),
        pytest.param(422, status(422), RejectedError, id="invalid"),
        pytest.param(422, status(422, details=UID_CAUSE), ClusterConflictError, id="another-uid"),
        pytest.param(429, status(429), ThrottledError, id="throttled"),
        pytest.param(500, status(500, "boom"), TransientError, id="server-error"),
        pytest.param(500, status(500, UNKNOWN), RejectedError, id="500-for-an-unknown-field"),
        pytest.param(500, status(500, DUPLICATE), RejectedError, id="500-for-a-duplicate-key"),
        pytest.param(500, status(500, TOO_LARGE), RejectedError, id="500-from-etcd-for-size"),
        pytest.param(500, status(500, TOO_LARGE_FOR_GRPC), RejectedError, id="500-from-grpc"),
        pytest.param(502, b"<html>bad gateway</html>", TransientError, id="balancer"),
        pytest.param(503, b"", TransientError, id="unavailable"),
        pytest.param(504, status(504), TransientError, id="gateway-timeout"),
        pytest.param(302, b"", RejectedError, id="redirect-to-a-login-page"),
    ],
)
def test_an_answer_stands_for_one_error(code, body, expected):
    error = error_of("apply Deployment gco/web", code, body, {})
    assert type(error) is expected
    assert "apply Deployment gco/web" in str(error)
    assert f"HTTP {code}" in str(error) or expected is ClusterConflictError


@pytest.mark.parametrize(
    ("code", "headers", "details", "expected"),
    [
        pytest.param(429, {"Retry-After": "7"}, {}, 7, id="header"),
        pytest.param(429, {}, {"retryAfterSeconds": 3}, 3, id="details"),
        pytest.param(429, {}, {}, 1, id="unsaid"),
        pytest.param(429, {"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}, {}, 1, id="date"),
        pytest.param(503, {"Retry-After": "2"}, {}, 2, id="unavailable-for-a-while"),
        pytest.param(500, {}, {"retryAfterSeconds": 5}, 5, id="server-timeout"),
    ],
)
def test_the_server_says_how_long_to_wait(code, headers, details, expected):
    error = error_of("list", code, status(code, details=details), headers)
    assert isinstance(error, ThrottledError)
    assert error.retry_after == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [(410, ExpiredError), (429, ThrottledError), (500, TransientError), (403, ForbiddenError)],
)
def test_an_error_inside_a_watch_is_the_same_error(code, expected):
    told = {"kind": "Status", "code": code, "message": 'User "x" cannot'}
    assert type(error_of_status("watch", told)) is expected


def test_a_message_never_repeats_credentials():
    body = b"upstream refused Authorization: Bearer abc.def-ghi_jkl= and basic dXNlcjpwYXNz"
    message = str(error_of("get", 502, body, {}))
    assert "abc" not in message
    assert "dXNlcjpwYXNz" not in message


def test_a_message_that_quotes_a_whole_object_is_cut():
    message = str(error_of("apply", 422, status(422, "x" * 100_000), {}))
    assert len(message) < LONGEST_MESSAGE + 100
