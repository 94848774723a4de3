"""Routing rules, and which of them takes a request; pure."""

import dataclasses
import re
from collections.abc import Iterable
from typing import NamedTuple


class Share(NamedTuple):
    """A Service behind a rule, and how much of the requests it gets."""

    service: str
    port: int
    weight: int
    """In proportion to the sum of all of the rule's; with 0 it gets none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One path of one Ingress or HTTPRoute."""

    namespace: str
    host: str
    """Empty for any host; `*.example.com` for all below it."""
    path: str
    kind: str
    """Exact, Prefix or Regex."""
    shares: tuple[Share, ...]
    rewrites: tuple[tuple[re.Pattern[str], str], ...] = ()
    """Tried in order on the path; the replacement in Python's form."""
    canary: int | None = None
    """Its share in per cent of the same rule of another Ingress; None: it is a rule by itself."""

    @property
    def service(self) -> str:
        """The first Service behind it, by which people know it."""
        return self.shares[0].service if self.shares else ""

    def takes(self, host: str, path: str) -> bool:
        """Whether a request belongs to this rule."""
        if not _host_fits(self.host, host):
            return False
        match self.kind:
            case "Exact":
                return path == self.path
            case "Regex":
                return re.match(self.path, path) is not None
            case _:
                stem = self.path.rstrip("/")
                return path == stem or path.startswith(f"{stem}/")

    def rewritten(self, path: str) -> str:
        """Return the path as the backend shall see it."""
        for pattern, replacement in self.rewrites:
            if pattern.search(path):
                return pattern.sub(replacement, path, count=1)
        return path


def choose(rules: Iterable[Rule], host: str, path: str) -> Rule | None:
    """Return the rule for a request, canaries' shares in it: the closest host, exact paths, long ones."""
    taking = [rule for rule in rules if rule.takes(host, path)]
    mains = [rule for rule in taking if rule.canary is None]
    chosen = max(mains, key=_closeness, default=None)
    if chosen is None:
        return None
    canaries = (rule for rule in taking if rule.canary and _same_place(rule, chosen))
    canary = next(canaries, None)
    return chosen if canary is None else _joined(chosen, canary)


def _joined(main: Rule, canary: Rule) -> Rule:
    share = canary.canary or 0
    main_shares = tuple(each._replace(weight=100 - share) for each in main.shares[:1])
    shares = (*main_shares, *(each._replace(weight=share) for each in canary.shares[:1]))
    return dataclasses.replace(main, shares=shares)


def _same_place(one: Rule, other: Rule) -> bool:
    return (one.host, one.path, one.kind) == (other.host, other.path, other.kind)


def _closeness(rule: Rule) -> tuple[bool, int, bool, int]:
    exact_host = bool(rule.host) and not rule.host.startswith("*")
    return exact_host, len(rule.host), rule.kind == "Exact", len(rule.path)


def _host_fits(stated: str, host: str) -> bool:
    if stated.startswith("*."):
        return host.endswith(stated[1:]) and len(host) >= len(stated)
    return stated in {"", host}
