"""Run beholden with the thresholds of the detections times a factor: python -m tests.lab.loosened FACTOR WORDS…"""

import sys

from beholden.assess.context import Context
from beholden.cli import main

COUNTS = (
    "min_count", "min_names", "min_domains", "min_logins", "min_requests", "min_peers", "min_per_hour", "min_per_day",
    "min_pairs", "min_syn", "min_destinations", "min_flows", "min_addresses", "min_networks",
)  # fmt: skip
SHARES = ("min_score", "min_strength")


def loosen(factor):
    """Scale counts by the factor, and what shares lack of one by its inverse."""
    plain = Context.number

    def number(self, signal, name):
        value = plain(self, signal, name)
        if name in SHARES:
            return 1 - min((1 - value) / factor, 1)
        return max(value * factor, 1) if name in COUNTS else value

    Context.number = number


if __name__ == "__main__":
    loosen(float(sys.argv.pop(1)))
    main()
