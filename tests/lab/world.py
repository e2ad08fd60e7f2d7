"""What answers outside: servers on every address of the laboratory's world, and services on devices."""

import asyncio
import contextlib
import os
import select
import socket
import struct
import threading

from tests.lab.net import SWITCH, WORLD, name_of, socket_in, within

TCP = (443, 8883, 4444, 48101, 5000, 6667, 7000, 8443)
UDP = (123, *range(6881, 6901))
MOST = 1_000_000
"""Octets that a server gives at most."""
_PKTINFO = 8  # IP_PKTINFO of linux/in.h


async def serve(name, port, answer):
    """Listen in a namespace."""
    listener = socket_in(name)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", port))
    return await asyncio.start_server(quietly(answer), sock=listener, backlog=200)


def quietly(answer):
    async def guarded(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, EOFError):
            await answer(reader, writer)
        writer.close()

    return guarded


async def wanted(reader, writer):
    """Send as many octets as the first four ask for, and take what comes."""
    (n,) = struct.unpack(">I", await reader.readexactly(4))
    writer.write(os.urandom(min(n, MOST)))
    await writer.drain()
    while await reader.read(65536):
        pass


async def echo(reader, writer):
    while octets := await reader.read(4096):
        writer.write(octets)


async def login(reader, writer):
    """Ask for name and password, and take none."""
    for ask in (b"login: ", b"Password: "):
        writer.write(ask)
        await reader.readline()
    writer.write(b"\r\nLogin incorrect\r\n")
    await writer.drain()


async def banner(reader, writer):
    writer.write(b"SSH-2.0-dropbear_2019.78\r\n")
    await reader.read(2000)
    writer.write(os.urandom(700))
    await reader.read(2000)


async def challenge(reader, writer):
    """Refuse by HTTP or RTSP: a password is wanted."""
    head = await reader.readuntil(b"\r\n\r\n")
    protocol = b"RTSP/1.0" if b"RTSP/" in head else b"HTTP/1.1"
    writer.write(
        protocol
        + b' 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="cam"\r\nContent-Length: 0\r\n\r\n'
    )
    await writer.drain()


async def page(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"on":true}')
    await writer.drain()


async def firmware(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 800000\r\n\r\n" + os.urandom(800_000))
    await writer.drain()


async def modbus(reader, writer):
    while True:
        head = await reader.readexactly(12)
        writer.write(head[:4] + b"\x00\x05" + head[6:8] + b"\x02" + b"\x00\x2a")


SERVICES = {
    "camera": {80: challenge, 554: challenge}, "light": {80: page}, "plug": {80: page}, "plc": {502: modbus, 80: page},
}  # fmt: skip


async def open_all(members):
    """Start everything that answers."""
    servers = [await serve(WORLD, port, wanted) for port in TCP if port not in (5000, 8883)]
    servers.append(await serve(WORLD, 80, firmware))
    servers += [await serve(WORLD, port, echo) for port in (5000, 8883)]
    servers += [await serve(WORLD, 23, login), await serve(WORLD, 22, banner)]
    for member in members:
        for port, answer in SERVICES.get(member.kind, {}).items():
            servers.append(await serve(name_of(member), port, answer))
    threading.Thread(target=datagrams, daemon=True).start()
    return servers


def datagrams():
    """Answer datagrams from the address that they came to."""
    sockets = []
    with within(WORLD):
        for port in UDP:
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setsockopt(socket.IPPROTO_IP, _PKTINFO, 1)
            made.bind(("", port))
            sockets.append(made)
    while True:
        for ready in select.select(sockets, [], [])[0]:
            octets, told, _, sender = ready.recvmsg(2048, 128)
            for level, kind, data in told:
                if (level, kind) == (socket.IPPROTO_IP, _PKTINFO):
                    back = struct.pack("=I4s4s", 0, data[8:12], b"\0" * 4)
                    with contextlib.suppress(OSError):
                        ready.sendmsg([octets], [(level, kind, back)], 0, sender)


def resolver(folder, names):
    """Give dnsmasq's command line: the names of the plan, and none beside."""
    lines = [f"address=/{name}/{address}" for name, several in sorted(names.items()) for address in several]
    lines += ["local=/com/", "local=/example/", "local=/org/", "local=/net/"]
    path = folder / "dnsmasq.conf"
    path.write_text("\n".join(lines))
    return [
        "ip", "netns", "exec", SWITCH, "dnsmasq", "-k", "-C", str(path), "--no-resolv", "--no-hosts", "--cache-size=0",
        "--interface=br0", "--bind-interfaces", "--user=root", "--pid-file", "--dns-forward-max=1000",
    ]  # fmt: skip
