"""Forget made-again folders that nobody has used for long."""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

KEPT = 4
"""Folders that are kept however old they are, the last used first."""

_AT_WORK = 24 * 3600
"""Seconds for which somebody may still be reading a folder that was begun with."""


def mark_used(folder: Path) -> None:
    """Note that a folder is used now; a cache that may only be read is left as it is."""
    try:
        os.utime(folder)
    except OSError:
        return


def prune(folders: Iterable[Path]) -> None:
    """Remove folders but those last used, and those that somebody may be reading."""
    latest = sorted(((_last_used(folder), folder) for folder in folders if folder.is_dir()), reverse=True)
    for used, folder in latest[KEPT:]:
        if used < time.time() - _AT_WORK:
            shutil.rmtree(folder, ignore_errors=True)


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # another process removed it
        return 0.0
