"""What the engine of Spark promises besides what all engines do."""

from datetime import UTC, datetime

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beholden.model.errors import BeholdenError
from beholden.model.ids import content_ids

WORDS = ["", "a", "é", "🦆", "0:mac:00:11:22:33:44:55"]


def test_tables_come_back_as_they_were_bound(spark):
    table = pa.table(
        {
            "word": pa.array(["a", None, "a"]).dictionary_encode(),
            "at": pa.array([datetime(1969, 1, 2, 3, 4, 5, 6, UTC), None, None], pa.timestamp("us", "UTC")),
            "n": pa.array([2**62, -1, None], pa.int64()),
            "x": pa.array([0.1, float("inf"), None]),
            "is_so": pa.array([True, False, None]),
        }
    )
    plain = table.set_column(0, "word", table["word"].cast(pa.string()))
    assert spark.collect(spark.bind(table)).equals(plain)
    assert pa.concat_tables(spark.batches(spark.bind(table))).equals(plain)
    assert spark.collect(spark.keep(spark.bind(table))).sort_by("n").equals(plain.sort_by("n"))
    assert spark.collect(spark.bind(plain.schema.empty_table())).equals(plain.schema.empty_table())


def test_digests_are_those_of_ids(spark):
    table = pa.table({"node": [f"device\x1f{word}" for word in WORDS]})
    digests = spark.collect(spark.with_digest(spark.bind(table), "node", "id"))["id"]
    assert digests.to_pylist() == content_ids("device", WORDS)


def test_numbers_tell_rows_apart_where_nulls_stand_elsewhere(spark):
    rows = [("a", None), (None, "a"), ("a", "a"), (None, None), ("", None), (None, "")]
    table = pa.table({"x": [x for x, _ in rows] * 2, "y": [y for _, y in rows] * 2})
    numbers = spark.collect(spark.with_number(spark.bind(table), ["x", "y"], "like"))["like"].to_pylist()
    assert len(set(numbers)) == len(rows)
    assert numbers[: len(rows)] == numbers[len(rows) :]
    assert min(numbers) >= 0


def test_rows_are_numbered_as_they_stand_in_the_file(spark, tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"n": list(range(1, 1001))}), path, row_group_size=10)
    table = spark.collect(spark.rows(path))
    assert table["n"].equals(table["locator"])


def test_what_is_written_again_is_there_once(spark, tmp_path):
    path = tmp_path / "out.parquet"
    aside = tmp_path / ".out.parquet.aside"
    aside.mkdir()
    (aside / "part-0.parquet").write_bytes(b"of a run that was killed")
    frame = spark.bind(pa.table({"n": list(range(100))}))
    for _ in range(2):
        spark.write(frame, path)
        assert sorted(pq.read_table(path)["n"].to_pylist()) == list(range(100))
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_what_is_kept_in_a_block_goes_with_it(spark, tmp_path):
    before = spark.keep(spark.bind(pa.table({"n": [1]})))
    with spark.passing():
        spark.keep(before.with_columns(m=nw.col("n") + 1))
        assert len(list(tmp_path.iterdir())) == 2
    assert len(list(tmp_path.iterdir())) == 1
    assert spark.collect(before)["n"].to_pylist() == [1]


def test_frames_of_other_columns_make_no_union(spark):
    one, other = (spark.bind(pa.table({name: [1]})) for name in "ab")
    with pytest.raises(ValueError, match="same columns"):
        spark.union([one, other])


def test_a_damaged_file_is_told_of_in_a_line(spark, tmp_path):
    path = tmp_path / "damaged.parquet"
    pq.write_table(pa.table({"n": list(range(10_000))}), path, compression="zstd")
    data = bytearray(path.read_bytes())
    data[4:600] = b"\xff" * 596
    path.write_bytes(data)
    with pytest.raises(spark.unreadable) as caught:
        spark.collect(spark.rows(path))
    assert "\n" not in str(caught.value)
    assert "damaged.parquet" in str(caught.value)


def test_without_java_one_line_says_so(spark_session, tmp_path, monkeypatch):
    from beholden.engine.spark import SparkSession, session  # noqa: PLC0415

    assert session("local", {}, tmp_path / "log") is spark_session
    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(BeholdenError, match=r"^Spark needs Java 17 or later: no java in \$JAVA_HOME/bin$"):
        session("local", {}, tmp_path / "log")


def test_settings_of_the_configuration_are_read(tmp_path, monkeypatch, spark_session):  # noqa: ARG001 - there is Spark
    from beholden.engine import spark as module  # noqa: PLC0415

    (tmp_path / "spark-defaults.conf").write_text(
        "# a note\nspark.master  spark://h:7077\n\nspark.a b c \nlonely\n"
    )
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    assert module._written() == {"spark.master": "spark://h:7077", "spark.a": "b c"}
