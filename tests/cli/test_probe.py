"""`probe` against real servers in namespaces; without a user's word it sends nothing."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from tests.ingest.live.namespaces import REASON, are_permitted, run

from beholden.engine.store import Store

PROGRAM = Path(sys.executable).with_name("beholden")
SERVERS = ("snmpd", "avahi-daemon", "minidlnad", "openssl")
CONFIGURED = {
    "snmpd.conf": "agentaddress udp:192.168.77.2:161\nrocommunity public\nsysDescr A probed unit\n",
    "avahi.conf": "[server]\nhost-name=probed\nenable-dbus=no\nuse-ipv6=no\n[publish]\npublish-workstation=yes\n",
    "dlna.conf": "network_interface=v1\nmedia_dir={0}\ndb_dir={0}\nlog_dir={0}\nfriendly_name=Probed\nport=8200\n",
}
NETWORK = """
cd {0}
unshare --net sleep 100 & other=$!
inside="nsenter -t $other --net"
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.1; done
ip link set v1 netns $other
ip addr add 192.168.77.1/24 dev v0; ip route add default dev v0
$inside sh -c "ip link set lo up; ip addr add 192.168.77.2/24 dev v1; ip link set v1 up; ip route add default dev v1"
openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj "/O=Probe Test/CN=probed.example" 2>/dev/null
$inside snmpd -f -C -c snmpd.conf -Lf snmpd.log &
own="mkdir -p /run/avahi-daemon; mount -t tmpfs none /run/avahi-daemon"  # one that was killed leaves its number there
avahi="exec avahi-daemon --no-drop-root --no-chroot --no-rlimits --no-proc-title -f avahi.conf"
$inside unshare --mount sh -c "$own; $avahi" >avahi.log 2>&1 &
$inside minidlnad -d -f dlna.conf -P {0}/m.pid >/dev/null 2>&1 &
$inside openssl s_server -accept 443 -key k.pem -cert c.pem -quiet >/dev/null 2>&1 &
$inside {1} -m http.server 80 >/dev/null 2>&1 &
for _ in $(seq 100)
do [ "$($inside ss -Htuln | grep -cE ':(161|443|80|1900|5353) ')" -ge 5 ] && grep -q complete avahi.log && break
sleep 0.1; done
sleep 2
{2} probe 192.168.77.2 192.168.77.9 239.255.255.250 --i-am-allowed --wait 2 --json --store store
"""


def test_nothing_is_sent_without_a_word(beholden, tmp_path):
    for words in (["127.0.0.1"], ["8.8.8.8", "--i-am-allowed"], ["::ffff:8.8.8.8", "--i-am-allowed"]):
        done = beholden.run("probe", *words, "--store", tmp_path / "store")
        assert (done.returncode, done.stdout) == (2, "")
    assert "--public" in done.stderr
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["10.0.0.0/8"], 1, "more than 1,024"),
        (["10.0.0.0/22", "--most", "1023"], 1, "more than 1,023"),
        (["camera.local"], 1, "such as"),
        (["127.0.0.1", "--only", "ssdp,colour"], 2, "--only 'colour'"),
    ],
)
def test_what_cannot_be_asked_is_one_line(beholden, tmp_path, words, code, says):
    done = beholden.run("probe", *words, "--i-am-allowed", "--store", tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr


def test_nobody_there_is_no_scan(beholden, tmp_path):
    words = ("probe", "127.0.0.9", "--only", "enip,dhip", "--wait", "0.2", "--i-am-allowed")
    told = beholden.json(*words, "--store", tmp_path)
    assert (told["sent"], told["answers"], told["scan"]) == (2, 0, None)
    assert len(Path(told["log"]).read_text().splitlines()) == 2


@pytest.mark.usefixtures("beholden")
@pytest.mark.skipif(not are_permitted(), reason=REASON)
@pytest.mark.skipif(not all(map(shutil.which, SERVERS)), reason=f"not all installed: {', '.join(SERVERS)}")
def test_real_servers_answer_and_are_scanned(tmp_path):
    for name, text in CONFIGURED.items():
        (tmp_path / name).write_text(text.format(tmp_path))
    done = run(NETWORK.format(tmp_path, sys.executable, PROGRAM))
    told = json.loads(done.stdout)
    assert told["addresses"] == ["192.168.77.2"]
    log = [json.loads(line) for line in (tmp_path / told["log"]).read_text().splitlines()]
    assert sum(row["error"] is None for row in log) == told["sent"]
    assert {row["target"] for row in log} == {"192.168.77.2", "192.168.77.9", "239.255.255.250"}
    store = Store(tmp_path / "store")
    rows = store.read(told["scan"]["scan"], "observations").to_pylist()
    flows = store.read(told["scan"]["scan"], "flows").to_pylist()
    store.close()
    said = {(row["property"], row["value"]) for row in rows}
    assert {"ssdp.server", "ssdp.usn", "http.server"} <= {name for name, _ in said}
    assert any(name.startswith("tls.") and "Probe Test" in value for name, value in said)
    assert any("_workstation" in value for name, value in said if name.startswith("mdns."))
    ports = {row["server_port"] for row in flows if row["server_ip"] == "192.168.77.2"}
    assert ports >= {80, 161, 443, 1900, 5353}
    assert all(row["mac"] or row["subject_kind"] == "mac" for row in rows), (
        "the table of neighbours knew them"
    )
