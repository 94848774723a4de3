"""The file of contexts: read whole, and replaced at once, by one writer at a time.

It is the person's alone (0600): what leads to a cluster concerns nobody else.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pydantic

from gco.contexts.model import Contexts
from gco.errors import SettingsError
from gco.settings import config_folder

_NAME = "contexts.json"


def contexts_path() -> Path:
    """Return where the file is, whether or not it is there: `~/.config/gco/contexts.json`."""
    return config_folder() / _NAME


def read_contexts(path: Path) -> Contexts:
    """Return what the file says; nothing but `local` where there is no file.

    Raises SettingsError where it cannot be read or is not one of ours.
    """
    try:
        contexts = Contexts.model_validate(orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        return Contexts()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from error
    except pydantic.ValidationError as error:
        found = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{path} is not understood: {'; '.join(found)}") from error
    if contexts.current not in contexts.known:
        raise SettingsError(
            f"{path}: the current context {contexts.current} is not among those that are named"
        )
    return contexts


def change_contexts(path: Path, change: Callable[[Contexts], Contexts]) -> Contexts:
    """Write what `change` makes of the file's contexts; return that.

    Two commands at once come one after the other, and a crash leaves the file as it was or as it
    shall be. Raises SettingsError, and whatever `change` raises: then nothing is written.
    """
    try:
        path = path.resolve()  # a link to a file that someone keeps elsewhere stays a link
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(path):
            before = read_contexts(path)
            after = change(before)
            if after != before:
                _replace(path, after)
            return after
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock beside the file: the file itself is another one after each change."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replace(path: Path, contexts: Contexts) -> None:
    said = contexts.model_dump(mode="json", exclude_none=True)
    text = orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_NAME, delete=False) as made:
        try:  # its mode is 0600 from the beginning
            made.write(text)
            made.flush()
            os.fsync(made.fileno())
            Path(made.name).replace(path)
        except BaseException:
            Path(made.name).unlink()
            raise
