"""Check judgements before they are recorded."""

from collections.abc import Mapping
from typing import Any

from beholden.engine.store import Store
from beholden.model.errors import BeholdenError

_KINDS = ("mac", "eui64", "short", "ip", "imei", "iccid", "imsi", "serial", "asset", "hostname", "firmware")
_FIELDS = ("brand", "maker", "model", "kind", "os", "firmware", "platform", "module_maker", "chip_maker")


def record(store: Store, judgement: Mapping[str, Any]) -> str:
    """Record a judgement and give its id; raises BeholdenError for one that says nothing."""
    action, subject, other = (judgement[name] for name in ("action", "subject", "object"))
    if not subject or not judgement["reason"]:
        raise BeholdenError(f"judge {action}: a subject and --reason are needed")
    if action in ("merge", "split"):
        for one in [subject, other] if action == "merge" else [subject]:
            _check_identifier(action, one)
    if action == "correct":
        field, _, value = str(other or "").partition("=")
        if field not in _FIELDS or not value:
            raise BeholdenError(f"judge correct: give FIELD=VALUE with one of {', '.join(_FIELDS)}")
    return store.judge(judgement)


def _check_identifier(action: str, text: str | None) -> None:
    kind, _, value = str(text or "").partition(":")
    if kind not in _KINDS or not value:
        raise BeholdenError(f"judge {action}: give KIND:VALUE, with one of {', '.join(_KINDS)}")
