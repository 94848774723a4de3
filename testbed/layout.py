"""Where a control plane keeps its files, and who may talk to it from the start."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed import certificates, kubeconfig
from testbed.certificates import Certificates
from testbed.ports import LOOPBACK

IDENTITIES = {
    # system:masters skips RBAC and the API server's fairness queues: for people and setup.
    "admin": "system:masters",
    # In a cloud each controller has an account of its own; one that may do everything starts sooner.
    "kube-controller-manager": "system:masters",
    # The scheduler's own role comes by its user name.
    "kube-scheduler": "system:authenticated",
}


@dataclass(frozen=True)
class Layout:
    """The files and ports of one control plane."""

    folder: Path
    certificates: Certificates
    etcd_port: int
    etcd_peer_port: int
    apiserver_port: int

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"https://{LOOPBACK}:{self.apiserver_port}"

    @property
    def etcd_url(self) -> str:
        """Where etcd serves clients."""
        return f"http://{LOOPBACK}:{self.etcd_port}"

    @property
    def tokens(self) -> Path:
        """The file of static bearer tokens."""
        return self.folder / "tokens.csv"

    @property
    def audit_policy(self) -> Path:
        """What the audit log takes down."""
        return self.folder / "audit-policy.json"

    @property
    def audit_log(self) -> Path:
        """The audit log, whether it is kept or not."""
        return self.folder / "audit.log"

    @property
    def scheduler_config(self) -> Path:
        """The scheduler's configuration file."""
        return self.folder / "scheduler.json"

    def kubeconfig(self, who: str) -> Path:
        """The kubeconfig of one of the plane's own identities."""
        return self.folder / f"{who}.kubeconfig"


def prepare(folder: Path, ports: Sequence[int], *, admin_token: str) -> Layout:
    """Write the certificates, tokens and kubeconfigs of a new control plane.

    Args:
        folder: an empty folder.
        ports: three free ports: etcd's two and the API server's.
        admin_token: the bearer token of the admin.
    """
    made = Layout(folder, certificates.make(folder / "certificates"), *ports)
    rows = []
    for who, group in IDENTITIES.items():
        token = admin_token if who == "admin" else secrets.token_urlsafe(24)
        user = who if who == "admin" else f"system:{who}"
        rows.append(f'{token},{user},{user},"{group}"\n')
        kubeconfig.write(made.kubeconfig(who), url=made.url, ca=made.certificates.ca, token=token)
    made.tokens.touch(mode=0o600)
    made.tokens.write_text("".join(rows))
    return made
