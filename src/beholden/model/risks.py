"""The eight risk categories and the four factors (the article's Table 2; risk-model)."""

CATEGORIES: tuple[str, ...] = (
    "prepositioning",
    "exfiltration",
    "lock_in",
    "coercion",
    "mapping",
    "silk_road",
    "normative",
    "privacy",
)
FACTORS: tuple[str, ...] = ("V", "R", "L", "O")
FACTOR_MEANINGS: dict[str, str] = {
    "V": "vulnerable to third parties",
    "R": "the channel is reachable",
    "L": "leverage of whoever controls maker, cloud, updates or module, under their law",
    "O": "observed behaviour",
}
CONTEXT_CATEGORIES: tuple[str, ...] = ("silk_road", "normative")
