"""Who made and runs the parts of a device: brand ▸ maker ▸ owner, module, chip and cloud operators."""

import narwhals as nw

from beholden.attribute.white_labels import STATED, possible_makers
from beholden.engine import Engine, Frame
from beholden.knowledge.base import Knowledge

_PARTS = ("brand", "module_maker", "chip_maker")
_COLUMNS = ["device_id", "role", "company_id", "name", "jurisdiction", "confidence", "path"]


def attributions(engine: Engine, identifications: Frame, exposures: Frame, knowledge: Knowledge) -> Frame:
    """Give the table `attributions`; the path names the facts that lead from the fingerprint to the company."""
    return engine.union(
        [makers(engine, identifications, knowledge), _operators(exposures, _book(engine, knowledge))]
    )


def makers(engine: Engine, identifications: Frame, knowledge: Knowledge) -> Frame:
    """Give the attributions that do not rest on traffic: of brands, makers, owners and parts."""
    book = _book(engine, knowledge)
    chosen = engine.keep(_chosen(identifications))
    parts = chosen.filter(nw.col("field").is_in(list(_PARTS)))
    direct = _named(parts.join(book, left_on="company_id", right_on="company", how="left"))
    brands = chosen.filter(nw.col("field").is_in(["brand", "maker"])).join(
        book, left_on="company_id", right_on="company", how="inner"
    )
    possible = engine.keep(_possible(possible_makers(engine, chosen, knowledge), book))
    modules = possible.filter(nw.col("role") == "module_maker")
    guessed = possible.filter(nw.col("role") == "maker")
    known = _makers(brands).join(guessed.select("device_id"), on="device_id", how="anti")
    made = engine.keep(engine.union([known.select(_COLUMNS), guessed]))
    return engine.union([frame.select(_COLUMNS) for frame in (direct, modules, made, _owners(made, book))])


def _book(engine: Engine, knowledge: Knowledge) -> Frame:
    return engine.bind(knowledge.table("companies"))


def _chosen(identifications: Frame) -> Frame:
    """Give one row per device, field and chosen value, with the strongest claim's confidence and a fact of it."""
    return (
        identifications.filter(nw.col("is_chosen"))
        .with_columns(fact_id=nw.col("fact_id").fill_null(""))
        .group_by("device_id", "field", "value")
        .agg(nw.col("confidence").max(), claim_fact=nw.col("fact_id").max())
        .rename({"value": "company_id"})
    )


def _named(joined: Frame) -> Frame:
    stated = nw.col("company_id").str.replace_all(f"^{STATED}", "")
    return joined.select(
        "device_id",
        "company_id",
        "jurisdiction",
        "confidence",
        role=nw.col("field"),
        name=nw.coalesce(nw.col("name"), stated),
        path=_path(nw.col("claim_fact"), nw.col("fact_id").fill_null("")),
    )


def _path(*facts: nw.Expr) -> nw.Expr:
    joined = nw.concat_str(*facts, separator=" ")
    return joined.str.replace_all(r" +", " ").str.strip_chars()


def _makers(brands: Frame) -> Frame:
    """Give the maker: as a fingerprint names it, else the one the brand belongs to."""
    stated = brands.filter(nw.col("field") == "maker").select("device_id").unique()
    marked = brands.join(stated.with_columns(has_maker=nw.lit(value=True)), on="device_id", how="left")
    kept = marked.filter((nw.col("field") == "maker") | nw.col("has_maker").is_null())
    return kept.select(
        "device_id",
        "confidence",
        role=nw.lit("maker"),
        company_id=nw.col("maker"),
        name=nw.col("maker_name"),
        jurisdiction=nw.col("maker_jurisdiction"),
        path=_path(nw.col("claim_fact"), nw.col("maker_path")),
    )


def _possible(possible: Frame, book: Frame) -> Frame:
    return possible.join(book, left_on="company_id", right_on="company", how="inner").select(
        "device_id",
        "role",
        "company_id",
        "name",
        "jurisdiction",
        "confidence",
        path=_path(nw.col("path"), nw.col("fact_id")),
    )


def _owners(makers: Frame, book: Frame) -> Frame:
    chains = book.select("company", "owner", "owner_name", "owner_jurisdiction", "owner_path")
    joined = makers.join(chains, left_on="company_id", right_on="company", how="inner")
    return joined.select(
        "device_id",
        "confidence",
        role=nw.lit("owner"),
        company_id=nw.col("owner"),
        name=nw.col("owner_name"),
        jurisdiction=nw.col("owner_jurisdiction"),
        path=_path(nw.col("path"), nw.col("owner_path")),
    )


def _operators(exposures: Frame, book: Frame) -> Frame:
    met = (
        exposures.filter(~nw.col("operator_id").is_null(), ~nw.col("is_inbound"))
        .with_columns(fact=nw.col("fact_id").fill_null(""))
        .group_by("device_id", "operator_id")
        .agg(domain_fact=nw.col("fact").max())
    )
    joined = met.join(book, left_on="operator_id", right_on="company", how="inner")
    return joined.with_columns(
        role=nw.lit("cloud_operator"),
        company_id=nw.col("operator_id"),
        name=nw.col("name"),
        jurisdiction=nw.coalesce("owner_jurisdiction", "jurisdiction"),
        confidence=nw.lit(1.0),
        path=_path(nw.col("domain_fact"), nw.col("owner_path")),
    ).select(_COLUMNS)
