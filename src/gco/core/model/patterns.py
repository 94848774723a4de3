"""What strings may look like: each pattern, and the words that a person is told instead of it.

The patterns are read by three engines (pydantic's, JSON Schema's and the API server's), so they use
only what all of them agree on.
"""

from typing import Final

LABEL: Final = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
REGION: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
OBJECT_NAME: Final = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
ENV_NAME: Final = r"^[-._a-zA-Z][-._a-zA-Z0-9]*$"
ABSOLUTE_PATH: Final = r"^/"
ROUTE_PATH: Final = r"^/[-A-Za-z0-9._~/]*$"
HOST: Final = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
MODEL_URI: Final = r"^(s3|hf|file)://.+"
DIGEST: Final = r"^sha256:[0-9a-f]{64}$"
DATA_KEY: Final = r"^[-._a-zA-Z0-9]+$"
CERTIFICATE_ARN: Final = r"^arn:aws[-a-z]*:acm:[-a-z0-9]+:[0-9]{12}:certificate/[-a-zA-Z0-9]+$"
USER_POOL_ARN: Final = r"^arn:aws[-a-z]*:cognito-idp:[-a-z0-9]+:[0-9]{12}:userpool/[-_a-zA-Z0-9]+$"
HTTPS_URL: Final = r"^https://[-A-Za-z0-9.]+(:[0-9]+)?(/[-A-Za-z0-9._~/%]*)?$"
HTTP_URL: Final = r"^https?://[-A-Za-z0-9.]+(:[0-9]+)?(/[-A-Za-z0-9._~/%]*)?$"
HTTP_HEADER: Final = r"^[A-Za-z][-A-Za-z0-9]*$"
WORD: Final = r"^[-_.A-Za-z0-9]+$"
NO_SPACE: Final = r"^\S+$"
QUANTITY: Final = r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2}|n|u|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$"

WORDS: Final = {
    LABEL: "small letters, digits and `-`, beginning with a letter and not ending in `-`",
    REGION: "a region's name: small letters, digits and `-`",
    OBJECT_NAME: "a Kubernetes object's name: small letters, digits, `-` and `.`",
    ENV_NAME: "letters, digits, `_`, `-` and `.`, not beginning with a digit",
    ABSOLUTE_PATH: "a path that begins with `/`",
    ROUTE_PATH: "a path that begins with `/`, of letters, digits and `-._~/`",
    HOST: "a host name: `llm.example.com` or `*.example.com`",
    MODEL_URI: "`s3://…`, `hf://…` or `file://…`",
    DIGEST: "`sha256:` and 64 hexadecimal digits",
    DATA_KEY: "a key of a Secret: letters, digits, `-`, `_` and `.`",
    CERTIFICATE_ARN: "the ARN of a certificate in AWS Certificate Manager",
    USER_POOL_ARN: "the ARN of a Cognito user pool",
    HTTPS_URL: "an address `https://…` without a user, a query or a fragment",
    HTTP_URL: "an address `http://…` or `https://…` without a user, a query or a fragment",
    HTTP_HEADER: "the name of an HTTP header",
    WORD: "letters, digits, `-`, `_` and `.`",
    NO_SPACE: "text without spaces",
    QUANTITY: "a Kubernetes quantity: `500m`, `4` or `16Gi`",
}
