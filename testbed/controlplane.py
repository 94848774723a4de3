"""One real Kubernetes control plane: a region, to a test.

etcd, kube-apiserver, kube-controller-manager and kube-scheduler, without a
kubelet: pods are made and bound, and become ready when a test (or a kubelet of
its own) says so in their status. Several run side by side, at about half a
gigabyte each. Calls block; from an event loop use `asyncio.to_thread`.
"""

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from testbed import audit, build, components, kubeconfig, kubectl, ports, probe
from testbed.audit import AuditLog
from testbed.errors import StartFailed
from testbed.layout import Layout, prepare
from testbed.ownership import make_folder, remove_folder
from testbed.processes import Process, await_ready, require_running, stop_all

READY_SECONDS = 120.0
"""The deadline of each part; two cores that also run a build need most of a minute."""


class ControlPlane:
    """A control plane, started by `start` or `with`, and gone after `stop`.

    Args:
        name: says which region it is, in the names of its folder.
        audit: whether the API server keeps an audit log.
        controllers: whether the controller manager runs (Deployments make pods).
        scheduler: whether the scheduler runs (pods get nodes).
        apiserver_flags: further flags of the API server.
        controller_flags: further flags of the controller manager.
        logs: where to keep the programs' logs after the stop; by default they go with the rest.
    """

    def __init__(
        self,
        name: str = "local",
        *,
        audit: bool = False,
        controllers: bool = True,
        scheduler: bool = True,
        apiserver_flags: Sequence[str] = (),
        controller_flags: Sequence[str] = (),
        logs: Path | None = None,
    ) -> None:
        self.name = name
        self.admin_token = secrets.token_urlsafe(24)
        self._audit = audit
        self._with = {"kube-controller-manager": controllers, "kube-scheduler": scheduler}
        self._apiserver_flags = tuple(apiserver_flags)
        self._controller_flags = tuple(controller_flags)
        self._logs = logs
        self._ports: list[ports.Port] = []
        self._folder: Path | None = None
        self._layout: Layout | None = None
        self._processes: dict[str, Process] = {}

    @property
    def layout(self) -> Layout:
        """Its files and ports.

        Raises:
            StartFailed: it was not started.
        """
        if self._layout is None:
            raise StartFailed(f"control plane {self.name} is not started")
        return self._layout

    @property
    def url(self) -> str:
        """The API server's https address, the same over restarts."""
        return self.layout.url

    @property
    def ca_path(self) -> Path:
        """The certificate authority that clients must trust."""
        return self.layout.certificates.ca

    @property
    def kubeconfig_path(self) -> Path:
        """The admin's kubeconfig."""
        return self.layout.kubeconfig("admin")

    @property
    def audit_path(self) -> Path:
        """The audit log's file."""
        return self.layout.audit_log

    @property
    def audit_log(self) -> AuditLog:
        """The audit log, to count requests in."""
        return AuditLog(self.audit_path)

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each program that was started and not stopped."""
        return {name: it.pid for name, it in self._processes.items() if it.pid is not None}

    def start(self) -> Self:
        """Build what is missing, start everything and wait until it serves.

        On return the API server is ready, and so is the `default` service account where the
        controller manager runs: pods can be made.

        Raises:
            Unavailable: a tool is missing on this machine.
            StartFailed: a part did not come up; nothing of it is left.
        """
        if self._layout is not None:
            raise StartFailed(f"control plane {self.name} is started already")
        try:
            self._prepare()
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop every program and remove every file; harmless when repeated."""
        stop_all(tuple(reversed(self._processes.values())))
        self._processes.clear()
        if self._folder is not None:
            self._keep_logs(self._folder)
            remove_folder(self._folder)
        self._folder = self._layout = None
        for port in self._ports:
            port.close()
        self._ports.clear()

    def stop_apiserver(self, *, kill: bool = False) -> None:
        """Take the API server away, in order or as a crash; its data stays in etcd."""
        apiserver = self._processes["kube-apiserver"]
        if kill:
            apiserver.kill()
        else:
            apiserver.stop()

    def start_apiserver(self) -> None:
        """Bring the API server back at the same address, and wait until it is ready."""
        apiserver = self._processes["kube-apiserver"]
        apiserver.start()
        await_ready(apiserver, self._serves, seconds=READY_SECONDS)

    def restart_apiserver(self) -> None:
        """Stop the API server and bring it back."""
        self.stop_apiserver()
        self.start_apiserver()

    def pause_apiserver(self) -> None:
        """Freeze the API server: connections stay open and nothing is answered."""
        self._processes["kube-apiserver"].pause()

    def resume_apiserver(self) -> None:
        """Let a paused API server go on."""
        self._processes["kube-apiserver"].resume()

    def write_kubeconfig(
        self, path: Path, *, token: str | None = None, namespace: str = "default"
    ) -> Path:
        """Write a kubeconfig for a token (the admin's when none is given)."""
        token = token or self.admin_token
        return kubeconfig.write(
            path, url=self.url, ca=self.ca_path, token=token, namespace=namespace
        )

    def service_account_token(self, name: str, *, namespace: str = "default") -> str:
        """A token of an existing service account, good for an hour."""
        return self.kubectl("create", "token", name, f"--namespace={namespace}").strip()

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002 - as in `subprocess.run`
        variables: Mapping[str, str] | None = None,
        kubeconfig: Path | None = None,
        seconds: float = 60.0,
    ) -> str:
        """Run kubectl as a person would, as the admin unless another kubeconfig is given.

        See `testbed.kubectl.run` for the arguments and errors.
        """
        return kubectl.run(
            arguments,
            kubeconfig=kubeconfig or self.kubeconfig_path,
            cache=self.layout.folder / "kubectl",
            stdin=input or "",
            variables=variables,
            seconds=seconds,
        )

    def _prepare(self) -> None:
        """Reserve the ports and write every file that the programs read."""
        for program in ("etcd", *build.KUBERNETES_PROGRAMS):
            build.program(program)
        self._ports = ports.reserve(3)
        self._folder = make_folder(f"plane-{self.name}")
        numbers = [port.number for port in self._ports]
        self._layout = prepare(self._folder, numbers, admin_token=self.admin_token)
        self._layout.audit_policy.write_text(json.dumps(audit.POLICY))
        self._layout.scheduler_config.write_text(components.scheduler_config(self._layout))

    def _launch(self) -> None:
        """Start the programs, each when what it needs is there."""
        layout, find = self.layout, build.program
        etcd = self._run("etcd", components.etcd(layout, find))
        health = f"{layout.etcd_url}/health"
        await_ready(etcd, lambda: probe.answers(health), seconds=READY_SECONDS)
        flags = components.apiserver(layout, find, audit=self._audit, more=self._apiserver_flags)
        apiserver = self._run("kube-apiserver", flags)
        await_ready(apiserver, self._serves, seconds=READY_SECONDS)
        if self._with["kube-scheduler"]:
            self._run("kube-scheduler", components.scheduler(layout, find))
        if self._with["kube-controller-manager"]:
            manager = self._run(
                "kube-controller-manager",
                components.controller_manager(layout, find, more=self._controller_flags),
            )
            await_ready(manager, self._has_default_account, seconds=READY_SECONDS)
        for process in self._processes.values():  # the scheduler serves nothing else to ask
            require_running(process)

    def _run(self, name: str, command: list[str]) -> Process:
        process = Process(name, command, log=self.layout.folder / f"{name}.log")
        self._processes[name] = process
        process.start()
        return process

    def _serves(self) -> bool:
        return probe.answers(f"{self.url}/readyz", token=self.admin_token, ca=self.ca_path)

    def _has_default_account(self) -> bool:
        """Whether the controllers run: admission refuses pods until this account exists."""
        path = "/api/v1/namespaces/default/serviceaccounts/default"
        return probe.answers(f"{self.url}{path}", token=self.admin_token, ca=self.ca_path)

    def _keep_logs(self, folder: Path) -> None:
        if self._logs is None:
            return
        self._logs.mkdir(parents=True, exist_ok=True)
        for log in folder.glob("*.log"):
            shutil.copy2(log, self._logs / f"{self.name}-{log.name}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


@contextmanager
def started_together(*planes: ControlPlane) -> Iterator[None]:
    """Start several control planes at the same time, and stop them at the end."""
    with ExitStack() as stack:
        for plane in planes:
            stack.callback(plane.stop)
        with ThreadPoolExecutor(len(planes)) as pool:
            list(pool.map(ControlPlane.start, planes))
        yield
