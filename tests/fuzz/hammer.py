"""Two processes hammer one lake for some minutes with every command; nothing may be lost, doubled or left half done.

    python -m tests.fuzz.hammer --minutes 5

Each adds files of its own to one source that both share and to one of its own, filters, deduplicates, exports and
vacuums, in random order; now and then a command is killed. A command ends with 0, or with 2 and one line where a stage
is out of date. In the end every line of every file whose ingest ended well is one document, and the lake comes to the same as
one that a single process makes of the same files.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pomona
from corpus.lake import Lake
from pomona import standing
from pomona.stages import decided
from tests.pomona.corpora import PROSE

LINES = 40  # of a file


def pomona_(lake: Path, *arguments: str, kill_after: float | None = None) -> tuple[int, str]:
    command = [sys.executable, "-m", "pomona", *arguments, "--lake", str(lake)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
    return process.wait(), process.communicate()[1]


class Hammer(threading.Thread):
    """One of the two processes: runs commands one after the other."""

    def __init__(self, name: str, folder: Path, until: float, seed: int) -> None:
        super().__init__()
        self.name, self.folder, self.until, self.draw = name, folder, until, random.Random(seed)
        self.files: dict[str, list[Path]] = {"shared": [], name: []}  # whose ingest ended well, by source
        self.ended, self.faults = Counter[str](), list[str]()

    def run(self) -> None:
        while time.monotonic() < self.until:
            self.once(self.draw.choice(["ingest"] * 3 + ["filter", "dedup", "export", "signals", "kill", "vacuum"]))

    def once(self, what: str) -> None:
        lake = self.folder / "lake"
        if what in ("ingest", "kill"):
            source = self.draw.choice(["shared", self.name])
            path = self.folder / f"{self.name}-{self.draw.getrandbits(40):010x}.jsonl"
            path.write_text("".join(json.dumps({"text": f"{path.stem} {i}. {PROSE}"}) + "\n" for i in range(LINES)))
            after = self.draw.uniform(0.2, 2.5) if what == "kill" else None
            status, said = pomona_(lake, "ingest", str(path), "--source", source, kill_after=after)
            if status == 0:
                self.files[source].append(path)
            elif status != -signal.SIGKILL:
                self.faults.append(f"{what}: {status}: {said[-300:]}")
            elif path not in self.files[source]:  # a killed one is done again, as its user would
                status, said = pomona_(lake, "ingest", str(path), "--source", source)
                self.files[source] += [path] if status == 0 else []
            self.ended[f"{what} {status}"] += 1
            return
        arguments = {
            "filter": ["filter", "--rules", f"gopher_quality,gopher_quality.min_words={self.draw.randint(5, 60)}"],
            "dedup": ["dedup"], "signals": ["signals"], "vacuum": ["lake", "--vacuum"],
            "export": ["export", "--out", str(self.folder / f"{self.name}.jsonl")],
        }[what]  # fmt: skip
        status, said = pomona_(lake, *arguments)
        self.ended[f"{what} {status}"] += 1
        allowed = (
            "out of date", "nothing to work on", "no kept document", "there is no lake", "changed", "is being written by",
        )  # fmt: skip
        if status not in (0, 2) or (status == 2 and not any(words in said for words in allowed)) or "Traceback" in said:
            self.faults.append(f"{what}: {status}: {said[-400:]}")


def check(folder: Path, files: dict[str, list[Path]]) -> list[str]:
    lake = Lake(folder / "lake")
    faults = []
    rows = lake.scan("documents").select("id", "source", "text").collect()
    if rows["id"].n_unique() != rows.height:
        faults.append("ids repeat")
    for source, paths in files.items():
        want = Counter(f"{path.stem} {i}." for path in paths for i in range(LINES))
        came = Counter(" ".join(text.split(" ")[:2]) for text in rows.filter(source=source)["text"])
        if came != want:
            faults.append(f"source {source}: {(want - came).total()} lost, {(came - want).total()} too many")
    slots = decided(lake)
    if slots and not standing.out_of_date(lake):  # then nobody is undecided: before any command mends it
        left = standing.undecided(lake, slots[-1]).collect().height
        faults += [f"{left} documents are undecided, and nothing is out of date"] if left else []
    for arguments in (["filter"], ["dedup"], ["export", "--out", str(folder / "end.jsonl")]):
        status, said = pomona_(folder / "lake", *arguments)
        if status:
            faults.append(f"{arguments}: {said[-300:]}")
    alone = folder / "alone"
    for source, paths in files.items():
        if paths:
            pomona_(alone, "ingest", *map(str, paths), "--source", source)
    pomona_(alone, "filter")
    pomona_(alone, "dedup")
    here, there = (pomona.kept(one).select("id", "text").sort("id").collect() for one in (folder / "lake", alone))
    if here.height != there.height:
        faults.append(f"{here.height} kept, {there.height} by one process alone")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        until = time.monotonic() + 60 * arguments.minutes
        hammers = [Hammer(name, Path(folder), until, arguments.seed + i) for i, name in enumerate("ab")]
        for hammer in hammers:
            hammer.start()
        for hammer in hammers:
            hammer.join()
        files: dict[str, list[Path]] = {}
        for hammer in hammers:
            for source, paths in hammer.files.items():
                files[source] = files.get(source, []) + paths
        faults = [fault for hammer in hammers for fault in hammer.faults] + check(Path(folder), files)
    print("commands, and how they ended:", dict(sorted((hammers[0].ended + hammers[1].ended).items())))
    print(f"files: { {source: len(paths) for source, paths in files.items()} }")
    print("\n".join(faults) or "nothing lost, nothing doubled")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
