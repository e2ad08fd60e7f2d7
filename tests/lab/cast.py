"""Who lives in the laboratory and what they do: a seeded plan, with what is hostile in it."""

import ipaddress
import random
from dataclasses import dataclass, field

PERSONALITIES = """
DCS-935L camera d-link|DSP-W215 plug d-link|HS110(EU) plug tp-link|LB130(EU) light tp-link|Philips-hue hub hue
SmarterCoffee appliance smarter|iKettle2 appliance smarter|Roku media_player roku|FireTV media_player amazon
LGwebOSTV tv lg|echo-dot-1a2b speaker amazon|RingDoorbell-b7 doorbell ring|Nuki_1A2B3C4D lock nuki|tado thermostat tado
ecobee3 thermostat ecobee|SolarEdge-7A1B2C3D inverter solaredge|easee-eh123456 ev_charger easee|rockrobo vacuum roborock
roborock-vacuum-s5_miio123 vacuum roborock|zhimi-fan-za4 climate xiaomi|NPIA1B2C3 printer hp|DiskStation nas synology
DS-7608NI-K2 nvr hikvision|NVR4104-P nvr dahua|s7-1200 plc siemens|simatic-hmi hmi siemens|Aria-1A2B scale fitbit
Rachio-1A2B3C irrigation rachio|shellyem-A1B2C3 meter shelly|simplisafe-1a2b3c alarm simplisafe|PS4 game_console sony
XboxOne game_console microsoft|iPhone phone apple|Galaxy-Tab-S7 tablet samsung|Annas-MacBook-Pro computer apple
DIR-615 router d-link|SEP001122AABBCC ip_phone cisco|DCH-S150 sensor d-link|DCS-930LB1 camera d-link
august-connect1 lock august|HPA1B2C3 printer hp|kindle-1a2b3c4d5 ebook_reader amazon
"""
"""What each calls itself by DHCP (examples of knowledge/fingerprints), its kind, and a word for its maker."""
ALIKE = 11
"""Plugs of one model: enough that one which differs stands out."""


@dataclass
class Act:
    """Something that a device does: how, when it begins and ends (seconds), how often, and whether that is hostile."""

    do: str
    begin: float
    end: float
    every: float = 0.0
    jitter: float = 0.0
    what: dict = field(default_factory=dict)
    attack: str = ""


@dataclass
class Member:
    """One device: address, name, kind, and all it does."""

    number: int
    hostname: str
    kind: str
    maker: str
    acts: list[Act] = field(default_factory=list)

    @property
    def ip(self):
        return f"192.168.7.{10 + self.number}"

    @property
    def mac(self):
        return f"02:be:01:00:00:{self.number:02x}"

    @property
    def attacks(self):
        return sorted({act.attack for act in self.acts if act.attack})


def public(text):
    """Give an address for a name: always the same, of networks that the laboratory's world answers for."""
    return str(ipaddress.ip_address(0x2D000000 | random.Random(text).getrandbits(22) | 1))  # 45.0.0.0/10


def people():
    """Give host name, kind and maker of everyone."""
    rows = [row.split() for line in PERSONALITIES.split("\n") for row in line.split("|") if row.strip()]
    return rows + [["HS100(EU)", "plug", "tp-link"]] * ALIKE


def plan(seed, hours):
    """Make the plan of one run."""
    dice = random.Random(seed)
    members = [Member(n, *row) for n, row in enumerate(people())]
    for member in members:
        member.acts = list(benign(member, members, dice, hours * 3600))
    hostile(members, dice, hours * 3600)
    return members


def benign(member, members, dice, end):
    """Give what everyone does: a lease, time, a cloud; and what its kind does."""
    start = dice.uniform(0, 600)
    cloud = CLOUDS.get(member.maker, f"api.{member.maker}-cloud.example")
    yield Act("lease", start, start + 1)
    yield Act("ntp", start + 5, end, dice.choice([1024, 3600]), 0.01, {"name": "pool.ntp.org"})
    yield Act(
        "poll",
        start + 9,
        end,
        dice.choice([60, 120, 300]),
        dice.choice([0, 0.05]),
        {"name": cloud, "port": 443},
    )
    if dice.random() < 0.5:
        port = 1883 if dice.random() < 0.5 else 8883
        yield Act("keepalive", start + 20, end, 60, 0.0, {"name": cloud, "port": port})
    if dice.random() < 0.3:  # a service of somebody whom nobody has listed
        first, then = (
            dice.choice(["weather", "metrics", "push"]),
            dice.choice(["sunnyday", "bluepanda", "cdnhub"]),
        )
        other = f"{first}.{then}.example"
        yield Act("poll", start + 40, end, dice.choice([600, 900, 1800]), 0.02, {"name": other, "port": 443})
    yield Act("update", dice.uniform(3600, end), end, 0, 0, {"name": cloud, "kb": 800})
    for do, kinds, every, what in HABITS:
        if member.kind in kinds:
            yield Act(
                do,
                start + dice.uniform(10, 300),
                end,
                every,
                0.3,
                dict(what, name=cloud, lan=lan(members, dice)),
            )


def lan(members, dice):
    return dice.choice([one.ip for one in members if one.kind in ("light", "plug", "camera")])


CLOUDS = {
    "d-link": "api.dlink.com",
    "tp-link": "use1-api.tplinkra.com",
    "hue": "discovery.meethue.com",
    "roku": "scribe.logs.roku.com",
    "amazon": "device-metrics-us.amazon.com",
    "lg": "eu.lgtvsdp.com",
    "ring": "fw.ring.com",
    "apple": "gateway.icloud.com",
    "xiaomi": "ot.io.mi.com",
    "roborock": "api.roborock.com",
    "microsoft": "xboxlive.com",
    "synology": "checkip.synology.com",
    "hikvision": "dev.hik-connect.com",
    "dahua": "www.easy4ip.com",
    "hp": "xmpp006.hpeprint.com",
    "sony": "ps4.update.playstation.net",
    "samsung": "api.samsungcloud.com",
}
"""Names that makers publish for their clouds; of makers that are not here the cloud is one that nobody has listed."""
HABITS = (
    ("stream", ("camera", "doorbell", "nvr"), 1800, {"port": 443, "kb": 400}),
    ("browse", ("phone", "tablet", "computer", "tv", "media_player", "game_console"), 240, {}),
    ("announce", ("speaker", "media_player", "tv", "hub", "printer"), 300, {}),
    ("control", ("hub", "phone", "speaker"), 120, {"port": 80}),
    ("login", ("computer",), 5400, {"port": 22}),
    ("peers", ("computer", "game_console"), 900, {"n": 40}),
    ("upload", ("meter", "inverter", "scale", "sensor", "thermostat"), 600, {"port": 443}),
    ("modbus", ("hmi",), 60, {}),
)
"""What kinds do beside, how often, in seconds."""


def hostile(members, dice, end):
    """Take some devices over: each attack on a device of its own, of a kind that it is seen on."""
    spared = ("computer", "phone", "tablet", "plc", "hmi", "game_console", "nas")
    free = [one for one in members if one.kind not in spared and one.hostname != CAMERA]
    dice.shuffle(free)
    plugs = [one for one in free if one.hostname.startswith("HS100")]
    others = [one for one in free if one not in plugs]
    entries = [one for one in others if one.kind in ("camera", "doorbell", "printer", "light", "tv")]
    few = [one for one in others if one.kind not in ("media_player", "tv", "speaker", "ebook_reader")]
    pools = {"service.unusual": plugs, "reach.control": entries, "peers.many": few}
    camera = next(one for one in members if one.hostname == CAMERA)
    for attack in sorted(ATTACKS, key=lambda one: one not in pools):
        member = next(one for one in pools.get(attack, others) if not one.attacks)
        begun = dice.uniform(0.1, 0.3)
        for do, every, jitter, what in ATTACKS[attack]:
            own = {name: told(value, camera, dice) for name, value in what.items() if name != "begin"}
            begin = what.get("begin", begun) * end
            member.acts.append(Act(do, begin, end, every, jitter, own, attack))


def told(value, camera, dice):
    """Fill in who is meant: somebody outside, the camera, a name of a controller."""
    chosen = {
        "outside": public(str(dice.random())),
        "camera": camera.ip,
        "c2": f"c2{dice.randrange(999)}.nobody.example",
    }
    return chosen.get(value, value) if isinstance(value, str) else value


CAMERA = "DCS-930LB1"
FLUX = "flux.nobody.example"
ATTACKS = {
    "scan.marked": [("sweep", 20, 0.5, {"n": 20, "ports": [23] * 9 + [2323], "marked": True})],
    "scan.addresses": [("sweep", 60, 0.5, {"n": 2, "ports": [8291], "marked": False})],
    "scan.addresses slow": [("sweep", 600, 0.5, {"n": 1, "ports": [9000], "marked": False})],
    "scan.ports": [("ports", 1800, 0.1, {"host": "192.168.7.1", "n": 60})],
    "login.guessing telnet": [("guess", 40, 0.3, {"host": "outside", "port": 23})],
    "login.guessing ssh": [("guess", 60, 0.3, {"host": "outside", "port": 22})],
    "login.guessing rtsp": [("guess", 60, 0.3, {"host": "camera", "port": 554})],
    "login.guessing http": [("guess_http", 10, 0.3, {"host": "camera", "port": 80})],
    "beacon.regular": [("poll", 60, 0.2, {"host": "outside", "port": 4444})],
    "beacon.regular slow": [("poll", 600, 0.1, {"host": "outside", "port": 443})],
    "beacon.regular named": [("poll", 120, 0.3, {"name": "c2", "port": 48101})],
    "beacon.regular web": [("poll", 300, 0.1, {"name": "c2", "port": 443})],
    "beacon.regular held": [("keepalive", 60, 0.1, {"host": "outside", "port": 5000})],
    "dns.tunnel": [("iodine", 0, 0, {}), ("carry", 120, 0.1, {})],
    "dns.tunnel slow": [("leak", 300, 0.2, {"name": "t.exfil.example"})],
    "dns.generated": [("generated", 3600, 0.1, {"n": 30, "seed": 5})],
    "dns.flux": [("poll", 900, 0.3, {"name": FLUX, "port": 443})],
    "peers.many": [("peers", 600, 0.2, {"n": 60})],
    "relay.pairs": [("socat", 0, 0, {}), ("visits", 900, 0.4, {})],
    "relay.pairs called": [("proxy", 600, 0.4, {"host": "outside"})],
    "reach.control": [("modbus", 1200, 0.3, {})],
    "service.unusual": [("poll", 3600, 0.4, {"name": "chat.example", "port": 6667})],
    "listener.new": [
        ("listen", 0, 0, {"port": 45678, "begin": 0.9}),
        ("knock", 300, 0.2, {"port": 45678, "begin": 0.92}),
    ],
}
"""Attack, by the signal that should tell of it and a word for its variant: what is done, how often, how evenly."""
