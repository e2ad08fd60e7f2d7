"""The laboratory's networks: one namespace per device, a switch that is also the router, and the world behind it."""

import contextlib
import ctypes
import os
import socket
import subprocess
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_NET = 0x40000000
SWITCH, WORLD = "lab-switch", "lab-world"
OUTSIDE = "45.0.0.0/10"
"""Addresses that the world answers for; what is not among them leads nowhere."""


def run(*words, given=None, check=True):
    return subprocess.run(
        [str(word) for word in words], check=check, capture_output=True, text=True, input=given
    )


def name_of(member):
    return f"lab-{member.number}"


def build(members):
    """Make all namespaces and the wires between them."""
    demolish()
    for name in (SWITCH, WORLD, *map(name_of, members)):
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
    inside(SWITCH, ["link add br0 type bridge", "addr add 192.168.7.1/24 dev br0", "link set br0 up"])
    run("ip", "netns", "exec", SWITCH, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    wire(SWITCH, "up0", WORLD, "in0")
    inside(SWITCH, ["addr add 10.255.0.1/30 dev up0", "route add default via 10.255.0.2"])
    inside(
        WORLD,
        [
            "addr add 10.255.0.2/30 dev in0",
            "route add 192.168.7.0/24 via 10.255.0.1",
            f"route add local {OUTSIDE} dev lo",
            "route add blackhole default",
        ],
    )
    for member in members:
        wire(SWITCH, f"p{member.number}", name_of(member), "eth0", member.mac)
        inside(SWITCH, [f"link set p{member.number} master br0"])
        inside(name_of(member), [f"addr add {member.ip}/24 dev eth0", "route add default via 192.168.7.1"])


def wire(one, here, other, there, mac=None):
    address = ["address", mac] if mac else []
    run("ip", "-n", one, "link", "add", here, "type", "veth", "peer", "name", there, *address, "netns", other)
    run("ip", "-n", one, "link", "set", here, "up")
    run("ip", "-n", other, "link", "set", there, "up")


def inside(name, lines):
    run("ip", "-n", name, "-batch", "-", given="\n".join(lines) + "\n")


def demolish():
    """Take everything down that this laboratory made."""
    for line in run("ip", "netns", "list").stdout.splitlines():
        if line.startswith("lab-"):
            run("ip", "netns", "del", line.split()[0], check=False)


@contextlib.contextmanager
def within(name):
    """Be in a namespace: sockets that are made here stay there."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(Path("/run/netns") / name, os.O_RDONLY)
    try:
        if _LIBC.setns(there, _NEW_NET):
            raise OSError(ctypes.get_errno(), f"no way into {name}")
        yield
    finally:
        _LIBC.setns(home, _NEW_NET)
        os.close(there)
        os.close(home)


def socket_in(name, kind=socket.SOCK_STREAM, protocol=0):
    """Make a socket of a namespace that does not block."""
    with within(name):
        made = socket.socket(socket.AF_INET, kind, protocol)
    made.setblocking(False)
    return made
