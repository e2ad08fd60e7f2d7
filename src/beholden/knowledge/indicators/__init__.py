"""Indicator lists of others: STIX 2.1, MISP, Zeek intel and plain text, read into one table with their validity."""
