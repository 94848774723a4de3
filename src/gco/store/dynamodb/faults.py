"""What DynamoDB's errors mean: which to send again, and what a person can do about the others."""

from collections.abc import Mapping
from typing import Any

from botocore import exceptions

from gco.errors import (
    SettingsError,
    StoreDeniedError,
    StoreError,
    StoreMissingError,
    StoreThrottledError,
    StoreUnavailableError,
)
from gco.store.dynamodb.attributes import Item

_SERVER_FAULT = 500
_THROTTLING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
    }
)
_AGAIN = _THROTTLING | frozenset(
    {
        "ContinuousBackupsUnavailableException",
        "InternalServerError",
        "LimitExceededException",
        "ServiceUnavailable",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_DENIED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "UnrecognizedClientException",
    }
)
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.SSOError,
    exceptions.ProfileNotFound,
)
_BAD_SETTINGS = (
    exceptions.NoRegionError,
    exceptions.InvalidRegionError,
    exceptions.InvalidEndpointConfigurationError,
)

_REFUSAL = "ConditionalCheckFailed"
_PASSING_REASONS = frozenset(
    {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)

FOREIGN = (exceptions.ClientError, exceptions.BotoCoreError)
"""Every error of the client library."""


def code(error: Exception) -> str:
    """Return the service's name for the error, or an empty string where it did not answer."""
    if not isinstance(error, exceptions.ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_passing(error: Exception) -> bool:
    """Whether to send the same request again: throttled, failed inside, or the answer was lost."""
    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code(error) in _AGAIN or status >= _SERVER_FAULT
    return isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError))


def is_throttling(error: Exception) -> bool:
    """Whether the table has no units left for the request at the moment."""
    return code(error) in _THROTTLING


def unavailable(error: Exception, where: str) -> StoreUnavailableError:
    """Return our own error for a request that got no usable answer within its time."""
    if is_throttling(error):
        return StoreThrottledError(f"{where} does not answer: it throttles requests ({error})")
    return StoreUnavailableError(
        f"{where} does not answer: {str(error) or 'the request timed out'}"
    )


def translated(error: Exception, where: str) -> StoreError | SettingsError:
    """Return our own error for one of the client library's, with what to do next."""
    if isinstance(error, _NO_CREDENTIALS):
        return StoreDeniedError(
            f"no AWS credentials for {where} ({error}): set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or give the pod a role"
        )
    if isinstance(error, (*_BAD_SETTINGS, ValueError)):
        return SettingsError(
            f"{where} cannot be reached ({error}): name its AWS region, as in "
            "dynamodb://TABLE?region=us-east-1"
        )
    if code(error) in _DENIED:
        return StoreDeniedError(
            f"AWS refuses the credentials for {where} ({error}): check whose they are, whether "
            "they expired, and that their policy allows dynamodb actions on this table"
        )
    if code(error) == "ResourceNotFoundException":
        return missing(where)
    if is_passing(error):
        return StoreUnavailableError(f"{where} does not answer ({error}); try again")
    return StoreError(f"{where} refused a request ({error}); this is a mistake in gco")


def missing(where: str) -> StoreMissingError:
    """Return the error for a table that does not exist there."""
    return StoreMissingError(
        f"there is no {where}: create it with `gco store init`, or correct the name or the region "
        "in GCO_STORE"
    )


class TransactionCancelledError(Exception):
    """A transaction was cancelled: nothing of it was stored."""

    def __init__(self, error: exceptions.ClientError) -> None:
        self.reasons: list[Mapping[str, Any]] = error.response["CancellationReasons"]
        """One for each action, in their order."""
        super().__init__(str(error))

    def refused(self) -> Mapping[int, Item | None]:
        """Return the actions whose condition failed, by position, with the item that failed it.

        Empty where nothing speaks against the transaction but what else was under way. Raises
        StoreError where an action can never succeed.
        """
        for reason in self.reasons:
            if _code(reason) not in _PASSING_REASONS | {_REFUSAL}:
                raise StoreError(
                    f"a transaction was refused ({_code(reason)}: {reason.get('Message')}); "
                    "this is a mistake in gco"
                ) from self
        return {
            position: reason.get("Item")
            for position, reason in enumerate(self.reasons)
            if _code(reason) == _REFUSAL
        }


def _code(reason: Mapping[str, Any]) -> str:
    return str(reason.get("Code") or "None")
