"""A certificate authority of a control plane's own, and what it signs.

Each plane gets another authority: a client that mixes up the regions' files
then fails loudly instead of talking to the wrong one.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from testbed import toolchains
from testbed.ports import LOOPBACK

DAYS = "3650"
SERVER_EXTENSIONS = f"""\
subjectAltName = IP:{LOOPBACK}, IP:10.96.0.1, DNS:localhost, DNS:kubernetes.default.svc
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
"""
AUTHORITY_CONFIG = """\
[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
CN = gco-testbed
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


@dataclass(frozen=True)
class Certificates:
    """The files of one authority; keys are private to this user."""

    ca: Path
    server: Path
    server_key: Path
    service_account_key: Path
    service_account_public_key: Path


def make(folder: Path) -> Certificates:
    """Write an authority, a server certificate and a service-account key into a folder.

    Raises:
        Unavailable: `openssl` is not installed.
    """
    openssl = toolchains.find("openssl", "OpenSSL")
    folder.mkdir(mode=0o700)
    for name in ("ca", "server", "service-account"):
        _key(openssl, folder / f"{name}.key")
    (folder / "ca.conf").write_text(AUTHORITY_CONFIG)
    (folder / "server.conf").write_text(SERVER_EXTENSIONS)
    sign = f"x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days {DAYS}"
    steps = (
        f"req -x509 -new -key ca.key -days {DAYS} -config ca.conf -out ca.crt",
        "req -new -key server.key -subj /CN=kube-apiserver -config ca.conf -out server.csr",
        f"{sign} -in server.csr -extfile server.conf -out server.crt",
        # The API server reads public keys out of no private key in this format.
        "pkey -in service-account.key -pubout -out service-account.pub",
    )
    for step in steps:
        _run(openssl, step.split(), folder)
    return Certificates(
        ca=folder / "ca.crt",
        server=folder / "server.crt",
        server_key=folder / "server.key",
        service_account_key=folder / "service-account.key",
        service_account_public_key=folder / "service-account.pub",
    )


def _key(openssl: str, path: Path) -> None:
    """Make a key on an elliptic curve: an RSA key would take most of a second each."""
    curve = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
    _run(openssl, f"{curve} -out {path.name}".split(), path.parent)


def _run(openssl: str, arguments: list[str], folder: Path) -> None:
    subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)
