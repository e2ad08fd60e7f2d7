"""One Spark for all tests of a worker, and every engine over the same rows."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "score")]  # the fleets of the latter
SMALL = {
    "spark.driver.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
}
"""For frames of a few rows: plans are made once and not again, and nothing is compiled for them."""


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory):
    if (
        shutil.which("java", path=f"{os.environ['JAVA_HOME']}/bin" if "JAVA_HOME" in os.environ else None)
        is None
    ):
        pytest.skip("no Java, which Spark needs")
    spark = pytest.importorskip("beholden.engine.spark", reason="Spark is not installed", exc_type=Exception)
    folder = tmp_path_factory.mktemp("spark")
    settings = SMALL | {"spark.local.dir": str(folder), "spark.sql.warehouse.dir": f"{folder}/warehouse"}
    session = spark.session("local[2]", settings, folder / "spark.log")
    yield session
    session.stop()


@pytest.fixture(params=["polars", "spark"])
def other(request, tmp_path):
    """Give an engine that must tell the same as DuckDB."""
    if request.param == "polars":
        with PolarsEngine() as engine:
            yield engine
        return
    session = request.getfixturevalue("spark_session")
    from beholden.engine.spark import SparkEngine  # noqa: PLC0415

    with SparkEngine(session, tmp_path) as engine:
        yield engine


@pytest.fixture
def duck():
    with DuckEngine() as engine:
        yield engine


@pytest.fixture
def spark(spark_session, tmp_path):
    from beholden.engine.spark import SparkEngine  # noqa: PLC0415

    with SparkEngine(spark_session, tmp_path) as engine:
        yield engine
