"""What the API server must prove, and what we prove to it: one TLS context a cluster."""

import base64
import logging
import ssl
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from gco.errors import SettingsError

_log = logging.getLogger(__name__)


class Pem(NamedTuple):
    """PEM text, in a file or inline in base64; neither means absent."""

    path: Path | None = None
    data: str | None = None

    def __bool__(self) -> bool:
        return bool(self.path or self.data)

    def read(self) -> str:
        """Return the text; raises OSError or ValueError."""
        if self.data:
            return base64.b64decode(self.data).decode("ascii")
        return self.path.read_text("ascii") if self.path else ""


def context(
    *, server: str, authority: Pem, certificate: Pem, key: Pem, insecure: bool
) -> ssl.SSLContext:
    """Return the context for `server`, which verifies it unless the kubeconfig says otherwise.

    Raises SettingsError where a certificate or key cannot be read.
    """
    try:
        made = ssl.create_default_context(cadata=authority.read() or None)
        if certificate:
            _prove(made, certificate, key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(f"the certificates for {server} cannot be read: {error}") from error
    # Authorities of older clusters lack an extension that Python 3.13 began to insist on.
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if insecure:
        _log.warning("the kubeconfig says insecure-skip-tls-verify: anyone can pose as %s", server)
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def _prove(made: ssl.SSLContext, certificate: Pem, key: Pem) -> None:
    """Load the client certificate; the ssl module takes files alone, so inline ones pass through."""
    with ExitStack() as files:
        made.load_cert_chain(*(_file(files, pem) for pem in (certificate, key)))


def _file(files: ExitStack, pem: Pem) -> str:
    if pem.path and not pem.data:
        return str(pem.path)
    # Its mode is 0600, and it is gone when the context has read it.
    held = files.enter_context(tempfile.NamedTemporaryFile("w", prefix="gco-"))  # noqa: SIM115
    held.write(pem.read())
    held.flush()
    return held.name
