"""Which company a certificate names, by the organisation (O) of a distinguished name. RFC 4514."""

import re

from beholden.knowledge.base import Knowledge
from beholden.knowledge.names import normalise

_PART = re.compile(r"(?:[^,+\\]|\\.)+")


def organisation(name: str) -> str:
    """Give the organisation of a distinguished name, an empty text where there is none or several."""
    found = [part[2:] for part in _PART.findall(name) if part.startswith("O=")]
    return re.sub(r"\\(.)", r"\1", found[0]).strip() if len(found) == 1 else ""


class Certified:
    """Companies by subject and issuer; only a name that is one company's, spelled as knowledge has it, names it."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Take the spellings of companies and the public authorities."""
        self._spellings = knowledge.spellings
        self._authorities = {normalise(row["organisation"]) for row in knowledge.rows("authorities")}

    def company(self, name: str) -> str | None:
        """Give the company that a distinguished name names."""
        named = organisation(name)
        return self._spellings.find(named) if named else None

    def own(self, subject: str, issuer: str) -> str | None:
        """Give the company in whose name a certificate is made out and signed."""
        company = self.company(subject)
        return company if company and company == self.company(issuer) else None

    def under(self, subject: str, issuer: str) -> str | None:
        """Give the company at the top of a chain, no public authority, whose certificate names nobody else."""
        company = self.company(issuer)
        is_public = normalise(organisation(issuer)) in self._authorities
        names_it = not organisation(subject) or self.company(subject) == company
        return company if names_it and not is_public else None

    def vouched(self, subject: str, issuer: str) -> str | None:
        """Give the company that a certificate is made out to where a public authority signs it, and not itself."""
        is_public = normalise(organisation(issuer)) in self._authorities and subject != issuer
        return self.company(subject) if is_public else None
