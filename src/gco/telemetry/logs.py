"""Logs: events as data, one line each, the standard library's loggers through the same pipe.

A JSON line carries timestamp, level, logger, message, service, cluster_id and region, and where there
is something to carry, extras and exception {type, message, traceback}; nothing else. structlog is
imported with the first line logged, not before: it costs a short command more than its work does.
"""

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Format = Literal["json", "text"]


class Logger:
    """Logs events with their data: `log.info("applied", endpoint=name, why=why)`."""

    __slots__ = ("_data",)

    def __init__(self, data: dict[str, object]) -> None:
        self._data = data

    def bind(self, **data: object) -> "Logger":
        """Return a logger whose every line also carries `data`."""
        return Logger(self._data | data)

    def debug(self, event: str, **data: object) -> None:
        """Log what only someone who debugs wants to know."""
        _structlog().debug(event, **(self._data | data))

    def info(self, event: str, **data: object) -> None:
        """Log something that was done."""
        _structlog().info(event, **(self._data | data))

    def warning(self, event: str, **data: object) -> None:
        """Log something that went wrong and is being dealt with."""
        _structlog().warning(event, **(self._data | data))

    def error(self, event: str, **data: object) -> None:
        """Log something that a person has to look at; `exc_info=error` adds the traceback."""
        _structlog().error(event, **(self._data | data))


def get_logger(name: str) -> Logger:
    """Return the logger called `name`: by convention the module's name."""
    return Logger({"logger": name})


def configure(
    *,
    service: str,
    cluster_id: str = "",
    region: str = "",
    level: Level = "INFO",
    format: Format = "json",  # noqa: A002  (the name of the setting)
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process to `stream` (standard error unless given).

    Calling it again replaces what was configured before.
    """
    import structlog  # noqa: PLC0415  (its import costs more than a short command)

    from gco.telemetry import render  # noqa: PLC0415  (likewise)

    target = sys.stderr if stream is None else stream
    fixed = {"service": service, "cluster_id": cluster_id, "region": region}
    processors = render.processors(fixed, format, colors=target.isatty())
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    render.capture_stdlib(processors, target, level)


@contextlib.contextmanager
def scope(**data: object) -> Iterator[None]:
    """Have every line logged inside (by tasks started inside too) carry `data`.

    `service`, `cluster_id` and `region` replace the configured ones; a process that runs several
    regions says so here.
    """
    import structlog  # noqa: PLC0415  (its import costs more than a short command)

    with structlog.contextvars.bound_contextvars(**data):
        yield


def _structlog() -> "FilteringBoundLogger":
    import structlog  # noqa: PLC0415  (its import costs more than a short command)

    if not structlog.is_configured():
        configure(service="gco", level="WARNING", format="text")
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger
