"""A network namespace with a pair of virtual interfaces, where that is permitted."""

import shutil
import subprocess

NAMESPACE = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
PAIR = (
    "sysctl -qw net.ipv6.conf.default.disable_ipv6=1; "  # else the interfaces speak of themselves
    "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip link set lo up"
)
REASON = "network namespaces with virtual interfaces are not permitted here"


def are_permitted():
    """Try it."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return subprocess.run([*NAMESPACE, "sh", "-c", PAIR], capture_output=True, check=False).returncode == 0


def run(script):
    """Run a shell script in such a namespace; give what it came to."""
    words = [*NAMESPACE, "sh", "-c", f"{PAIR} && {script}"]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
