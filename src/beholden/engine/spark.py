"""The engine for fleets beyond one machine: Spark, spoken to in Narwhals expressions only."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import count
from pathlib import Path
from threading import local
from typing import Final

import narwhals as nw
import pyarrow as pa

from beholden.engine.base import ROWS, FleetEngine, Frame, refuse_other_columns
from beholden.model.errors import BeholdenError

try:
    import pyspark
    from py4j.protocol import Py4JJavaError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException, PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql import functions as F  # noqa: N812 - as everybody calls them
except ImportError as error:
    raise BeholdenError("Spark is not installed: pip install 'beholden[spark]'") from error

_SAME_EVERYWHERE: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
"""What results rest on: the same under every configuration."""
_UNLESS_GIVEN: Final = {
    "spark.app.name": "beholden",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "64",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "spark.sql.parquet.compression.codec": "snappy",
}
_ON_THIS_MACHINE: Final = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.sql.shuffle.partitions": "16",
}
_MOST_AT_ONCE: Final = 64
"""Partitions that one driver can plan at once, where there are as many cores."""
_MOST_BROADCAST: Final = 64 << 20
"""Bytes of a bound table up to which every executor gets all of it, so that what it is joined to stays where it is."""


def session(master: str | None, settings: Mapping[str, str], log: Path) -> SparkSession:
    """Start Spark, or give the session that runs: one a process, as Spark has it.

    master: as `--master` of spark-submit; None is that of spark-defaults.conf, else all cores of this machine.
    settings go before those of SPARK_CONF_DIR, and these before ours. What the JVM has to say goes to log.
    Raises BeholdenError where there is no Java, or nothing answers.
    """
    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    given = {**_written(), **settings}
    chosen = master or given.get("spark.master", "local[*]")
    ours = _UNLESS_GIVEN | (_ON_THIS_MACHINE if chosen.startswith("local") else {})
    conf = SparkConf(loadDefaults=False)
    conf.setAll([*({**ours, **given, **_SAME_EVERYWHERE, "spark.master": chosen}).items()])
    _refuse_without_java()
    try:
        with log.open("ab") as said:
            gateway = launch_gateway(conf, {"stdout": said, "stderr": said})  # type: ignore[no-untyped-call]
        return SparkSession(SparkContext(conf=conf, gateway=gateway))
    except (PySparkRuntimeError, OSError) as error:
        raise BeholdenError(f"Spark does not start, see {log}: {error}") from error


def _written() -> dict[str, str]:
    """Give the settings of spark-defaults.conf in SPARK_CONF_DIR, or in the conf folder of SPARK_HOME."""
    folder = os.environ.get("SPARK_CONF_DIR") or f"{os.environ.get('SPARK_HOME', '')}/conf"
    path = Path(folder) / "spark-defaults.conf"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    pairs = (line.split(None, 1) for line in lines if not line.lstrip().startswith("#"))
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def _refuse_without_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        where = "$JAVA_HOME/bin" if home else "PATH"
        raise BeholdenError(f"Spark needs Java 17 or later: no java in {where}")


class _FailedError(Exception):
    """A job failed: a file is damaged or gone, or what runs the job is."""


@contextmanager
def _told_in_a_line() -> Iterator[None]:
    """Say in one line why a job failed, where Spark says it in a hundred."""
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        lines = str(error).splitlines()
        told = [line for line in lines if re.search(r"\[[A-Z_.]{8,}\]", line)]
        raise _FailedError(
            (told or [line for line in lines if line.startswith(": ")] or lines)[-1]
        ) from error


class _Kept(local):
    """Folders of what is kept, by thread: each lets go of its own."""

    def __init__(self) -> None:
        self.folders: list[Path] = []


class SparkEngine(FleetEngine):
    """Frames of one Spark session, which others may use too and which outlives the engine."""

    name = f"spark {pyspark.__version__}"
    unreadable = (pa.ArrowException, OSError, _FailedError)
    is_here = False

    def __init__(self, session: SparkSession, scratch: Path) -> None:
        """Compute in a session; scratch: a folder that every executor reaches, for what is kept."""
        self._session = session
        self.at_once = min(max(session.sparkContext.defaultParallelism, 2), _MOST_AT_ONCE)
        self._scratch = scratch
        self._kept = _Kept()
        self._numbers = count()

    def close(self) -> None:
        """Let go of what was kept; the session stays."""
        self._release(0)

    def bind(self, table: pa.Table) -> Frame:
        """Make an Arrow table a frame; one that is small goes whole to every executor."""
        data = self._session.createDataFrame(_plain(table))
        return nw.from_native(F.broadcast(data) if table.nbytes <= _MOST_BROADCAST else data)

    def scan(self, paths: Sequence[Path]) -> Frame:
        """Make Parquet files of the same columns a frame."""
        return nw.from_native(self._session.read.parquet(*map(str, paths)))

    def keep(self, frame: Frame) -> Frame:
        """Compute a frame once, so that several later steps can read it.

        Written, and read again: what is made of it later has a short plan, and no executor takes it along when it goes.
        """
        path = self._scratch / f"kept-{next(self._numbers)}"
        with _told_in_a_line():
            frame.to_native().write.parquet(str(path), compression="lz4_raw")
        self._kept.folders.append(path)
        return self.scan([path])

    def union(self, frames: Sequence[Frame]) -> Frame:
        """Set frames of the same columns below each other; raises ValueError where their columns differ."""
        refuse_other_columns(frames)
        every: Frame = nw.from_native(reduce(DataFrame.union, [frame.to_native() for frame in frames]))
        return every

    def collect(self, frame: Frame) -> pa.Table:
        """Compute a frame and give it as an Arrow table; all of it passes the driver."""
        with _told_in_a_line():
            return _nullable(frame.to_native().toArrow())

    def batches(self, frame: Frame) -> Iterator[pa.Table]:
        """Compute a frame and give its rows bit by bit; all of it passes the driver."""
        table = self.collect(frame)
        for batch in table.to_batches(ROWS):
            yield pa.Table.from_batches([batch])

    def rows(self, path: Path) -> Frame:
        """Make one Parquet file a frame, with `locator`: the number of the row, the first is 1."""
        data = self._session.read.parquet(str(path))
        frame: Frame = nw.from_native(data.select("*", (F.col("_metadata.row_index") + 1).alias("locator")))
        return frame

    def with_digest(self, frame: Frame, column: str, name: str) -> Frame:
        """Add the first 16 hexadecimal digits of the SHA-256 of a text, as `model.ids` takes them."""
        return _with(frame, F.substring(F.sha2(_column(column), 256), 1, 16), name)

    def with_number(self, frame: Frame, columns: Sequence[str], name: str) -> Frame:
        """Add an int64 made of the values of some columns: equal for equal rows, whatever file they stand in."""
        values = map(_column, columns)
        told = [part for value in values for part in (value, value.isNull())]  # the hash passes nulls over
        return _with(frame, F.shiftrightunsigned(F.xxhash64(*told), 1), name)

    def write(self, frame: Frame, path: Path) -> None:
        """Compute a frame into one Parquet file; a task that is tried again adds nothing."""
        aside = path.with_name(f".{path.name}.aside")
        with _told_in_a_line():
            frame.to_native().coalesce(1).write.mode("overwrite").parquet(str(aside))
        (part,) = aside.glob("part-*.parquet")
        part.rename(path)
        shutil.rmtree(aside)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let everything go at the end of a block that was bound or kept in it."""
        n_before = len(self._kept.folders)
        yield
        self._release(n_before)

    def _release(self, n_left: int) -> None:
        while len(self._kept.folders) > n_left:
            shutil.rmtree(self._kept.folders.pop(), ignore_errors=True)


def _column(name: str) -> Column:
    """Name a column whatever its name holds."""
    return F.col(f"`{name}`")


def _with(frame: Frame, column: Column, name: str) -> Frame:
    """Add a column that Spark computes by functions of its own."""
    added: Frame = nw.from_native(frame.to_native().withColumn(name, column))
    return added


def _plain(table: pa.Table) -> pa.Table:
    """Give words in the stead of their codes, which Spark does not read."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _nullable(table: pa.Table) -> pa.Table:
    """Let every column have nulls: Spark tells of some that they cannot, as other engines do not."""
    return table.cast(pa.schema([field.with_nullable(nullable=True) for field in table.schema]))
