#!/usr/bin/env python3
"""Record the clinic: real programs in namespaces of their own, captured on the bridge between them.

Needs root (or the right to make namespaces), the programs of README.md and the packages of requirements.txt.
Nothing leaves the namespaces; ending this process ends everything it started.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cast import HERE, Cast, Device, load
from join import fill, join, start
from outside import open_outside

from lab import Capture, Host, Lab

PROGRAMS = (
    "avahi-daemon", "busybox", "chronyd", "curl", "dhclient", "dhcpcd", "dnsmasq", "editcap", "ethtool",
    "lldpcli", "lldpd", "llmnrd", "llmnr-query", "mosquitto", "mosquitto_pub", "nginx", "nmbd", "nmblookup", "nsenter",
    "ntpdate", "openssl", "setpriv", "sipp", "snmpd", "snmpget", "socat", "tcpdump", "telnet", "telnetd", "unshare",
    "wsdd",
)  # fmt: skip
RECORDINGS: dict[str, tuple[str, ...]] = {
    "clinic.pcapng": (),
    "tiny.pcap": ("gateway", "plug"),
    "router.pcap": ("gateway", "hub", "edge-router", "plc"),
}
_ACT_SECONDS = 20.0


def missing() -> list[str]:
    """Tell which programs are not there."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [program for program in PROGRAMS if not shutil.which(program, path=path)]


def record(cast: Cast, target: Path, work: Path) -> list[str]:
    """Play the cast once and write the capture; return what went wrong on the way."""
    wrong: list[str] = []
    lab = Lab(work)
    raw = work / "raw.pcap"
    try:
        with Capture(lab.bridge, raw):
            hosts = _enter_all(lab, cast)
            time.sleep(3)
            for device in cast.devices:
                wrong += _play(hosts[device.name], device)
            time.sleep(2)
        wrong += lab.fallen()
    finally:
        lab.close()
    kind = "pcapng" if target.suffix == ".pcapng" else "pcap"
    subprocess.run(["editcap", "-F", kind, str(raw), str(target)], check=True, capture_output=True)
    return wrong


def _enter_all(lab: Lab, cast: Cast) -> dict[str, Host]:
    hosts: dict[str, Host] = {}
    for device in cast.devices:
        hosts[device.name] = join(lab, cast, device)
        if device.address == cast.clinic["gateway"]:
            _open_gateway(lab, cast, hosts[device.name])
        start(hosts[device.name], device)
    return hosts


def _open_gateway(lab: Lab, cast: Cast, host: Host) -> None:
    clinic = cast.clinic
    host.run(f"ip -6 addr add {clinic['lan6']}/64 dev eth0 nodad")
    host.run(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.send_redirects=0"
    )
    open_outside(lab, host, cast.outside, (clinic["lan"], "192.168.77.0/24"))
    if any(device.router for device in cast.devices):
        host.run("ip route add 192.168.77.0/24 via 192.168.10.40")
    host.serve(f"exec dnsmasq -k -C {_names(cast, host)}")
    time.sleep(1)


def _names(cast: Cast, host: Host) -> Path:
    """Write dnsmasq's configuration: leases, names inside and outside."""
    clinic = cast.clinic
    lines = [
        "interface=eth0", "bind-interfaces", "no-resolv", "no-hosts", "no-ping", "dhcp-authoritative", "user=root",
        f"pid-file={host.work}/dnsmasq.pid", f"dhcp-leasefile={host.work}/dnsmasq.leases", "enable-ra",
        f"domain={clinic['domain']}", f"local=/{clinic['domain']}/", f"dhcp-range={clinic['lease_range']}",
        f"dhcp-range={clinic['lease_range6']}", f"dhcp-option=option:ntp-server,{clinic['gateway']}",
    ]  # fmt: skip
    lines += [f"dhcp-host={d.mac},{d.address},{d.hostname}" for d in cast.devices if d.dhcp]
    for row in cast.outside:
        if row.name:
            lines += [f"host-record={row.name},{row.address}", f"local=/{row.name}/"]
    lines += [f"host-record={d.name}.{clinic['domain']},{d.address}" for d in cast.devices]
    config = host.work / "dnsmasq.conf"
    config.write_text("\n".join(lines) + "\n")
    return config


def _play(host: Host, device: Device) -> list[str]:
    wrong = []
    for command in device.act:
        told = host.act(fill(command.removeprefix("-"), host, device), _ACT_SECONDS)
        if told and not command.startswith("-"):
            wrong.append(told)
    return wrong


def _inside(out: Path, names: list[str], work: Path) -> int:
    cast, wrong = load(), []
    for name in names:
        began = time.monotonic()
        devices = RECORDINGS[name]
        place = work / name
        place.mkdir()
        wrong += record(cast.only(devices) if devices else cast, out / name, place)
        print(
            f"{name}: {(out / name).stat().st_size:,} bytes in {time.monotonic() - began:.0f} s", flush=True
        )
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def _outer(arguments: list[str]) -> int:
    """Start this file again in namespaces of its own, and end them whatever ends us."""
    with tempfile.TemporaryDirectory(prefix="clinic-") as work:
        kept = ["setpriv", "--pdeathsig", "KILL"]
        apart = shlex.split("unshare --net --mount --uts --ipc --pid --fork --kill-child --mount-proc")
        again = [sys.executable, str(HERE / "record.py"), "--inside", work, *arguments]
        child = subprocess.Popen([*kept, *apart, *again])
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: child.kill())
        ended = child.wait()
    return ended if ended >= 0 else 130


def main() -> int:
    """Record what is asked for; exit code 1 when a program failed on the way, 2 when one is missing, 130 when ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(RECORDINGS)} (all)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if absent := missing():
        print(f"not installed: {', '.join(absent)}", file=sys.stderr)
        return 2
    names = told.names or list(RECORDINGS)
    if told.inside:
        return _inside(told.out, names, told.inside)
    return _outer([*names, "--out", str(told.out.resolve())])


if __name__ == "__main__":
    sys.exit(main())
