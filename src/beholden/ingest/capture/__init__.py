"""Captures: packets counted into conversations, and those worth dissecting handed on."""

from beholden.ingest.capture.reader import is_capture, is_compiled, read
from beholden.ingest.capture.result import Captured

__all__ = ["Captured", "is_capture", "is_compiled", "read"]
