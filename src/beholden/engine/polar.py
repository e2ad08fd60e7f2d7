"""The engine for evidence that fits into memory: Polars, spoken to in Narwhals expressions only."""

from collections.abc import Sequence
from pathlib import Path

import narwhals as nw
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from beholden.engine.base import Engine, Frame, refuse_other_columns


class PolarsEngine(Engine):
    """Frames in memory; a small scan is mostly waiting for plans to be made, and Polars makes them fastest."""

    name = f"polars {pl.__version__}"

    def bind(self, table: pa.Table) -> Frame:
        """Make an Arrow table a frame; coded words become plain text."""
        data = pl.DataFrame(table)
        coded = [name for name, kind in data.schema.items() if kind == pl.Categorical]
        return nw.from_native(
            data.with_columns(pl.col(coded).cast(pl.String)).lazy() if coded else data.lazy()
        )

    def scan(self, paths: Sequence[Path]) -> Frame:
        """Make Parquet files of the same columns a frame."""
        return nw.from_native(pl.scan_parquet(list(paths)))

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
        table = frame.to_native().collect().to_arrow(compat_level=pl.CompatLevel.oldest())
        return table.cast(pa.schema([_plain(field) for field in table.schema]))

    def write(self, frame: Frame, path: Path) -> None:
        """Compute a frame into a Parquet file (zstd)."""
        pq.write_table(self.collect(frame), path, compression="zstd")


def _plain(field: pa.Field) -> pa.Field:
    """Give text the type that the model's schemas have."""
    return field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field
