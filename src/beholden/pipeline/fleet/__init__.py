"""Fleets: partitions of millions of records distilled one by one, and what they say assessed and scored once."""
