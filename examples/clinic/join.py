"""How a device comes onto the network: cable, address, files, then its programs."""

import sys
import time

from cast import HERE, Cast, Device, Lease
from outside import self_signed

from lab import Host, Lab

_DHCLIENT_NAMES = {
    1: "subnet-mask", 2: "time-offset", 3: "routers", 6: "domain-name-servers", 12: "host-name", 13: "boot-size",
    15: "domain-name", 26: "interface-mtu", 28: "broadcast-address", 31: "router-discovery",
    33: "static-routes", 42: "ntp-servers", 43: "vendor-encapsulated-options", 44: "netbios-name-servers",
    46: "netbios-node-type", 47: "netbios-scope", 51: "dhcp-lease-time", 58: "dhcp-renewal-time",
    59: "dhcp-rebinding-time", 66: "tftp-server-name", 67: "bootfile-name", 69: "smtp-server",
    119: "domain-search",
}  # fmt: skip
_SCRIPT = HERE / "lease.sh"


def join(lab: Lab, cast: Cast, device: Device) -> Host:
    """Open a device's namespaces, connect it and see that it has its address."""
    host = lab.host(device.name, device.hostname, ipv6=device.ipv6)
    if device.behind:
        _behind(lab, lab.hosts[device.behind], device, host)
    else:
        lab.plug(host, device.mac)
    for target, source in device.files.items():
        host.run(f"mount -t tmpfs none {target.rsplit('/', 1)[0]} && cp {HERE / source} {target}")
    if device.certificate:
        self_signed(host.work, device.certificate)
    if device.dhcp:
        _lease(host, device, device.dhcp)
    elif not device.behind:
        _by_hand(host, cast, device)
    if device.router:
        host.run("ip link add lan type bridge && ip link set lan up && ip addr add 192.168.77.1/24 dev lan")
        host.run("sysctl -qw net.ipv4.ip_forward=1")
    for route in device.routes:
        host.run(f"ip route add {route}")
    return host


def start(host: Host, device: Device) -> None:
    """Start what stays."""
    for command in device.serve:
        host.serve(fill(command, host, device))


def fill(command: str, host: Host, device: Device) -> str:
    """Put the places into a command of clinic.toml."""
    for key, value in (("python", sys.executable), ("here", HERE), ("work", host.work), ("mac", device.mac)):
        command = command.replace(f"{{{key}}}", str(value))
    return command


def _by_hand(host: Host, cast: Cast, device: Device) -> None:
    host.run(f"ip addr add {device.address}/24 brd + dev eth0")
    if device.address != cast.clinic["gateway"]:
        host.run(f"ip route add default via {cast.clinic['gateway']}")
        host.run(f"echo nameserver {cast.clinic['gateway']} > /etc/resolv.conf")


def _behind(lab: Lab, router: Host, device: Device, host: Host) -> None:
    port = f"lan{device.address.rsplit('.', 1)[1]}"
    lab.cable(router, port, host, "eth0", (f"02:00:5e:00:77:{int(port[3:]):02x}", device.mac))
    router.run(f"ip link set {port} master lan")
    host.run(f"ip addr add {device.address}/24 brd + dev eth0 && ip route add default via 192.168.77.1")
    host.run("echo nameserver 192.168.10.1 > /etc/resolv.conf")


def _lease(host: Host, device: Device, lease: Lease) -> None:
    ask = {"udhcpc": _udhcpc, "dhclient": _dhclient, "dhcpcd": _dhcpcd}[lease.program]
    ask(host, device, lease)
    for _ in range(150):
        if not host.act(f"ip -4 addr show dev eth0 | grep -q {device.address}/", 5):
            return
        time.sleep(0.1)
    raise TimeoutError(f"{device.name}: no lease by {lease.program}; see {host.work}")


def _udhcpc(host: Host, device: Device, lease: Lease) -> None:
    wanted = " ".join(f"-O {number}" for number in lease.parameters)
    told = host.act(
        f"busybox udhcpc -i eth0 -n -q -f -s {_SCRIPT} -x hostname:{device.hostname} "
        f"-V '{lease.vendor_class}' -o {wanted}",
        15,
    )
    if told:
        raise RuntimeError(told)


def _dhclient(host: Host, device: Device, lease: Lease) -> None:
    lines = [f"option o{n} code {n} = string;" for n in lease.parameters if n not in _DHCLIENT_NAMES]
    names = [_DHCLIENT_NAMES.get(n, f"o{n}") for n in lease.parameters]
    lines += [f'send host-name "{device.hostname}";', f"request {', '.join(names)};", "initial-interval 2;"]
    if lease.vendor_class:
        lines.append(f'send vendor-class-identifier "{lease.vendor_class}";')
    if lease.fqdn:
        lines.append(f'send fqdn.fqdn "{lease.fqdn}"; send fqdn.encoded on; send fqdn.server-update off;')
    if lease.max_size:
        lines.append(f"send dhcp-max-message-size {lease.max_size};")
    config = host.work / "dhclient.conf"
    config.write_text("\n".join(lines) + "\n")
    host.serve(
        f"exec dhclient -4 -d -1 -cf {config} -sf {_SCRIPT} -lf {host.work}/leases -pf {host.work}/pid eth0"
    )
    if lease.v6:
        _dhclient6(host, lease)


def _dhclient6(host: Host, lease: Lease) -> None:
    text = ":".join(f"{byte:02x}" for byte in lease.vendor_class.encode())
    config = host.work / "dhclient6.conf"
    config.write_text(
        # RFC 8415, 21.16: enterprise number, then length and text of each class.
        "option dhcp6.vendor-class code 16 = string;\n"
        f"send dhcp6.vendor-class 00:00:01:37:00:{len(lease.vendor_class):02x}:{text};\n"
        f'send fqdn.fqdn "{lease.fqdn}";\nrequest dhcp6.name-servers, dhcp6.domain-search, dhcp6.fqdn;\n'
    )
    host.serve(
        f"sleep 3; exec dhclient -6 -d -1 -cf {config} -sf {_SCRIPT} "
        f"-lf {host.work}/leases6 -pf {host.work}/pid6 eth0"
    )


def _dhcpcd(host: Host, device: Device, lease: Lease) -> None:
    config = host.work / "dhcpcd.conf"
    config.write_text(
        f"hostname {device.hostname}\nvendorclassid {lease.vendor_class}\nclientid\nnodhcp6\n"
        f"option {','.join(map(str, lease.parameters))}\n"
    )
    host.serve(f"mkdir -p /var/lib/dhcpcd; exec dhcpcd -B -f {config} eth0")
