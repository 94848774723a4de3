"""From a kubeconfig or a pod's service account to a cluster that can be asked."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from yarl import URL

from gco.clock import Clock, SystemClock
from gco.cluster.kubernetes import kubeconfig as config_files
from gco.cluster.kubernetes import tls
from gco.cluster.kubernetes.auth import Credentials, Fixed, TokenFile, basic, bearer
from gco.cluster.kubernetes.client import PAGE_SIZE, WATCH_SECONDS, KubernetesCluster
from gco.cluster.kubernetes.exec_plugin import Command, ExecPlugin
from gco.cluster.kubernetes.kubeconfig import Choice
from gco.cluster.kubernetes.transport import USER_AGENT, Limits, Server, Transport
from gco.errors import SettingsError
from gco.hosts import is_loopback
from gco.settings import environment_with

if TYPE_CHECKING:
    from lightkube.config.models import Cluster, User, UserExec


def connect(
    kubeconfig: str | Path | None = None,
    context: str | None = None,
    *,
    in_cluster: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - an immutable value
    page_size: int = PAGE_SIZE,
    watch_seconds: tuple[int, int] = WATCH_SECONDS,
    user_agent: str = USER_AGENT,
    clock: Clock | None = None,
    service_account: Path = config_files.SERVICE_ACCOUNT,
) -> KubernetesCluster:
    """Return the cluster that the arguments lead to; nothing is sent yet.

    Args:
        kubeconfig: a file, or several with the path separator between; ~/.kube/config by default.
        context: a context of the kubeconfig; the current one by default.
        in_cluster: this process runs in a pod, whose service account comes before a kubeconfig
            unless a context is asked for.
        limits: how long to wait.
        page_size: objects a page of a listing.
        watch_seconds: the range that a watch's length is drawn from.
        user_agent: names this program in the server's audit log.
        clock: tells when a plugin's token expires.
        service_account: where the pod's account is mounted.

    Raises:
        SettingsError: there are no credentials, or they are not readable.
    """
    choice = None
    if in_cluster and context is None:
        choice = config_files.from_service_account(service_account)
    if choice is None:
        choice = config_files.from_files(kubeconfig or config_files.DEFAULT, context)
    transport = Transport(
        _server(choice),
        _credentials(choice, clock or SystemClock()),
        limits=limits,
        user_agent=user_agent,
    )
    return KubernetesCluster(transport, page_size=page_size, watch_seconds=watch_seconds)


def _server(choice: Choice) -> Server:
    cluster, user = choice.config.cluster, choice.config.user
    url = URL(cluster.server)
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingsError(f"{cluster.server!r} is not the address of an API server")
    if url.scheme == "http" and _has_credentials(user, url) and not is_loopback(url.host):
        raise SettingsError(
            f"the kubeconfig has credentials for {url.host}, which is reached by http: nothing was "
            "sent, as anyone between could read them. Use an https:// server, or `kubectl proxy` "
            "and its address on this machine"
        )
    context = _tls(cluster, user) if url.scheme == "https" else None
    return Server(cluster.server, context, choice.tls_server_name)


def _has_credentials(user: "User | None", url: URL) -> bool:
    """Whether requests carry something that opens the cluster to whoever reads it."""
    if url.user or url.password:
        return True
    return user is not None and bool(user.token or user.token_file or user.username or user.exec)


def _tls(cluster: "Cluster", user: "User | None") -> ssl.SSLContext:
    return tls.context(
        server=cluster.server,
        authority=_pem(cluster.certificate_auth, cluster.certificate_auth_data),
        certificate=_pem(user.client_cert, user.client_cert_data) if user else tls.Pem(),
        key=_pem(user.client_key, user.client_key_data) if user else tls.Pem(),
        insecure=cluster.insecure,
    )


def _pem(path: str | None, data: str | None) -> tls.Pem:
    return tls.Pem(Path(path) if path else None, data)


def _credentials(choice: Choice, clock: Clock) -> Credentials:
    """Return the credentials, by kubectl's precedence: token file, token, password, plugin."""
    user = choice.config.user
    if user is None:
        return Fixed()
    if user.token_file:
        return TokenFile(Path(user.token_file))
    if user.token:
        return Fixed(bearer(user.token))
    if user.username and user.password:
        return Fixed(basic(user.username, user.password))
    if user.exec:
        return ExecPlugin(_command(user.exec, choice), clock=clock)
    return Fixed()


def _command(plugin: "UserExec", choice: Choice) -> Command:
    spec: dict[str, object] = {"interactive": False}
    if choice.exec_cluster is not None:
        spec["cluster"] = choice.exec_cluster
    told = {"kind": "ExecCredential", "apiVersion": plugin.apiVersion, "spec": spec}
    variables = {each.name: each.value for each in plugin.env or ()}
    return Command(
        program=plugin.command,
        arguments=tuple(plugin.args or ()),
        environment=environment_with(
            {**variables, "KUBERNETES_EXEC_INFO": orjson.dumps(told).decode()}
        ),
        hint=plugin.installHint or "",
    )
