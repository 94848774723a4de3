"""Rules that span fields, or that need to know the regions: what each module checks is in its name."""

from gco.core.model.rules.finding import Finding, Known
from gco.core.model.rules.registry import findings

__all__ = ["Finding", "Known", "findings"]
