"""A network of namespaces: one bridge, hosts on it, and the programs that run in them.

Nothing here is named in the outer system: the recorder runs in namespaces of its own,
and the kernel takes everything down with its first process.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_OFFLOADS = ("tx", "rx", "tso", "gso", "gro")


def sh(command: str) -> None:
    """Run a set-up command here; raise CalledProcessError with its output when it fails."""
    subprocess.run(shlex.split(command), check=True, capture_output=True, text=True)


@dataclass
class Host:
    """One namespace (network, mounts, host name) kept open by a sleeping process."""

    name: str
    hostname: str
    work: Path
    ipv6: bool = False
    pid: int = 0
    commands: list[str] = field(default_factory=list)
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def open(self) -> None:
        """Make the namespaces, private /run, /var/lib and resolver, and the host name."""
        self.work.mkdir(parents=True, exist_ok=True)
        keeper = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "sleep", "infinity"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.pid = keeper.pid
        self.daemons.append(keeper)
        self.commands.append("sleep")
        _wait_for_namespace(self.pid)
        resolver, hosts = self.work / "resolv.conf", self.work / "hosts"
        resolver.write_text("")
        hosts.write_text(f"127.0.0.1 localhost\n127.0.1.1 {self.hostname}\n")
        for place in ("/run", "/var/lib", "/var/cache", "/var/log"):
            self.run(f"mount -t tmpfs none {place}")
        self.run(f"mount --bind {resolver} /etc/resolv.conf")
        self.run(f"mount --bind {hosts} /etc/hosts")
        self.run(f"echo {self.hostname} > /proc/sys/kernel/hostname")
        self.run("ip link set lo up")
        if not self.ipv6:
            self.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")

    def enter(self, command: str) -> list[str]:
        """Give the argument vector that runs a shell command inside."""
        inside = ["nsenter", "-t", str(self.pid), "--net", "--mount", "--uts", "--"]
        return [*inside, "sh", "-c", command]

    def run(self, command: str) -> None:
        """Run a set-up command inside; raise CalledProcessError when it fails."""
        subprocess.run(self.enter(command), check=True, capture_output=True, text=True)

    def act(self, command: str, timeout: float) -> str:
        """Run one command inside to its end; return '' or what went wrong."""
        log = self.work / "act.log"  # a file, because a pipe would wait for every grandchild
        with log.open("wb") as out:
            try:
                done = subprocess.run(
                    self.enter(command),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    timeout=timeout,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return f"{self.name}: {command}: not done after {timeout:g} s"
        if done.returncode == 0:
            return ""
        tail = log.read_text(errors="replace").strip().splitlines()[-1:]
        return f"{self.name}: {command}: exit {done.returncode} {' '.join(tail)}"

    def serve(self, command: str) -> None:
        """Start a program that stays; its output goes to the work folder."""
        log = (self.work / f"daemon-{len(self.daemons)}.log").open("wb")
        self.commands.append(command)
        self.daemons.append(
            subprocess.Popen(
                self.enter(f"{command}"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )

    def fallen(self) -> list[str]:
        """Tell which programs ended by themselves, with the last line they wrote."""
        told = []
        for number, daemon in enumerate(self.daemons):
            if daemon.poll() not in (None, 0):
                log = self.work / f"daemon-{number}.log"
                lines = log.read_text(errors="replace").splitlines()[-1:] if log.exists() else []
                told.append(
                    f"{self.name}: {self.commands[number]!r} ended with {daemon.returncode}: {' '.join(lines)}"
                )
        return told


def _wait_for_namespace(pid: int) -> None:
    ours = Path("/proc/self/ns/uts").readlink()
    for _ in range(200):
        if Path(f"/proc/{pid}/ns/uts").readlink() != ours:
            return
        time.sleep(0.01)
    raise TimeoutError(f"process {pid} made no namespaces")


class Lab:
    """The bridge and everything on it."""

    def __init__(self, work: Path, bridge: str = "lan0") -> None:
        self.work = work
        self.bridge = bridge
        self.hosts: dict[str, Host] = {}
        sh(f"ip link add {bridge} type bridge stp_state 0 mcast_snooping 0 group_fwd_mask 16384")
        sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
        sh(f"ip link set {bridge} up")
        sh("ip link set lo up")

    def host(self, name: str, hostname: str, *, ipv6: bool = False) -> Host:
        """Open a host and keep it under its name."""
        host = Host(name, hostname, self.work / name, ipv6)
        host.open()
        self.hosts[name] = host
        return host

    def plug(self, host: Host, mac: str, interface: str = "eth0") -> None:
        """Connect a host to the bridge by an interface with this link address."""
        port = f"p{host.pid}"
        sh(f"ip link add {port} type veth peer name {interface} address {mac} netns {host.pid}")
        sh(f"ip link set {port} master {self.bridge}")
        _no_offload(["ethtool"], port)
        sh(f"ip link set {port} up")
        _bring_up(host, interface)

    def cable(self, one: Host, at: str, other: Host, to: str, macs: tuple[str, str]) -> None:
        """Connect two hosts directly, off the bridge."""
        sh(
            f"ip link add {at} address {macs[0]} netns {one.pid} "
            f"type veth peer name {to} address {macs[1]} netns {other.pid}"
        )
        _bring_up(one, at)
        _bring_up(other, to)

    def fallen(self) -> list[str]:
        """Tell which programs of any host ended by themselves."""
        return [line for host in self.hosts.values() for line in host.fallen()]

    def close(self) -> None:
        """End every program, newest first."""
        for host in reversed(self.hosts.values()):
            for daemon in reversed(host.daemons):
                _end(daemon)
        for host in self.hosts.values():
            for daemon in host.daemons:
                daemon.wait()
        sh(f"ip link del {self.bridge}")


def _end(daemon: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(daemon.pid, signal.SIGKILL)


def _no_offload(tool: list[str], interface: str) -> None:
    # Without this the capture would hold checksums and segments that no wire carries.
    for feature in _OFFLOADS:
        subprocess.run([*tool, "-K", interface, feature, "off"], check=False, capture_output=True)


def _bring_up(host: Host, interface: str) -> None:
    features = " ".join(f"{feature} off" for feature in _OFFLOADS)
    host.run(f"ethtool -K {interface} {features} >/dev/null 2>&1 || true")
    host.run(f"ip link set {interface} up")


@dataclass
class Capture:
    """tcpdump on the bridge."""

    bridge: str
    path: Path
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start and wait until it listens."""
        command = shlex.split(f"tcpdump -i {self.bridge} -n -Z root -U -s 0 -w {self.path}")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if self.path.exists() and self.path.stat().st_size >= 24:
                return self
            time.sleep(0.05)
        raise TimeoutError("tcpdump wrote no header")

    def __exit__(self, *_: object) -> None:
        """Stop once the last packets are written."""
        if self.process:
            time.sleep(0.5)
            self.process.terminate()
            self.process.wait(10)
