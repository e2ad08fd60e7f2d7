"""Open store and knowledge for the verbs, each loaded only where it is opened."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beholden.engine.store import Store
    from beholden.knowledge.base import Knowledge


def default_store() -> Path:
    """Give the store of a user who named none: $BEHOLDEN_STORE, else the user's data folder."""
    stated = os.environ.get("BEHOLDEN_STORE")
    if stated:
        return Path(stated)
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "beholden"


def open_store(folder: Path | None) -> "Store":
    """Open the store; its catalogue may lie elsewhere, by $BEHOLDEN_CATALOGUE."""
    from beholden.engine.store import Store  # noqa: PLC0415

    return Store(folder or default_store(), os.environ.get("BEHOLDEN_CATALOGUE"))


def open_knowledge(say: Callable[[str], None]) -> "Knowledge":
    """Open knowledge, saying so where it has to be compiled first."""
    from beholden.knowledge.base import Knowledge  # noqa: PLC0415

    return Knowledge.open(on_compile=lambda: say("compiling knowledge (once) …"))
