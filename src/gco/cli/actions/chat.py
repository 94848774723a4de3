"""chat: a conversation with an endpoint, typed or piped, a line a turn."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Self

from prompt_toolkit import PromptSession

from gco.cli.actions.answering import answering, caller
from gco.cli.documents import read_lines
from gco.cli.options import LineFormat
from gco.cli.session import Session
from gco.cli.texts import as_line
from gco.client.completions import Message
from gco.client.invoke import InvokeError, Prompt, invoke
from gco.core.fleet.summary import RegionView
from gco.core.model.ids import EndpointName
from gco.errors import GcoError
from gco.service.results import EndpointView

HELP = """\
/reset         forget what was said
/region        which region answers
/region NAME   go on with another one; what was said stays
/help          this
//…            send a line that begins with a slash
Ctrl-C ends an answer, Ctrl-D leaves"""
_PROMPT = "> "


async def chat(
    session: Session,
    name: str,
    *,
    region: str | None,
    system: str | None,
    max_tokens: int | None,
    output: LineFormat,
) -> int:
    """Talk until there is nothing more to read; return 1 where a piped turn failed."""
    view = await session.service.get(EndpointName(name))
    [row, *_] = answering(view, [region] if region else [])
    conversation = _Conversation(
        session, view, row, system=system, max_tokens=max_tokens, output=output
    )
    if not (sys.stdin.isatty() and session.screen.interactive):
        return await _piped(conversation)
    session.screen.say(f"{name} in {row.region}; /help lists commands, Ctrl-D leaves")
    await _typed(conversation)
    return 0


async def _piped(conversation: "_Conversation") -> int:
    """Take a turn for each line; the first that fails is the last."""
    for line in read_lines(sys.stdin):
        if not await conversation.turn(line):
            return 1
    return 0


async def _typed(conversation: "_Conversation") -> None:
    """Ask for a line and answer it, until Ctrl-D.

    No Ctrl-C raises where it happens to arrive: an exception between two bytecodes can leave a
    lock taken for ever. At the prompt it is a key like any other; the event loop hands a signal
    to `_Interrupts`, which ends the prompt or the answer, whichever is there.
    """
    prompt: PromptSession[str] = PromptSession(
        _PROMPT, interrupt_exception=_InterruptedError, reserve_space_for_menu=0
    )
    with _Interrupts() as interrupts:
        while True:
            try:
                with interrupts.ending(lambda: _interrupt(prompt)):
                    line = await prompt.prompt_async(handle_sigint=False)
            except _InterruptedError:
                continue
            except EOFError:
                return
            turn = asyncio.create_task(conversation.turn(line))
            with interrupts.ending(turn.cancel):
                await asyncio.wait({turn})
            if not turn.cancelled():
                turn.result()


def _interrupt(prompt: PromptSession[str]) -> None:
    """End the prompt as Ctrl-C would; one that has a line already keeps it."""
    if prompt.app.is_running and not prompt.app.is_done:
        prompt.app.exit(exception=_InterruptedError())


class _InterruptedError(Exception):
    """Somebody pressed Ctrl-C at the prompt."""


class _Interrupts:
    """What SIGINT ends: whatever there is at that moment, or nothing."""

    def __init__(self) -> None:
        self._end: Callable[[], object] | None = None

    def __enter__(self) -> Self:
        self._before = signal.getsignal(signal.SIGINT)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        # Not `remove_signal_handler`, which puts Python's own in place for a moment: that one
        # raises. The loop forgets its handler when it closes.
        signal.signal(signal.SIGINT, self._before)

    @contextlib.contextmanager
    def ending(self, end: Callable[[], object]) -> Iterator[None]:
        """Have SIGINT call `end` meanwhile."""
        self._end = end
        try:
            yield
        finally:
            self._end = None

    def _interrupted(self) -> None:
        if self._end is not None:
            self._end()


class _Conversation:
    """What was said, and with which region."""

    def __init__(
        self,
        session: Session,
        view: EndpointView,
        row: RegionView,
        *,
        system: str | None,
        max_tokens: int | None,
        output: LineFormat,
    ) -> None:
        self._session = session
        self._name = view.name
        self._row = row
        self._caller = caller(session, view, row.region)
        self._first: list[Message] = [{"role": "system", "content": system}] if system else []
        self._said: list[Message] = []
        self._max_tokens = max_tokens
        self._output = output

    async def turn(self, line: str) -> bool:
        """Do what a line asks for: a command, or an answer; return whether that worked."""
        words = line.split()
        if not words:
            return True
        if not line.startswith("/") or line.startswith("//"):
            return await self._answer(line.removeprefix("/") if line.startswith("//") else line)
        return await self._command(words[0], words[1:])

    async def _command(self, command: str, rest: list[str]) -> bool:
        say: Callable[[str], None] = self._session.screen.say
        match command, rest:
            case "/reset", []:
                self._said.clear()
                say("forgotten")
            case "/region", []:
                say(self._row.region)
            case "/region", [region]:
                return await self._move(region)
            case "/help", []:
                say(HELP)
            case _:
                say(f"error: {command} is no command here; /help lists them, // sends a slash")
                return False
        return True

    async def _move(self, region: str) -> bool:
        try:
            view = await self._session.service.get(self._name)
            [self._row] = answering(view, [region])
        except GcoError as error:
            self._session.screen.say(f"error: {error}")
            return False
        self._caller = caller(self._session, view, self._row.region)
        self._session.screen.say(f"{self._row.region} answers from now on")
        return True

    async def _answer(self, text: str) -> bool:
        """Ask, and print the answer as it comes; what is interrupted is kept as far as it came."""
        began = asyncio.get_running_loop().time()
        asked: Message = {"role": "user", "content": text}
        pieces: list[str] = []
        try:
            async for piece in invoke(self._prompt(asked)):
                pieces.append(piece)
                self._print(piece)
        except InvokeError as error:
            self._print("\n" if pieces else "")
            self._session.screen.say(f"error: {self._row.region}: {error}")
            return False
        except asyncio.CancelledError:
            self._keep(asked, "".join(pieces))
            self._print(" …\n")
            raise
        self._keep(asked, "".join(pieces))
        self._print("\n")
        if self._output is LineFormat.JSON:
            seconds = round(asyncio.get_running_loop().time() - began, 3)
            facts = {"region": self._row.region, "prompt": text, "answer": "".join(pieces)}
            self._session.screen.write(as_line({**facts, "seconds": seconds}))
        return True

    def _prompt(self, asked: Message) -> Prompt:
        return Prompt(
            url=self._row.url,
            messages=[*self._first, *self._said, asked],
            stream=True,
            max_tokens=self._max_tokens,
            caller=self._caller,
        )

    def _keep(self, asked: Message, answer: str) -> None:
        self._said += [asked, {"role": "assistant", "content": answer}]

    def _print(self, text: str) -> None:
        if self._output is LineFormat.TEXT and text:
            self._session.screen.write(text)
