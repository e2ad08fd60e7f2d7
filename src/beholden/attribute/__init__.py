"""From identifications and flows to companies, owners, jurisdictions and exposures."""
