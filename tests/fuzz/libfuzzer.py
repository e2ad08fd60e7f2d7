"""Hand a target to libFuzzer, by atheris, of which there are no wheels for every platform."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path


def fuzz(
    one_input: Callable[[bytes], None],
    load: Callable[[], object],
    seeds: Callable[[], Mapping[str, bytes]],
    limits: list[str],
) -> None:
    """Run until libFuzzer's own arguments say stop; `load` imports what is instrumented.

    Without a corpus folder among the arguments it starts from the seeds.
    """
    import atheris  # noqa: PLC0415 - tests of the targets run without it

    with atheris.instrument_imports(include=["beholden"]):
        load()
    arguments = [*sys.argv, *limits]
    if not any(Path(argument).is_dir() for argument in sys.argv[1:]):
        corpus = Path(tempfile.mkdtemp(prefix="corpus-"))
        for name, content in seeds().items():
            (corpus / name).write_bytes(content)
        arguments.append(str(corpus))
    atheris.Setup(arguments, one_input)
    atheris.Fuzz()
