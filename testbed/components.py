"""The command lines of a control plane's four programs, and why each flag is there.

Pure: given the files and ports of a plane, what to run. Starting them in order
is `testbed.controlplane`'s part.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from testbed.layout import Layout
from testbed.ports import LOOPBACK

Command = list[str]
Programs = Callable[[str], Path]
"""Finds a program by name; `testbed.build.program` in production."""

# Client-side limits would be what a bulk run measures, in place of the API server.
CLIENT_QPS, CLIENT_BURST = 500, 1000


def etcd(layout: Layout, programs: Programs) -> Command:
    """One member that forgets on a power cut, which a test never sees, and is fast for it."""
    peer = f"http://{LOOPBACK}:{layout.etcd_peer_port}"
    return [
        str(programs("etcd")),
        "--name=testbed",
        f"--data-dir={layout.folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={layout.etcd_url}",
        f"--advertise-client-urls={layout.etcd_url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=testbed={peer}",
        "--log-level=warn",
    ]


def apiserver(
    layout: Layout, programs: Programs, *, audit: bool, more: Sequence[str] = ()
) -> Command:
    """The API server with RBAC, on the loopback address alone."""
    certificates = layout.certificates
    audited = [
        f"--audit-policy-file={layout.audit_policy}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=100000",  # megabytes; a rotated log would lose its first part to us
    ]
    return [
        str(programs("kube-apiserver")),
        f"--etcd-servers={layout.etcd_url}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={layout.apiserver_port}",
        # An EndpointSlice for `kubernetes` may not hold a loopback address: write none.
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--cert-dir={layout.folder}",
        f"--tls-cert-file={certificates.server}",
        f"--tls-private-key-file={certificates.server_key}",
        f"--token-auth-file={layout.tokens}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={certificates.service_account_public_key}",
        f"--service-account-signing-key-file={certificates.service_account_key}",
        # Taints new nodes until the node lifecycle controller clears them, and that one is off.
        "--disable-admission-plugins=TaintNodesByCondition",
        # Without it a stop waits a minute for the clients to end their watches.
        "--shutdown-watch-termination-grace-period=1s",
        "--profiling=false",
        *(audited if audit else ()),
        *more,
    ]


def controller_manager(layout: Layout, programs: Programs, *, more: Sequence[str] = ()) -> Command:
    """Every controller but the two that would evict the pods of nodes without a kubelet."""
    certificates = layout.certificates
    return [
        str(programs("kube-controller-manager")),
        f"--kubeconfig={layout.kubeconfig('kube-controller-manager')}",
        "--controllers=*,-node-lifecycle-controller,-taint-eviction-controller",
        "--leader-elect=false",
        "--secure-port=0",
        f"--root-ca-file={certificates.ca}",
        f"--service-account-private-key-file={certificates.service_account_key}",
        f"--kube-api-qps={CLIENT_QPS}",
        f"--kube-api-burst={CLIENT_BURST}",
        "--profiling=false",
        *more,
    ]


def scheduler(layout: Layout, programs: Programs) -> Command:
    """The scheduler as configured by `scheduler_config`."""
    program = str(programs("kube-scheduler"))
    return [program, f"--config={layout.scheduler_config}", "--secure-port=0"]


def scheduler_config(layout: Layout) -> str:
    """The content of the scheduler's configuration file."""
    config: dict[str, Any] = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {
            "kubeconfig": str(layout.kubeconfig("kube-scheduler")),
            "qps": CLIENT_QPS,
            "burst": CLIENT_BURST,
        },
    }
    return json.dumps(config)
