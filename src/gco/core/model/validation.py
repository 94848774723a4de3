"""The door: documents are read, checked and refused here, with every problem told at once."""

import copy
import dataclasses
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pydantic

from gco.core.model.allowed import Path, did_you_mean
from gco.core.model.documents import read_documents
from gco.core.model.problems import path_text, translate, value_at
from gco.core.model.reader import Document
from gco.core.model.route_claims import OtherRoutes
from gco.core.model.rules import Finding, Known, findings
from gco.core.model.shown import shown
from gco.core.model.spec import API_VERSION, KIND, EndpointSpec, InferenceEndpoint
from gco.core.model.status import Region
from gco.digits import is_digits
from gco.errors import InvalidSpecError, Problem

_ASKED = f"a mapping with apiVersion ({API_VERSION}), kind ({KIND}), metadata and spec"


@dataclasses.dataclass(frozen=True, slots=True)
class Findings:
    """What is to be said of a document."""

    problems: tuple[Problem, ...] = ()
    """Why it is refused."""
    warnings: tuple[Problem, ...] = ()
    """What is accepted, and better done otherwise."""


def parse_documents(
    text: bytes | str,
    source: str,
    *,
    regions: Sequence[Region] | None = None,
    namespaces: Collection[str] | None = None,
) -> tuple[InferenceEndpoint, ...]:
    """Return the endpoints in `text`, which is YAML or JSON and called `source` in problems.

    Raises InvalidSpecError with every problem of every document. Where `regions` or `namespaces`
    are given, what :func:`check` says of them is in the same report. Replicas that a document
    leaves out are not judged, as a stored endpoint may have them; :func:`check` does.
    """
    known = Known(regions, namespaces, whole=False)
    found = read_documents(text, source)
    if not found:
        raise InvalidSpecError([Problem("", "nothing", _ASKED, source)])
    parsed = [_parse(document, known) for document in found]
    problems = [problem for _, told in parsed for problem in told]
    if problems:
        raise InvalidSpecError(problems)
    return tuple(endpoint for endpoint, _ in parsed if endpoint is not None)


def examine(
    document: InferenceEndpoint,
    *,
    regions: Sequence[Region] | None,
    namespaces: Collection[str] | None,
    routes: OtherRoutes | None = None,
    stored: EndpointSpec | None = None,
) -> Findings:
    """Return what the rules say of `document`, with all that it leaves out at its default.

    `regions` are all that are registered, `namespaces` those that are allowed, `routes` those of
    other endpoints, and `stored` is the spec that the document replaces; None is not known.
    """
    found = list(findings(document, Known(regions, namespaces, routes=routes, stored=stored)))
    return Findings(
        problems=tuple(_as_problem(one) for one in found if not one.warning),
        warnings=tuple(_as_problem(one) for one in found if one.warning),
    )


def check(
    document: InferenceEndpoint,
    *,
    regions: Sequence[Region] | None,
    namespaces: Collection[str] | None,
    routes: OtherRoutes | None = None,
    stored: EndpointSpec | None = None,
) -> tuple[Problem, ...]:
    """Return the warnings of :func:`examine`; raises InvalidSpecError with every problem."""
    found = examine(document, regions=regions, namespaces=namespaces, routes=routes, stored=stored)
    if found.problems:
        raise InvalidSpecError(found.problems)
    return found.warnings


def _as_problem(finding: Finding, source: str = "") -> Problem:
    given = shown(finding.given) if finding.given != "" else ""
    return Problem(path_text(finding.path), given, finding.allowed, source)


def _parse(document: Document, known: Known) -> tuple[InferenceEndpoint | None, list[Problem]]:
    if (other := _another_kind(document)) is not None:
        return None, [other]
    endpoint, located = _validated(document.data)
    refused = {path for path, _ in located}
    problems = [
        *document.repeated,
        *(dataclasses.replace(p, source=document.where(path)) for path, p in located),
    ]
    if endpoint is not None:
        problems += (
            _as_problem(one, document.where(one.path))
            for one in findings(endpoint, known)
            if not one.warning and not _within(one.path, refused)
        )
    return endpoint, sorted(problems, key=_line)


def _line(problem: Problem) -> int:
    line = problem.source.rpartition(":")[2]
    return int(line) if is_digits(line) else 0


def _within(path: Path, refused: Collection[Path]) -> bool:
    return any(path[:end] in refused for end in range(len(path) + 1))


def _another_kind(document: Document) -> Problem | None:
    """Return the one problem of a document that is something else altogether."""
    if not isinstance(document.data, dict):
        return Problem("", shown(document.data), _ASKED, document.where(()))
    kind = document.data.get("kind", KIND)
    if kind == KIND or did_you_mean(kind, [KIND]):
        return None
    return Problem("kind", shown(kind), f"{KIND}: nothing else is read", document.where(("kind",)))


def _validated(
    data: dict[str, Any],
) -> tuple[InferenceEndpoint | None, tuple[tuple[Path, Problem], ...]]:
    """Return the endpoint as far as it can be read, and what is wrong with the rest."""
    try:
        return InferenceEndpoint.model_validate(data), ()
    except pydantic.ValidationError as error:
        return _readable(data, error), translate(error, InferenceEndpoint, data)


def _readable(data: dict[str, Any], error: pydantic.ValidationError) -> InferenceEndpoint | None:
    """Return the endpoint without the fields that are wrong, so that the rules can judge the rest.

    None where a field is wrong or missing without which there is no endpoint.
    """
    rest = copy.deepcopy(data)
    paths = {_field(path, rest) for path, _ in translate(error, InferenceEndpoint, data)}
    for path in paths:
        holder = value_at(rest, path[:-1])
        if path and isinstance(holder, dict):
            holder.pop(path[-1], None)
    try:
        return InferenceEndpoint.model_validate(rest)
    except pydantic.ValidationError:
        return None


def _field(path: Path, data: object) -> Path:
    """Return the field to leave out for what is wrong at `path`: a list goes as a whole."""
    steps: Iterator[int] = (n for n, step in enumerate(path) if isinstance(step, int))
    end = next(steps, len(path))
    missing = end == len(path) and value_at(data, path) is None
    return path[: end - 1] if missing else path[:end]
