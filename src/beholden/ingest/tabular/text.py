"""Turn the bytes of a table into text: encodings, NUL bytes, and lines of another encoding than the rest."""

import codecs

from beholden.ingest.tabular.problems import Problems

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")
_SHOWN = 3


def encoding_of(head: bytes) -> tuple[str, int]:
    """Give the encoding by byte order mark, or by where zero bytes stand, and the mark's length."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.4 * len(head) / 2 and even < odd / 10:
        return "utf-16-le", 0
    if even > 0.4 * len(head) / 2 and odd < even / 10:
        return "utf-16-be", 0
    return "utf-8", 0


def is_binary(head: bytes) -> bool:
    """Say whether bytes are no text in any encoding read here: many control characters."""
    name, skipped = encoding_of(head)
    sample = head if name == "utf-8" else head[skipped:].decode(name, "replace").encode("utf-8", "replace")
    controls = sum(0 < one < 32 and one not in _TEXT_CONTROLS for one in sample)
    return controls > max(4, len(sample) // 20) or sample.count(0) > len(sample) // 3


def decode(data: bytes, problems: Problems) -> str | bytes:
    """Give UTF-8 bytes where nothing had to be mended, else text; says what was mended."""
    name, skipped = encoding_of(data[:4096])
    if name != "utf-8":
        text = data[skipped:].decode(name, "replace")
        if not skipped:
            problems.tell("encoding", "", f"no byte order mark; looks like {name}", "read as such")
        return _without_nul(text, problems)
    data = data[skipped:]
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return _without_nul(_mixed(data, problems), problems)
    return _without_nul(data.decode("utf-8"), problems) if b"\0" in data else data


def _without_nul(text: str, problems: Problems) -> str:
    n = text.count("\0")
    if n:
        line = text.count("\n", 0, text.index("\0")) + 1
        problems.tell("NUL", f"line {line}", f"{n:,} NUL bytes in the file, the first here", "taken out")
        text = text.replace("\0", "")
    return text


def _mixed(data: bytes, problems: Problems) -> str:
    """Read lines that are not UTF-8 as Windows-1252."""
    lines = data.split(b"\n")
    texts: list[str] = []
    other: list[int] = []
    n_utf8 = 0
    for number, line in enumerate(lines, 1):
        try:
            texts.append(line.decode("utf-8"))
            n_utf8 += not line.isascii()
        except UnicodeDecodeError:
            texts.append(line.decode("cp1252", "replace"))
            other.append(number)
    if n_utf8:
        shown = ", ".join(str(number) for number in other[:_SHOWN]) + (" …" if len(other) > _SHOWN else "")
        problems.tell(
            "encoding",
            "",
            f"mixed encodings: lines that are not UTF-8: {len(other):,} (line {shown})",
            "read as cp1252",
        )
    else:
        problems.tell("encoding", f"line {other[0]}", "not UTF-8", "file read as cp1252 (Windows-1252)")
    return "\n".join(texts)
