"""Tell whom connected devices are beholden to."""

__version__ = "0.1.0"
