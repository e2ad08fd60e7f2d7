"""Read clinic.toml: the devices inside and the names outside."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Lease:
    """How a device asks for its address."""

    program: str
    parameters: tuple[int, ...] = ()
    vendor_class: str = ""
    fqdn: str = ""
    max_size: int = 0
    v6: bool = False


@dataclass(frozen=True)
class Device:
    """One device: what it is, how it joins, what it runs and what it does."""

    name: str
    title: str
    mac: str
    address: str
    hostname: str
    behind: str = ""
    router: bool = False
    ipv6: bool = False
    certificate: str = ""
    dhcp: Lease | None = None
    routes: tuple[str, ...] = ()
    serve: tuple[str, ...] = ()
    act: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outside:
    """One name (or bare address) outside and what answers there."""

    name: str
    address: str
    tls: str = ""
    http: bool = False
    quic: bool = False
    ntp: bool = False
    mqtt: int = 0
    sink: int = 0
    udp_echo: int = 0


@dataclass(frozen=True)
class Cast:
    """Everything of clinic.toml."""

    clinic: dict[str, str]
    devices: tuple[Device, ...]
    outside: tuple[Outside, ...]

    def only(self, names: tuple[str, ...]) -> "Cast":
        """Keep the devices of these names, and everything outside."""
        return Cast(self.clinic, tuple(d for d in self.devices if d.name in names), self.outside)


def load(path: Path = HERE / "clinic.toml") -> Cast:
    """Read the cast; raise TypeError for a key that nothing knows."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return Cast(
        told["clinic"],
        tuple(_device(row) for row in told["device"]),
        tuple(Outside(**row) for row in told["outside"]),
    )


def _device(row: dict[str, Any]) -> Device:
    lease = row.pop("dhcp", None)
    frozen: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    if lease is not None:
        lease = Lease(**{**lease, "parameters": tuple(lease.get("parameters", ()))})
    return Device(dhcp=lease, **frozen)
