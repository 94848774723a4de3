"""What a region says of an endpoint: its state, and conditions of which one reason wins.

One file an aspect; :mod:`gco.core.region.status.judge` puts them together.
"""

from gco.core.region.status.canary import canary_judged_again
from gco.core.region.status.drift import DRIFT_SHOWN, drift_shown_for
from gco.core.region.status.judge import judge
from gco.core.region.status.view import CanaryView, View

__all__ = [
    "DRIFT_SHOWN",
    "CanaryView",
    "View",
    "canary_judged_again",
    "drift_shown_for",
    "judge",
]
