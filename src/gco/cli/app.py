"""Puts the commands together under `gco`, in order of use; only those that a call needs."""

import importlib
import sys
import types
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from typing_extensions import override

from gco import __version__
from gco.cli.commands.help import examples
from gco.cli.completion import complete_contexts
from gco.cli.globals import Globals
from gco.cli.options import flag

COMMANDS: Final = {
    "sandbox": "run",
    "apply": "start",
    "deploy": "deploy",
    "wait": "start",
    "invoke": "start",
    "chat": "talk",
    "health": "talk",
    "list": "look",
    "status": "look",
    "get": "look",
    "diff": "start",
    "history": "look",
    "logs": "reach",
    "events": "reach",
    "scale": "change",
    "update-image": "change",
    "canary": "canary",
    "promote": "canary",
    "stop": "change",
    "start": "change",
    "rollback": "change",
    "delete": "change",
    "models": "models",
    "regions": "places",
    "context": "contexts",
    "store": "places",
    "import": "moving",
    "monitor": "run",
    "model-sync": "models",
    "version": "run",
}
"""Each command and the module of :mod:`gco.cli.commands` that has it, as a person meets them."""
ORDER: Final = tuple(COMMANDS)
"""As `gco --help` lists them."""


_WITH_VALUE = ("--store", "--context")
"""The options of `gco` itself that take a value."""


class _Ordered(typer.core.TyperGroup):
    """Lists commands in order of use, and takes the options of `gco` behind a command as well."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read `gco list --store URL` as `gco --store URL list`."""
        _refuse_other_encodings(args)
        told, rest = global_options_apart(args)
        return super().parse_args(ctx, [*told, *rest])

    @override
    def list_commands(self, ctx: Any) -> list[str]:  # the type of the base moved between versions
        """Return the commands' names in ORDER."""
        return sorted(super().list_commands(ctx), key=ORDER.index)


def _refuse_other_encodings(args: Sequence[str]) -> None:
    """Raise BadParameter for an argument that is not UTF-8: no store, request or document takes it."""
    for number, word in enumerate(args, 1):
        try:
            word.encode()
        except UnicodeEncodeError as error:
            given = word.encode(errors="backslashreplace").decode()
            raise typer.BadParameter(
                f"argument {number} is not UTF-8 text: {given} (character {error.start + 1}). "
                "Set the terminal to UTF-8; pass a file of such a name by stdin: -f - < FILE"
            ) from error


def global_options_apart(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is for `gco` itself, wherever it stood before `--`, and everything else.

    `gco context add NAME --store URL` has an option of that name of its own.
    """
    end = args.index("--") if "--" in args else len(args)
    told: list[str] = []
    rest: list[str] = []
    words = iter(args[:end])
    for word in words:
        if rest[:2] == ["context", "add"] and word != "--verbose":
            rest.append(word)
        elif word in _WITH_VALUE and (value := next(words, None)) is not None:
            told += [word, value]
        elif word == "--verbose" or word.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            told.append(word)
        else:
            rest.append(word)
    return told, [*rest, *args[end:]]


_FIRST_STEPS: Final = examples(
    ("gco sandbox up", "1. three regions on this machine"),
    ("gco apply -f examples/llama.yaml", "2. in another terminal"),
    ("gco wait llama-3-8b", "3. watch it come up"),
    ('gco invoke llama-3-8b "Say hello" --stream', "4. ask it"),
    ("gco scale llama-3-8b --replicas 3", "5. and so on"),
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"gco {__version__}")
        raise typer.Exit


def gco(
    ctx: typer.Context,
    *,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="URL",
            help="sqlite:///PATH or dynamodb://TABLE?region=REGION (or GCO_STORE).",
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="NAME",
            help="One of your named stores (or GCO_CONTEXT); see `gco context`.",
            autocompletion=complete_contexts,
        ),
    ] = None,
    verbose: Annotated[bool, flag("--verbose", "-v", help="Tracebacks with errors.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            is_eager=True,
            callback=_print_version,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Run inference endpoints on the Kubernetes clusters of many regions, from one file.

    Exit codes: 0 done, 1 failed, 2 wrong request, 3 not found, 4 conflict, 5 timed out, 6 to 10 models.
    """
    del version
    ctx.obj = Globals(store, context, verbose=verbose)
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


def assemble(args: Sequence[str] = ()) -> typer.Typer:
    """Return the command line, with at least the command that `args` call.

    To make a command of a function costs a millisecond: a call needs its own alone, and only what
    tells of all of them (help, completion, a word that is no command) needs all.
    """
    app = typer.Typer(
        cls=_Ordered,
        callback=gco,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        epilog=_FIRST_STEPS,
    )
    _told, rest = global_options_apart(args)
    asked = COMMANDS.get(rest[0]) if rest else None
    for module in dict.fromkeys(COMMANDS.values() if asked is None else [asked]):
        app.add_typer(importlib.import_module(f"gco.cli.commands.{module}").app)
    return app


def main() -> None:
    """Run the command line that this process was started with, and exit."""
    sys.excepthook = _tell_of_a_mistake
    typer.main.get_command(assemble(sys.argv[1:]))(prog_name="gco")


def _tell_of_a_mistake(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    """Tell of an error that nobody expected, without a traceback unless that is asked for."""
    from gco.cli.screen import say_mistake  # noqa: PLC0415  (no command expects to need it)

    del kind, trace
    say_mistake(error, verbose=bool({"-v", "--verbose"} & set(sys.argv)))
