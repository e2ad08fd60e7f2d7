"""The engine for evidence that fits into memory: Polars, spoken to in Narwhals expressions only."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import narwhals as nw
import pyarrow as pa

from beholden.engine.base import ROWS, Engine, Frame, refuse_other_columns
from beholden.engine.memory import give_back

# the allocator of Polars reads it once: freed pages go back before the next step asks for as many, on a busy machine too
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:20,muzzy_decay_ms:0,narenas:2")
import polars as pl


class PolarsEngine(Engine):
    """Frames in memory; a small scan is mostly waiting for plans to be made, and Polars makes them fastest."""

    name = f"polars {pl.__version__}"

    def bind(self, table: pa.Table) -> Frame:
        """Make an Arrow table a frame; coded words become plain text."""
        return _with_words(pl.DataFrame(table).lazy())

    def scan(self, paths: Sequence[Path]) -> Frame:
        """Make Parquet files of the same columns a frame; coded words become plain text."""
        return _with_words(pl.scan_parquet(list(paths)))

    def keep(self, frame: Frame) -> Frame:
        """Compute a frame once, so that several later steps can read it."""
        kept: Frame = nw.from_native(frame.to_native().collect().lazy())
        return kept

    def union(self, frames: Sequence[Frame]) -> Frame:
        """Set frames of the same columns below each other; raises ValueError where their columns differ."""
        refuse_other_columns(frames)
        every: Frame = nw.from_native(
            pl.concat([frame.to_native() for frame in frames], how="vertical_relaxed")
        )
        return every

    def collect(self, frame: Frame) -> pa.Table:
        """Compute a frame and give it as an Arrow table."""
        return _arrow(frame.to_native().collect())

    def batches(self, frame: Frame) -> Iterator[pa.Table]:
        """Compute a frame and give its rows bit by bit."""
        data = frame.to_native().collect_batches(chunk_size=ROWS, maintain_order=False, engine="streaming")
        return map(_arrow, data)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let everything go at the end of a block that was bound or kept in it."""
        yield
        give_back()


def _with_words(data: pl.LazyFrame) -> Frame:
    coded = [name for name, kind in data.collect_schema().items() if kind == pl.Categorical]
    return nw.from_native(data.with_columns(pl.col(coded).cast(pl.String)) if coded else data)


def _arrow(data: pl.DataFrame) -> pa.Table:
    table = data.to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.cast(pa.schema([_plain(field) for field in table.schema]))


def _plain(field: pa.Field) -> pa.Field:
    """Give text the type that the model's schemas have."""
    return field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field
