"""GCO, the Global Capacity Orchestrator: inference endpoints over many regions from one file."""

__version__ = "0.1.0"
