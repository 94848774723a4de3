"""logs: lines of an endpoint's pods, each behind its region and pod."""

import itertools
from collections.abc import AsyncIterator, Sequence

from rich.text import Text

from gco.cli.actions.places import places_of, say, told_when_slow
from gco.cli.options import LineFormat
from gco.cli.session import Session
from gco.cli.texts import as_line
from gco.core.model.ids import EndpointName
from gco.core.model.model_source import job_name
from gco.errors import NotFoundError, UnsupportedStateError
from gco.escaping import visible
from gco.reach.logs import Finding, LogRequest, PodLine, follow, read
from gco.reach.merging import merged
from gco.reach.place import Place, Trouble
from gco.service.results import EndpointView

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")


async def logs(
    session: Session,
    name: str,
    *,
    regions: Sequence[str],
    follow: bool,
    previous: bool,
    lines: int | None,
    pod: str,
    canary: bool,
    copy: bool,
    output: LineFormat,
) -> int:
    """Print the lines; return 1 where a region or a pod could not be asked.

    `copy`: of the Jobs that copy the endpoint's model. Raises NotFoundError where no region has the
    pod that was named, and UnsupportedStateError where there is no model to copy.
    """
    view = await session.service.get(EndpointName(name))
    places = await places_of(session, view, regions)
    request = LogRequest(
        name,
        view.namespace,
        canary=canary,
        copy=_copying(view) if copy else "",
        pod=pod,
        lines=lines,
        previous=previous,
    )
    return await _Printer(session, output).print(places, request, on_and_on=follow)


def _copying(view: EndpointView) -> str:
    """Return the Job that copies the endpoint's model in each region."""
    if view.spec.model is None:
        raise UnsupportedStateError(f"{view.name} has no spec.model: nothing copies one")
    return job_name(view.spec.model)


class _Printer:
    """Prints what is found; pods are told apart by colour where a person looks."""

    def __init__(self, session: Session, output: LineFormat) -> None:
        self._screen = session.screen
        self._output = output
        self._colours = itertools.cycle(_COLOURS)
        self._of_pod: dict[str, str] = {}

    async def print(self, places: Sequence[Place], request: LogRequest, *, on_and_on: bool) -> int:
        """Print the findings of all places; return the exit code."""
        if on_and_on:
            troubles = [t async for t in self._shown(merged(follow(p, request) for p in places))]
        else:
            asked = ", ".join(place.region for place in places)
            async with told_when_slow(self._screen, f"asking {asked} …"):
                findings = merged(read(place, request) for place in places)
                troubles = [t async for t in self._shown(findings)]
        absent = [t for t in troubles if t.passing and not t.pod]
        if request.pod and len(absent) == len(places):
            raise NotFoundError(f"no region has a pod of {request.wanted}")
        return int(any(not trouble.passing for trouble in troubles))

    async def _shown(self, findings: AsyncIterator[Finding]) -> AsyncIterator[Trouble]:
        """Print lines as they come and troubles beside them; yield the troubles."""
        async for finding in findings:
            if isinstance(finding, Trouble):
                say(self._screen, finding)
                yield finding
            else:
                self._print(finding)

    def _print(self, line: PodLine) -> None:
        if self._output is LineFormat.JSON:
            self._screen.write(as_line(line._asdict()))
            return
        source = f"{line.region}/{line.pod}"
        if not self._screen.interactive:
            self._screen.write(f"{source}  {line.text}\n")
            return
        if source not in self._of_pod:
            self._of_pod[source] = next(self._colours)
        self._screen.show(
            Text(source, style=self._of_pod[source]).append(f"  {visible(line.text)}", "")
        )
