"""How devices act: every act of the plan, with real sockets and programs, faster than life."""

import asyncio
import base64
import contextlib
import hashlib
import os
import random
import socket
import struct

from tests.lab.cast import public
from tests.lab.net import WORLD, name_of, socket_in, within
from tests.lab.world import page, serve

PASSWORDS = ("root:xc3511", "root:vizxv", "admin:admin", "admin:1234", "user:user", "root:12345")
WEB = tuple(
    f"www.{word}.example" for word in ("news", "shop", "wiki", "mail", "maps", "films", "music", "games")
)


class Stage:
    """Acts of members, on one clock that runs so many times faster than ours."""

    def __init__(self, members, speed, seed):
        self.members, self.speed, self.dice = members, speed, random.Random(seed)
        self.loop = asyncio.get_running_loop()
        self.begun = self.loop.time()
        self.programs, self.failed = [], {}

    def now(self):
        return (self.loop.time() - self.begun) * self.speed

    async def until(self, second):
        await asyncio.sleep(max(0.0, second / self.speed - (self.loop.time() - self.begun)))

    async def play(self, member, act):
        """Do an act from its beginning to its end, again and again where it is said how often."""
        await self.until(act.begin)
        due = act.begin
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, EOFError):
                await getattr(self, f"do_{act.do}")(member, act)
            if not act.every:
                return
            due += act.every * (1 + act.jitter * self.dice.uniform(-1, 1))
            if due >= act.end:
                return
            await self.until(due)

    async def ask(self, member, name):
        """Look a name up at the router; gives one of its addresses or nothing."""
        question = struct.pack(">HHHHHH", self.dice.getrandbits(16), 0x0100, 1, 0, 0, 0)
        question += (
            b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0\0\x01\0\x01"
        )
        with contextlib.closing(socket_in(name_of(member), socket.SOCK_DGRAM)) as made:
            made.connect(("192.168.7.1", 53))
            await self.loop.sock_sendall(made, question)
            answer = await asyncio.wait_for(self.loop.sock_recv(made, 2048), 1)
        n = struct.unpack(">H", answer[6:8])[0]
        if len(answer) != len(question) + 16 * n or not n:
            return None
        at = len(answer) - 16 * self.dice.randrange(n)
        return socket.inet_ntoa(answer[at - 4 : at])

    async def reach(self, member, act, port=None):
        """Connect to the host or name of an act."""
        host = act.what.get("host") or await self.ask(member, act.what["name"])
        return await self.connect(name_of(member), host, port or act.what["port"])

    async def connect(self, space, host, port, source=None):
        made = socket_in(space)
        try:
            if source:
                made.bind((source, 0))
            await asyncio.wait_for(self.loop.sock_connect(made, (host, port)), 2)
        except BaseException:
            made.close()
            raise
        return await asyncio.open_connection(sock=made)

    async def fetch(self, streams, up, down):
        """Send and get so many octets."""
        reader, writer = streams
        with contextlib.closing(writer):
            writer.write(struct.pack(">I", down) + os.urandom(up))
            return await asyncio.wait_for(reader.readexactly(down), 10)

    async def do_poll(self, member, act):
        await self.fetch(
            await self.reach(member, act), 180 + self.dice.randrange(20), 300 + self.dice.randrange(40)
        )

    async def do_upload(self, member, act):
        await self.fetch(await self.reach(member, act, 443), self.dice.randrange(500, 3000), 120)

    async def do_stream(self, member, act):
        await self.fetch(await self.reach(member, act), act.what["kb"] * self.dice.randrange(300, 1000), 400)

    async def do_browse(self, member, _):
        for name in self.dice.sample(WEB, 2):
            host = await self.ask(member, name)
            await self.fetch(
                await self.connect(name_of(member), host, 443), 900, self.dice.randrange(4000, 400_000)
            )

    async def do_update(self, member, act):
        """Let curl fetch a file."""
        host = await self.ask(member, act.what["name"])
        command = ["curl", "-s", "-m", "2", "-o", os.devnull, f"http://{host}/firmware.bin"]
        await self.program(member, command, wait=True)

    async def do_keepalive(self, member, act):
        """Hold one connection, and ping in it for as long as the act lasts."""
        reader, writer = await self.reach(member, act)
        with contextlib.closing(writer):
            if act.what["port"] == 1883:
                client = member.hostname.encode()[:20]
                writer.write(
                    bytes((0x10, 12 + len(client))) + b"\0\4MQTT\4\2\0\0\0" + bytes((len(client),)) + client
                )
                await reader.read(64)
            due = self.now()
            while self.now() < act.end - 2 * act.every:
                writer.write(b"\xc0\0")
                await asyncio.wait_for(reader.read(64), 5)
                due += act.every * (1 + act.jitter * self.dice.uniform(-1, 1))
                await self.until(due)
        act.every = 0

    async def do_lease(self, member, _):
        """Ask for an address by DHCP, with the name that the device has."""
        made = socket_in(name_of(member), socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        made.bind(("", 68))
        mac, name = bytes.fromhex(member.mac.replace(":", "")), member.hostname.encode()
        head = struct.pack(">BBBBIHH", 1, 1, 6, 0, self.dice.getrandbits(32), 0, 0) + bytes(16)
        head += mac + bytes(10 + 64 + 128) + bytes.fromhex("63825363")
        options = (
            b"\x35\x01\x03\x32\x04" + socket.inet_aton(member.ip) + bytes((12, len(name))) + name + b"\xff"
        )
        made.sendto(head + options, ("255.255.255.255", 67))
        made.close()

    async def do_ntp(self, member, act):
        host = await self.ask(member, act.what["name"])
        await self.exchange(member, host, 123, b"\x23" + bytes(47))

    async def exchange(self, member, host, port, octets):
        with contextlib.closing(socket_in(name_of(member), socket.SOCK_DGRAM)) as made:
            made.connect((host, port))
            await self.loop.sock_sendall(made, octets)
            await asyncio.wait_for(self.loop.sock_recv(made, 2048), 0.5)

    async def do_peers(self, member, act):
        for _ in range(act.what["n"]):
            peer, port = public(str(self.dice.random())), self.dice.randrange(6881, 6901)
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                await self.exchange(
                    member, peer, port, b"d1:ad2:id20:" + os.urandom(20) + b"e1:q4:ping1:t2:aa1:y1:qe"
                )

    async def do_announce(self, member, _):
        with contextlib.closing(socket_in(name_of(member), socket.SOCK_DGRAM)) as made:
            ask = b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n'
            made.sendto(ask, ("239.255.255.250", 1900))

    async def do_control(self, member, act):
        reader, writer = await self.connect(name_of(member), act.what["lan"], 80)
        with contextlib.closing(writer):
            writer.write(b"GET /state HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.wait_for(reader.read(500), 2)

    async def do_login(self, member, _):
        await self.guess(await self.connect(name_of(member), public("shell"), 22), "me:secret")

    async def do_modbus(self, member, _):
        plc = next(one for one in self.members if one.kind == "plc")
        reader, writer = await self.connect(name_of(member), plc.ip, 502)
        with contextlib.closing(writer):
            writer.write(b"\0\1\0\0\0\6\1\3\0\0\0\1")
            await asyncio.wait_for(reader.read(64), 2)

    # --- what is hostile ---

    async def do_sweep(self, member, act):
        """Send SYNs to addresses by chance, raw, as published scanners do."""
        with within(name_of(member)):
            made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        with contextlib.closing(made):
            for _ in range(act.what["n"]):
                host = socket.inet_ntoa(struct.pack(">I", self.dice.randrange(0x50000000, 0x60000000)))
                made.sendto(
                    self.syn(member.ip, host, self.dice.choice(act.what["ports"]), act.what["marked"]),
                    (host, 0),
                )

    def syn(self, source, host, port, is_marked):
        ends = socket.inet_aton(source) + socket.inet_aton(host)
        seq = ends[4:] if is_marked else os.urandom(4)
        tcp = struct.pack(">HH", self.dice.randrange(1024, 65535), port) + seq
        tcp += struct.pack(">IBBHHH", 0, 0x50, 2, self.dice.getrandbits(16), 0, 0)
        total = checksum(ends + struct.pack(">BBH", 0, 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
        return struct.pack(">BBHHHBBH", 0x45, 0, 40, self.dice.getrandbits(16), 0, 64, 6, 0) + ends + tcp

    async def do_ports(self, member, act):
        for port in self.dice.sample(range(1024, 9000), act.what["n"]) + self.dice.sample(
            range(9000, 60000), 90
        ):
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                _, writer = await self.connect(name_of(member), act.what["host"], port)
                writer.close()

    async def do_guess(self, member, act):
        streams = await self.connect(name_of(member), act.what["host"], act.what["port"])
        await self.guess(streams, self.dice.choice(PASSWORDS), is_rtsp=act.what["port"] == 554)

    async def guess(self, streams, password, is_rtsp=False):
        reader, writer = streams
        user, _, secret = password.partition(":")
        with contextlib.closing(writer):
            if is_rtsp:
                token = base64.b64encode(password.encode()).decode()
                writer.write(
                    f"DESCRIBE rtsp://x/1 RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic {token}\r\n\r\n".encode()
                )
                await asyncio.wait_for(reader.read(300), 2)
                return
            for word in (user, secret):
                await asyncio.wait_for(reader.read(300), 2)
                writer.write(word.encode() + b"\r\n")
            await asyncio.wait_for(reader.read(2000), 2)

    async def do_guess_http(self, member, act):
        token = base64.b64encode(self.dice.choice(PASSWORDS).encode()).decode()
        reader, writer = await self.connect(name_of(member), act.what["host"], 80)
        with contextlib.closing(writer):
            writer.write(f"GET / HTTP/1.1\r\nHost: cam\r\nAuthorization: Basic {token}\r\n\r\n".encode())
            await asyncio.wait_for(reader.read(500), 2)

    async def do_iodine(self, member, _):
        """Let iodine open a tunnel through names."""
        server, zone = public("iodined"), "t.tunnel.example"
        await self.program(
            None, ["iodined", "-f", "-c", "-l", server, "-P", "lab", "-d", "dns1", "10.9.0.1", zone]
        )
        await asyncio.sleep(0.5)  # the server is slower than our time
        await self.program(member, ["iodine", "-f", "-r", "-P", "lab", "-d", "dns0", server, zone])

    async def do_carry(self, member, _):
        """Send into the tunnel, once there is one."""
        with contextlib.closing(socket_in(name_of(member), socket.SOCK_DGRAM)) as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"dns0")
            made.sendto(os.urandom(300), ("10.9.0.1", 9))

    async def do_leak(self, member, act):
        label = hashlib.sha256(os.urandom(8)).hexdigest()[:44]
        await self.ask(member, f"{label}.{act.what['name']}")

    async def do_generated(self, member, act):
        dice = random.Random(act.what["seed"])
        for _ in range(act.what["n"]):
            letters = "".join(
                dice.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(dice.randrange(12, 18))
            )
            await self.ask(member, f"{letters}.com")

    async def do_socat(self, member, _):
        """Let socat pass on whoever comes."""
        await self.program(member, ["socat", "TCP-LISTEN:7000,fork,reuseaddr", f"TCP:{public('target')}:443"])

    async def do_visits(self, member, _):
        source = public(str(self.dice.random()))
        await self.fetch(
            await self.connect(WORLD, member.ip, 7000, source), 600, self.dice.randrange(20_000, 200_000)
        )

    async def do_proxy(self, member, act):
        """Take a request from a controller that was called, and bring back what a target gives."""
        reader, writer = await self.connect(name_of(member), act.what["host"], 8443)
        with contextlib.closing(writer):
            writer.write(struct.pack(">I", 700))
            await asyncio.wait_for(reader.readexactly(700), 3)
            target = await self.connect(name_of(member), public(str(self.dice.random())), 443)
            writer.write(await self.fetch(target, 650, self.dice.randrange(20_000, 200_000)))
            await writer.drain()

    async def do_listen(self, member, act):
        self.programs.append(await serve(name_of(member), act.what["port"], page))

    async def do_knock(self, member, act):
        source = public(f"knock{member.number}")
        reader, writer = await self.connect(WORLD, member.ip, act.what["port"], source)
        with contextlib.closing(writer):
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await asyncio.wait_for(reader.read(500), 2)

    async def program(self, member, command, wait=False):
        """Run a program where a member lives, or in the world."""
        space = name_of(member) if member else WORLD
        quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
        started = await asyncio.create_subprocess_exec("ip", "netns", "exec", space, *command, **quiet)
        if wait:
            await started.wait()
        else:
            self.programs.append(started)


def checksum(octets):
    """Give the Internet checksum (RFC 1071)."""
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
