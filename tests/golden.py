"""Golden files: what was written down is what comes out. One way to refresh: `BEHOLDEN_UPDATE_GOLDEN=1 pytest …`."""

import json
import os
from pathlib import Path
from typing import Any


def check(path: Path, value: Any) -> None:
    """Compare a JSON value with the file, or write the file where a refresh was asked for."""
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n"
    if os.environ.get("BEHOLDEN_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
        return
    assert path.exists(), f"{path} is missing; BEHOLDEN_UPDATE_GOLDEN=1 writes it"
    assert json.loads(text) == json.loads(path.read_text("utf-8"))
