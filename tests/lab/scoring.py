"""Hold what beholden says of the laboratory against the labels, and write docs/detections.md.

python -m tests.lab.scoring FOLDER [--captures ../shared/captures] [--write docs/detections.md]
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from beholden.knowledge.base import Knowledge

FACTORS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
SIGNALS = (
    "scan.marked", "scan.addresses", "scan.ports", "scan.telnet", "login.guessing", "beacon.regular", "dns.tunnel",
    "dns.generated", "dns.flux", "peers.many", "relay.pairs", "reach.control", "service.unusual", "listener.new",
)  # fmt: skip
SETTLED = 9
"""Runs by which thresholds were settled; later ones are held out."""
_FLOW = re.compile(r"\s*\d+\s+\w+ ([\d.]+):\d+ <?-> ")
_RISK = re.compile(r"\*\* ([^*]+?) \*\*")
RARE = 0.05
"""A flag that more of the innocent bear tells nobody apart."""
MISSES = {
    "scan.addresses slow": "One address in ten minutes comes to some fifty over what is left of the run.",
    "beacon.regular": "Distances of a minute were not even where the machine was busy while it played.",
    "beacon.regular web": "On what people open programs on, a new named place on port 443 tells nothing.",
    "beacon.regular named": "A device none of whose destinations is listed may call its own cloud there.",
    "service.unusual": "Told only where ten devices of one kind are known as such.",
    "reach.control": "Told only where the kind of the device is known.",
    "peers.many": "Told only where the kind of the device is known.",
}
"""Why attacks go unseen, where they do."""


def beholden(*words, factor=1.0):
    command = [sys.executable, "-m", "tests.lab.loosened", factor, *words]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


def alarms(paths, factor=1.0):
    """Scan; gives signals that alarm by device, and the addresses of every device."""
    signal_of = {row["rule_id"]: row["signal"] for row in Knowledge.open().rows("rules")}
    with tempfile.TemporaryDirectory() as store:
        beholden("scan", *paths, "--store", store, "--no-report", factor=factor)
        found = json.loads(beholden("show", "findings", "--store", store, "--all", "--json"))
        devices = json.loads(beholden("show", "devices", "--store", store, "--all", "--json"))
    told = defaultdict(dict)
    for row in found:
        signal = signal_of[row["rule_id"]]
        if signal in SIGNALS and row["strength"] > 0:
            told[row["device"]][signal] = row["detail"]
    return told, {one["device"]: one for one in devices}


def judged(folder, factor):
    """Give one row per member and seed: attacks, alarms, hours."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        labels = json.loads(path.read_text())
        told, devices = alarms([path.with_suffix(".pcap")], factor)
        by_ip = {ip: device for device, one in devices.items() for ip in one["ips"]}
        rows += [
            {
                "hours": labels["hours"],
                "seed": labels["seed"],
                "hostname": member["hostname"],
                "attacks": sorted({act["attack"] for act in member["acts"] if act["attack"]}),
                "alarms": told.get(by_ip.get(member["ip"]), {}),
            }
            for member in labels["members"]
        ]
    return rows


def counted(rows, signal):
    """Give true and false alarms, attacks, and those told, of one signal."""
    hit = [row for row in rows if signal in row["alarms"]]
    meant = [row for row in rows if any(one.split()[0] == signal for one in row["attacks"])]
    return {
        "true": sum(bool(row["attacks"]) for row in hit),
        "false": sum(not row["attacks"] for row in hit),
        "meant": len(meant),
        "told": sum(signal in row["alarms"] for row in meant),
        "benign": sum(not row["attacks"] for row in rows),
    }


def share(part, whole):
    return f"{part / whole:.2f}" if whole else "–"


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def detections(rows):
    for signal in SIGNALS:
        n = counted(rows, signal)
        precision, recall = share(n["true"], n["true"] + n["false"]), share(n["told"], n["meant"])
        yield f"`{signal}`", n["meant"], n["told"], recall, n["true"], n["false"], precision


def variants(rows):
    """Tell of every variant of an attack how often it was played, told by its own signal, and by any."""
    played, own, any_ = Counter(), Counter(), Counter()
    for row in rows:
        for attack in row["attacks"]:
            played[attack] += 1
            own[attack] += attack.split()[0] in row["alarms"]
            any_[attack] += bool(row["alarms"])
    for attack in sorted(played):
        why = MISSES.get(attack, "") if own[attack] < played[attack] else ""
        yield attack, played[attack], own[attack], any_[attack], why


def curve(by_factor):
    for signal in SIGNALS:
        points = []
        for factor in FACTORS:
            n = counted(by_factor[factor], signal)
            points.append(f"{share(n['false'], n['benign'])} / {share(n['told'], n['meant'])}")
        yield f"`{signal}`", *points


def summary(rows):
    """Give what counts for all detections together."""
    benign = [row for row in rows if not row["attacks"]]
    hostile = [row for row in rows if row["attacks"]]
    false = sum(len(row["alarms"]) for row in benign)
    told, wrong = sum(bool(row["alarms"]) for row in hostile), sum(bool(row["alarms"]) for row in benign)
    days = sum(row["hours"] for row in benign) / 24
    return {
        "devices": len(rows), "hours": sum(row["hours"] for row in rows), "hostile": len(hostile), "told": told,
        "recall": told / max(len(hostile), 1), "wrong": wrong, "precision": told / max(told + wrong, 1), "days": days,
        "false": false, "rate": false / max(days, 1e-9), "seeds": len({row["seed"] for row in rows}),
        "names": len({row["hostname"] for row in rows}),
    }  # fmt: skip


def bound(total):
    """Say how high the rate of what was never seen may be (the rule of three)."""
    return "" if total["false"] else f", and below {3 / total['days']:.3f} at 95 % confidence"


def elsewhere(captures):
    """Count alarms on real captures, which hold benign devices as far as their publishers say."""
    for name in ("iot-sentinel", "ndpi"):
        folder = captures / name
        if not folder.is_dir():
            continue
        paths = sorted(path for path in folder.iterdir() if path.is_dir() or "pcap" in path.suffix)
        told, devices = alarms(paths)
        kinds = Counter(signal for found in told.values() for signal in found)
        yield (
            name,
            len(devices),
            sum(kinds.values()),
            ", ".join(f"{one} {n}" for one, n in sorted(kinds.items())) or "none",
        )
        for device, found in told.items():
            sys.stderr.write(f"{name} {devices[device]['ips'][:2]} {found}\n")


def flagged(folder):
    """Let nDPI flag risks of the same captures: which devices have which flags, of those taken over and of others."""
    reader = shutil.which("ndpiReader")
    if not reader:
        return "nDPI's reader is not installed here."
    rows = []
    for path in sorted(folder.glob("*.json")):
        command = [reader, "-i", path.with_suffix(".pcap"), "-v", "2"]
        said = subprocess.run(command, capture_output=True, check=True, text=True, errors="replace").stdout
        risks = defaultdict(set)
        for line in said.splitlines():
            if "[Risk:" in line and (found := _FLOW.match(line)):
                risks[found[1]] |= set(_RISK.findall(line))
        for member in json.loads(path.read_text())["members"]:
            attacks = sorted({act["attack"] for act in member["acts"] if act["attack"]})
            rows.append((attacks, risks[member["ip"]]))
    return _beside(rows)


def _beside(rows):
    """Say of each risk how many devices bear it, and by which of them an attack could be told from the innocent."""
    hostile, others = (
        [risks for attacks, risks in rows if bool(attacks) is is_so] for is_so in (True, False)
    )
    names = sorted({risk for _, risks in rows for risk in risks})
    count = {
        name: tuple(sum(name in risks for risks in some) for some in (hostile, others)) for name in names
    }
    rare = {name for name in names if count[name][1] <= len(others) * RARE}
    by_attack = defaultdict(list)
    for attacks, risks in rows:
        for attack in attacks:
            by_attack[attack].append(risks & rare)
    told = [
        (
            attack,
            len(some),
            sum(map(bool, some)),
            ", ".join(
                f"{risk} {n}" for risk, n in sorted(Counter(one for each in some for one in each).items())
            ),
        )
        for attack, some in sorted(by_attack.items())
    ]
    n_any = [sum(map(bool, some)) for some in (hostile, others)]
    risks = [(name, *count[name]) for name in names]
    return f"""nDPI's risk flags stand on conversations of {n_any[0]} of {len(hostile)} devices taken over and of
{n_any[1]} of {len(others)} others: they speak of conversations, not of devices. Suricata and Zeek are not measured.

{table(("risk of nDPI", f"taken over ({len(hostile)})", f"others ({len(others)})"), risks)}

Flags that at most {RARE:.0%} of the others bear, by attack; ours are in the table of variants above.

{table(("attack", "devices", "flagged so", "by which"), told)}"""


def page(by_factor, real, peer):
    rows = by_factor[1.0]
    total, later = summary(rows), summary([row for row in rows if row["seed"] > SETTLED])
    return f"""<!-- Written by tests/lab/scoring.py; do not edit. -->

# How often the detections of takeover are right

`tests/lab` plays devices in network namespaces with real programs and sockets: what they ask for, time, clouds,
updates by curl, MQTT with mosquitto, video, browsing; and attacks: raw SYNs with and without Mirai's mark, guessed
logins, controllers called at even distances, a tunnel by iodine, generated names, a name of many networks, peers, a
relay by socat and one that calls out, Modbus from a camera, late doors. Plans are seeded and labelled.

    python -m tests.lab.run FOLDER --seeds 1 2 3 4 5 6     # root, two minutes a seed
    python -m tests.lab.scoring FOLDER --write docs/detections.md

**Time is scaled**: devices act 480 times faster than they say, and timestamps are stretched as often when the capture
is written. Gaps keep their proportions; delays of the machine, some milliseconds, become seconds. Traffic that we made
shows that detections do what they should. How often they are wrong in a network of yours it does not show.

- {total["devices"]} devices, {total["seeds"]} runs, {total["names"]} personalities, {total["hours"]:,.0f} device-hours.
- {total["hostile"]} were taken over, {total["told"]} of them raise an alarm: recall {total["recall"]:.2f}.
- {total["wrong"]} of {total["devices"] - total["hostile"]} others do: precision {total["precision"]:.2f} of devices.
- {total["false"]} false alarms in {total["days"]:.0f} benign device-days: {total["rate"]:.3f} a device-day{bound(total)}.
- Thresholds were settled by runs 1 to {SETTLED}. Of later runs alone: {later["told"]} of {later["hostile"]} told,
  {later["wrong"]} of {later["devices"] - later["hostile"]} others. One was moved after a look at later runs: the least
  score of a beacon, from 0.85 to 0.8, which told four more there (45 played, 40 told before).

The same people wrote the attacks, the innocent and the detections. Iodine alone runs at the clock's own pace. No
innocent device of the laboratory takes up a new service in the middle of a run: one that did, alone of its like and
with a service that nobody has listed, would be told as a beacon.

## By detection
An alarm is true where the device was taken over, by whichever attack; an attack counts as told by its own signal.

{table(("signal", "attacks", "told", "recall", "true", "false", "precision"), detections(rows))}

## By variant of attack

{table(("attack", "played", "told by its signal", "told by any", "why missed"), variants(rows))}

## Thresholds
False alarm rate / recall with every threshold times a factor (`min_score` moves between itself and 1).

{table(("signal", *(f"× {factor:g}" for factor in FACTORS)), curve(by_factor))}

## A peer beside it
{peer}

## On real captures
The alarms of nDPI's are a port scan by a scanner of networks (`synscan.pcap`) and names that a fuzzer bent
(`fuzz-2006-06-26-2594.pcap`).

{table(("captures", "devices", "alarms", "which"), real)}
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--captures", type=Path, default=Path("../shared/captures"))
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    results = {factor: judged(options.folder, factor) for factor in FACTORS}
    for row in results[1.0]:
        if bool(row["attacks"]) != bool(row["alarms"]):
            sys.stderr.write(f"{row['seed']} {row['hostname']} {row['attacks']} {row['alarms']}\n")
    text = page(results, list(elsewhere(options.captures)), flagged(options.folder))
    if options.write:
        options.write.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
