"""`python -m gco.sandbox.stub --host 127.0.0.1 --port 8000 --load-seconds 2`."""

import asyncio
import contextlib
import signal
import sys

from gco.sandbox.stub.app import serve
from gco.sandbox.stub.options import Options, parse_options


async def _until_told(options: Options) -> None:
    task = asyncio.create_task(serve(options))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    asyncio.run(_until_told(parse_options(sys.argv[1:])))
