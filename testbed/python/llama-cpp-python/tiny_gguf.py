"""Writes a llama of random weights, half a megabyte: 64 wide, 2 layers, a token for each byte.

Run by the Python of the environment beside it, `python tiny_gguf.py FILE`. It talks nonsense, in
printable characters, as fast as a real model of that size would.
"""

import sys
from collections.abc import Iterator

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 64, 2, 4, 128, 2048
SPECIAL = (
    (b"<unk>", gguf.TokenType.UNKNOWN),
    (b"<s>", gguf.TokenType.CONTROL),
    (b"</s>", gguf.TokenType.CONTROL),
)
VOCABULARY = (*SPECIAL, *((b"<0x%02X>" % byte, gguf.TokenType.BYTE) for byte in range(256)))
PRINTABLE = slice(len(SPECIAL) + 0x20, len(SPECIAL) + 0x7F)


def tensors() -> Iterator[tuple[str, np.ndarray]]:
    """Yield every tensor by its name; the same ones each time."""
    random = np.random.default_rng(seed=1)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return random.normal(0, columns**-0.5, (rows, columns)).astype(np.float32)

    def ones() -> np.ndarray:
        return np.ones(WIDTH, dtype=np.float32)

    output = np.zeros((len(VOCABULARY), WIDTH), dtype=np.float32)
    # Half of these are likelier than the zero of all others: the model never ends a text.
    output[PRINTABLE] = 4 * matrix(PRINTABLE.stop - PRINTABLE.start, WIDTH)
    yield "token_embd", matrix(len(VOCABULARY), WIDTH)
    yield "output_norm", ones()
    yield "output", output
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}", ones()
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}", matrix(WIDTH, WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            yield f"blk.{layer}.{name}", matrix(INNER, WIDTH)
        yield f"blk.{layer}.ffn_down", matrix(WIDTH, INNER)


def write(path: str) -> None:
    """Write the model with its tokenizer."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token for token, _ in VOCABULARY])
    writer.add_token_types([kind for _, kind in VOCABULARY])
    writer.add_token_scores([0.0] * len(VOCABULARY))
    for name, tensor in tensors():
        writer.add_tensor(f"{name}.weight", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(sys.argv[1])
