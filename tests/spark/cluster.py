"""A standalone Spark cluster on loopback: one master, some workers, each with the executors it starts in one group."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pyspark

HOME = Path(pyspark.__file__).parent
LOOPBACK = "127.0.0.1"
_SECONDS = 120
_DIE_WITH_PARENT = 1  # prctl(2)


def _free_port():
    with closing(socket.socket()) as one:
        one.bind((LOOPBACK, 0))
        return one.getsockname()[1]


class Cluster:
    """Used as a context, at whose end nothing of it runs; it ends by itself where its parent is killed."""

    def __init__(self, folder, n_workers=2):
        self._folder, self._n_workers, self._running = folder, n_workers, []
        self.port = _free_port()
        self.master = f"spark://{LOOPBACK}:{self.port}"
        self.workers = []

    def __enter__(self):
        try:
            self._start("master", "--port", self.port)
            self._wait("master", "I have been elected leader")
            for at in range(self._n_workers):
                name = f"worker-{at}"
                work = self._folder / name
                words = ("--cores", 1, "--memory", "700m", "--work-dir", work, self.master)
                self.workers.append(self._start(name, *words))
            for at in range(self._n_workers):
                self._wait(f"worker-{at}", "Successfully registered with master")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for one in self._running:
            self.kill(one)

    def kill(self, process):
        """Kill a worker and its executors, as a machine does that loses power."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()

    def said(self, name):
        return (self._folder / f"{name}.log").read_text("utf-8", "replace")

    def _start(self, name, *words):
        kind = name.partition("-")[0]
        command = [f"{HOME}/bin/spark-class", f"org.apache.spark.deploy.{kind}.{kind.title()}"]
        command += ["--host", LOOPBACK, "--webui-port", 0, *words]
        env = {**os.environ, "SPARK_DAEMON_MEMORY": "200m", "SPARK_LOCAL_IP": LOOPBACK}
        env["SPARK_MASTER_OPTS"] = "-Dspark.master.rest.enabled=false"
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*map(str, command)],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL),  # noqa: PLW1509
            )
        self._running.append(process)
        return process

    def _wait(self, name, words):
        end = time.monotonic() + _SECONDS
        while words not in self.said(name):
            assert time.monotonic() < end, self.said(name)
            time.sleep(0.2)
