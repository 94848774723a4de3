"""The stub's command line, a lenient subset of vLLM's own."""

import argparse
import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """How the stub behaves."""

    host: str
    port: int
    model: str
    load_seconds: float
    """How long it takes until anything answers, as loading weights would."""
    tokens_per_second: float
    """How fast one request's answer is produced; 0 means at once."""
    max_num_seqs: int
    """Requests that are answered at a time; the others wait."""
    root_path: str = ""
    """A prefix under which everything is answered as well, as vLLM does."""


def parse_options(argv: Sequence[str]) -> Options:
    """Read the command line; arguments of a real server that mean nothing here are passed over.

    An image's own arguments (`--max-model-len=8192`, a Hugging Face name) reach the stub as they
    would reach the real server, so an unknown one must not keep it from starting.
    """
    parser = argparse.ArgumentParser(prog="gco-stub-server", allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", "--model-path", "--model-id", default="stub")
    parser.add_argument("--served-model-name", default=None)
    parser.add_argument("--load-seconds", type=float, default=0.0)
    parser.add_argument("--tokens-per-second", type=float, default=100.0)
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--root-path", default="")
    known, _ = parser.parse_known_args(argv)
    return Options(
        host=known.host,
        port=known.port,
        model=known.served_model_name or known.model,
        load_seconds=known.load_seconds,
        tokens_per_second=known.tokens_per_second,
        max_num_seqs=known.max_num_seqs,
        root_path=known.root_path.rstrip("/"),
    )
