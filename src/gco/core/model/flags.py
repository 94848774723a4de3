"""What a server was told on its command line and in its environment."""

from collections.abc import Iterable, Sequence
from typing import Final

from gco.core.model.profiles import Profile
from gco.core.model.spec import EndpointSpec, EnvVar
from gco.digits import is_digits

_HIGHEST_PORT: Final = 65535


def words(spec: EndpointSpec) -> tuple[str, ...]:
    """Return the command line, as far as the spec states it."""
    return (*(spec.command or ()), *(spec.args or ()))


def flag_value(line: Sequence[str], flags: Iterable[str]) -> str | None:
    """Return the value of the last of `flags` on `line`, as `--flag value` or `--flag=value`."""
    known = frozenset(flags)
    found = None
    for number, word in enumerate(line):
        flag, equals, value = word.partition("=")
        if flag not in known:
            continue
        if equals:
            found = value
        elif number + 1 < len(line):
            found = line[number + 1]
    return found


def has_flag(line: Sequence[str], flags: Iterable[str]) -> bool:
    """Say whether any of `flags` is on `line`, with a value or without."""
    known = frozenset(flags)
    return any(word.partition("=")[0] in known for word in line)


def env_value(env: Iterable[EnvVar], name: str | None) -> str | None:
    """Return the literal value of the variable `name`, if there is one."""
    return next((variable.value for variable in env if variable.name == name), None)


def told_port(spec: EndpointSpec, profile: Profile) -> int | None:
    """Return the port that arguments or environment tell the server, arguments first."""
    stated = flag_value(words(spec), profile.port_flags)
    if stated is None:
        stated = env_value(spec.env or (), profile.port_env)
    number = int(stated) if stated is not None and is_digits(stated) else 0
    return number if 0 < number <= _HIGHEST_PORT else None
