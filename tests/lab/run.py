"""Run the laboratory: play a seeded plan in network namespaces, and keep the capture with its labels.

python -m tests.lab.run FOLDER --seeds 1 2 3 --hours 14 --speed 480

Needs root, tcpdump, dnsmasq, mosquitto, iodine, socat, curl. Time is scaled: devices act `speed` times faster
than they say, and timestamps are stretched as often when the capture is written. Nothing leaves the machine.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.lab import net
from tests.lab.acting import WEB, Stage
from tests.lab.cast import FLUX, plan, public
from tests.lab.stretching import stretch
from tests.lab.world import open_all, resolver


def names_of(members):
    """Give every name of a plan with its addresses; a name that is looked up and not there has none."""
    named = {act.what["name"] for one in members for act in one.acts if act.what.get("name")}
    known = {name: [public(name)] for name in (*sorted(named), *WEB) if "exfil" not in name}
    return known | {FLUX: [public(f"{FLUX}{n}") for n in range(12)]}


async def play(members, speed, seed):
    servers = await open_all(members)
    stage = Stage(members, speed, seed)
    begun = time.time()
    acts = [asyncio.create_task(stage.play(one, act)) for one in members for act in one.acts]
    ended = max(act.end for one in members for act in one.acts)
    await asyncio.wait(acts, timeout=ended / speed + 5)
    failed = [task.exception() for task in acts if task.done() and not task.cancelled() and task.exception()]
    for task in acts:
        task.cancel()
    for started in stage.programs:
        if isinstance(started, asyncio.subprocess.Process) and started.returncode is None:
            started.terminate()
            await started.wait()
        elif isinstance(started, asyncio.Server):
            started.close()
    for server in servers:
        server.close()
    return begun, failed


def record(folder, seed, hours, speed):
    """Play one plan; writes <seed>.pcap and <seed>.json."""
    members = plan(seed, hours)
    net.build(members)
    raw = folder / f"{seed}.raw"
    switch = ["ip", "netns", "exec", net.SWITCH]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen(resolver(folder, names_of(members)), **quiet),
        subprocess.Popen(["ip", "netns", "exec", net.WORLD, "mosquitto", "-c", str(broker(folder))], **quiet),
        subprocess.Popen(
            [*switch, "tcpdump", "-i", "br0", "-s", "700", "-B", "65536", "-U", "-w", str(raw)], **quiet
        ),
    ]
    time.sleep(1)
    try:
        begun, failed = asyncio.run(play(members, speed, seed))
    finally:
        for one in reversed(started):
            one.terminate()
            one.wait()
        net.demolish()
    n, _ = stretch(raw, folder / f"{seed}.pcap", speed, begun)
    raw.unlink()
    labels = {
        "seed": seed,
        "hours": hours,
        "speed": speed,
        "members": [asdict(one) | {"ip": one.ip} for one in members],
    }
    (folder / f"{seed}.json").write_text(json.dumps(labels, indent=1))
    sys.stdout.write(
        f"seed {seed}: {len(members)} devices, {hours} h each, {n} packets, {len(failed)} acts broke off {failed[:2]}"
    )


def broker(folder):
    path = folder / "mosquitto.conf"
    path.write_text("listener 1883 0.0.0.0\nallow_anonymous true\nuser root\npersistence false\n")
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--hours", type=float, default=14)
    parser.add_argument("--speed", type=float, default=480)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for each in options.seeds:
        record(options.folder, each, options.hours, options.speed)
