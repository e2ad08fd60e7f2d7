"""Captures: packets counted into conversations, and those worth dissecting handed on."""

from beholden.ingest.capture.reader import Captured, is_capture, read

__all__ = ["Captured", "is_capture", "read"]
