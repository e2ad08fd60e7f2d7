"""Claims of parts: whose module or chip a device has, by its IMEI, its USB ids and what is stated of the module."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from beholden.identify.claims import CLAIMS, LONGEST_PREFIX, registry_claims
from beholden.knowledge.base import Knowledge
from beholden.knowledge.parts import parts

TAC_DIGITS = 8
"""Digits of an IMEI that are its type allocation code (3GPP TS 23.003)."""

READ_FROM = {
    "inventory.module_maker": "manufacturer",
    "inventory.module": "model",
    "inventory.module_revision": "revision",
    "sbom.module": "model",
    "inventory.usb": "usb",
    "http.user_agent": "user_agent",
}
"""Properties that speak of a part, and what knowledge of parts reads the same from."""

_FIELDS = {"module": "module_maker", "chip": "chip_maker"}
"""Whose maker a part is of says nothing of the device's brand."""


def tac_claims(tacs: pa.Array, knowledge: Knowledge, weights: Mapping[str, float]) -> pa.Table:
    """Claim by the type allocation code of a module for each distinct beginning of an IMEI.

    tacs: first TAC_DIGITS digits; the claims bear them in the column `prefix`.
    """
    claims = _claims("inventory.imei", "tac", tacs, tacs, knowledge, weights)
    return claims.append_column("prefix", claims["value"])


def part_claims(values: pa.Table, knowledge: Knowledge, weights: Mapping[str, float]) -> pa.Table:
    """Claim by what is said of parts in distinct values of the properties READ_FROM. weights: by what is read."""
    told = [CLAIMS.empty_table()]
    for name, reads in READ_FROM.items():
        said = values.filter(pc.equal(values["property"], name))["value"].combine_chunks()
        told.append(_claims(name, reads, said, said, knowledge, weights))
        if reads == "model":
            told.append(_behind_its_maker(name, said, knowledge, weights))
    return pa.concat_tables(told)


def _claims(
    name: str, reads: str, said: pa.Array, asked: pa.Array, knowledge: Knowledge, weights: Mapping[str, float]
) -> pa.Table:
    """Claim by the part that each text asked stands for; `said` is the value that it was read from."""
    found = parts(knowledge, reads, asked)
    usable = pc.fill_null(pc.is_in(found["role"], pa.array(list(_FIELDS))), fill_value=False)
    found, observed = found.filter(usable), said.filter(usable)
    made = {
        "property": pa.repeat(pa.scalar(name), len(observed)),
        "value": observed,
        "fingerprint_id": pc.binary_join_element_wise(reads, found["value"], "-"),
        "field": pa.array([_FIELDS[role] for role in found["role"].to_pylist()], pa.string()),
        "found": found["company"],
        "confidence": pa.repeat(pa.scalar(float(weights[reads])), len(observed)),
        "fact_id": found["fact_id"],
    }
    return pa.table(made).cast(CLAIMS)


def _behind_its_maker(
    name: str, said: pa.Array, knowledge: Knowledge, weights: Mapping[str, float]
) -> pa.Table:
    """Claim by a model behind one word, where that names the company whose model it is: `Maker EC25-E`."""
    makers = {text: text.partition(" ")[0] for text in said.to_pylist() if " " in text}
    models = pa.array([text.partition(" ")[2].strip() for text in makers], pa.string())
    claims = _claims(name, "model", pa.array(makers, pa.string()), models, knowledge, weights)
    named = [knowledge.spellings.find(makers[text]) for text in claims["value"].to_pylist()]
    return claims.filter(pc.equal(claims["found"], pa.array(named, pa.string())))


@dataclass(frozen=True)
class Assigned:
    """A kind of identifier whose beginnings are assigned to makers."""

    kind: str
    property: str
    length: int
    """Characters that the longest beginning takes."""
    claims: Callable[[pa.Array, Knowledge, Mapping[str, float]], pa.Table]
    """Give the claims of distinct beginnings, which bear them in the column `prefix`."""
    weights: str
    """The table of vocabulary/claims.toml that says how far they are believed."""


ASSIGNED = (
    Assigned("mac", "mac", LONGEST_PREFIX, registry_claims, "oui"),
    Assigned("eui64", "eui64", LONGEST_PREFIX, registry_claims, "oui"),
    Assigned("imei", "inventory.imei", TAC_DIGITS, tac_claims, "parts"),
)
