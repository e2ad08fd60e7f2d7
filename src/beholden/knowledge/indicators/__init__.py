"""Lists of others: STIX 2.1, MISP, Zeek intelligence and plain text, read into one table with their validity."""
