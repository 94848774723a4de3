"""What S3's two clients raise, in our words: missing, denied, changed, or worth another try."""

import contextlib
import re
from collections.abc import Iterator
from typing import Final

from botocore import exceptions as aws
from obstore import exceptions as obstore

from gco.errors import (
    ModelError,
    SourceChangedError,
    SourceDeniedError,
    SourceMissingError,
    SourceUnavailableError,
)

_MISSING: Final = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})
_DENIED: Final = frozenset(
    {
        *("401", "403", "AccessDenied", "AllAccessDisabled", "AccountProblem"),
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"),
        "XAdminUserNotFound",  # versitygw's word for an unknown key
    }
)
_NO_CREDENTIALS: Final = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.SSOError,
    aws.TokenRetrievalError,
)
_BODY: Final = re.compile(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>")
_LONGEST: Final = 300


@contextlib.contextmanager
def s3_faults(what: str) -> Iterator[None]:
    """Raise ModelError for what the clients raise, with `what` was asked for before it."""
    try:
        yield
    except aws.ClientError as error:
        raise _answered(what, error) from error
    except _NO_CREDENTIALS as error:
        raise SourceDeniedError(f"{what}: {error}") from error
    except FileNotFoundError as error:  # obstore's
        raise SourceMissingError(f"{what}: not found") from error
    except obstore.PreconditionError as error:
        raise SourceChangedError(f"{what} is not there any more as listed") from error
    except (obstore.PermissionDeniedError, obstore.UnauthenticatedError) as error:
        raise SourceDeniedError(f"{what}: {_told(error)}") from error
    except (aws.BotoCoreError, obstore.BaseError) as error:
        raise SourceUnavailableError(f"{what}: {_told(error)}") from error


def _answered(what: str, error: aws.ClientError) -> ModelError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = error.response.get("Error", {}).get("Message", "")
    told = f"{what}: {code} {message}".rstrip()
    if code in _MISSING:
        return SourceMissingError(told)
    if code in _DENIED:
        return SourceDeniedError(told)
    return SourceUnavailableError(told)


def _told(error: Exception) -> str:
    """Return an error's own words without the XML and the structures around them."""
    text = str(error)
    if body := _BODY.search(text):
        return f"{body[1]}: {body[2]}"
    return text.partition("\n")[0][:_LONGEST]
