"""How an endpoint's requests are divided between its own pods and a canary's."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Split:
    """A share of the requests goes to another Service, in the endpoint's namespace and on its port."""

    service: str
    weight: int
    """Of 100 requests, how many; 0 routes plainly while what carries the share stays."""

    def shares(self, stable: str) -> tuple[tuple[str, int], tuple[str, int]]:
        """Return each Service with its weight, of 100 together, that of `stable` first."""
        return (stable, 100 - self.weight), (self.service, self.weight)


def weighted(split: Split | None) -> bool:
    """Say whether a canary gets any requests."""
    return split is not None and split.weight > 0
