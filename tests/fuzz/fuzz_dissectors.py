"""An atheris target over all dissectors: no exception, bounded output, bounded time.

Run it with atheris installed: `python tests/fuzz/fuzz_dissectors.py -max_total_time=600`; all arguments go to
libFuzzer. Without a corpus folder among them it starts from the examples of the tests.
"""

import time
import tomllib
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "ingest" / "dissect" / "examples"
JOIN = 255
MOST_SECONDS = 2
"""Of the processor; libFuzzer's own clock is that of the wall, and others may use the machine."""


def seeds() -> dict[str, bytes]:
    """Return the examples as inputs: a byte that chooses the dissector, then the payload."""
    from beholden.ingest.dissect.registry import PROTOCOLS  # noqa: PLC0415 - after instrumentation

    found = {}
    for number, protocol in enumerate(PROTOCOLS):
        for at, example in enumerate(
            tomllib.loads((EXAMPLES / f"{protocol.name}.toml").read_text())["example"]
        ):
            payload = example["text"].encode() if "text" in example else bytes.fromhex(example["hex"])
            found[f"{protocol.name}-{at}"] = bytes([number]) + payload
    return found


def one_input(data: bytes) -> None:
    """Dissect one input and check what every dissector promises."""
    from beholden.ingest.dissect.protocols import quic  # noqa: PLC0415
    from beholden.ingest.dissect.registry import PROTOCOLS  # noqa: PLC0415
    from beholden.ingest.dissect.seen import MOST_CHARACTERS, MOST_SEEN, Seen  # noqa: PLC0415
    from beholden.model.properties import PROPERTIES  # noqa: PLC0415

    chosen, payload = data[0] if data else 0, data[1:]
    began = time.process_time()
    if chosen == JOIN:
        said = list(quic.join([payload[at : at + 1200] for at in range(0, len(payload), 1200)]))
    else:
        said = list(PROTOCOLS[chosen % len(PROTOCOLS)].dissect(payload))
    assert time.process_time() - began < MOST_SECONDS
    assert len(said) <= MOST_SEEN
    for each in said:
        assert all(each)
        if isinstance(each, Seen):
            assert each.property in PROPERTIES
            assert len(each.value) <= MOST_CHARACTERS
            assert each.value.isprintable()


def loaded() -> None:
    """Import every dissector."""
    from beholden.ingest.dissect.registry import PROTOCOLS  # noqa: PLC0415 - under instrumentation

    for protocol in PROTOCOLS:
        protocol.dissect(b"")


if __name__ == "__main__":
    from libfuzzer import fuzz  # beside this file

    fuzz(one_input, loaded, seeds, ["-timeout=20", "-max_len=4096"])
