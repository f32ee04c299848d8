"""What a run needs, made when it is first needed and kept for the next run: spools, the compiled
floor, other programs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.benchmarks.generate import generate

HERE = Path(__file__).parent
WRONG_SIZES = 5_000
PEER = "mail-deduplicate==9.4.0"


@dataclass(frozen=True)
class Setting:
    """`cache`: where everything is kept. `given`: a spool to be used instead of a generated one;
    it is only read. `small`: the generated one has small messages."""

    cache: Path
    messages: int
    given: Path | None = None
    small: bool = False

    @cached_property
    def spool(self) -> Path:
        """The spool most is measured on; it is not changed."""
        return self.given or self._generated(self.messages, small=self.small)

    @cached_property
    def tenth(self) -> Path:
        """A spool of a tenth of the messages."""
        return self._generated(self.messages // 10)

    @cached_property
    def large(self) -> Path:
        """A spool of nine times as many messages, small ones: 3,500,000 for 385,000."""
        return self._generated(round(self.messages * 3_500 / 385), small=True)

    @cached_property
    def repaired(self) -> Path:
        """The spool that is repaired, and taken back to what it was, again and again."""
        return self._generated(self.messages, wrong_sizes=min(WRONG_SIZES, self.messages // 8))

    @cached_property
    def floor(self) -> Path:
        """The compiled floor."""
        target = self.cache / "floor"
        self.cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-o", target, HERE / "floor.c"], check=True)
        return target

    @property
    def peers(self) -> Path:
        """The virtual environment of the other programs."""
        return self.cache / "peers"

    @cached_property
    def mdedup(self) -> Path:
        """mail-deduplicate's command, in a virtual environment of its own."""
        command = self.peers / "bin" / "mdedup"
        if not command.exists():
            print(f"installing {PEER}", file=sys.stderr)
            venv.create(self.peers, with_pip=True, clear=True)
            pip = [self.peers / "bin" / "python", "-m", "pip", "install", "--quiet", PEER]
            subprocess.run(pip, check=True)
        return command

    def own(self, name: str, *, fresh: bool = False) -> dict[str, str]:
        """The environment of a run that keeps its index and journal apart, under `name`."""
        place = self.cache / "work" / name
        if fresh:
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, exist_ok=True)
        return {
            "XDG_CACHE_HOME": str(place / "cache"),
            "XDG_STATE_HOME": str(place / "state"),
        }

    def output(self, name: str) -> Path:
        """Where the output of a run goes."""
        place = self.cache / "work"
        place.mkdir(parents=True, exist_ok=True)
        return place / f"{name}.out"

    def _generated(
        self, messages: int, *, small: bool = False, wrong_sizes: int | None = None
    ) -> Path:
        kind = "-small" if small else "" if wrong_sizes is None else f"-{wrong_sizes}-wrong-sizes"
        target = self.cache / "spools" / f"{messages}{kind}"
        truth = target.with_name(target.name + ".truth.json")
        changed = _mark(target)
        if truth.exists() and target.exists() and not changed.exists():
            return target
        shutil.rmtree(target, ignore_errors=True)  # one that was not finished
        print(f"generating {target}", file=sys.stderr)
        generate(target, messages, small=small, jobs=os.cpu_count() or 1, wrong_sizes=wrong_sizes)
        changed.unlink(missing_ok=True)
        return target

    def begun(self, spool: Path) -> Path:
        """Marks a spool as being changed; it is made anew unless the mark is taken away."""
        mark = _mark(spool)
        mark.touch()
        return mark

    def size(self) -> str:
        """What the main spool holds, in words; counted in its truth where it has one."""
        truth = self.spool.with_name(self.spool.name + ".truth.json")
        if not truth.exists():
            return f"{self.spool}, a spool of your own"
        found = json.loads(truth.read_text())
        total = sum(
            os.lstat(os.path.join(place, name)).st_size
            for place, _, names in os.walk(self.spool)
            for name in names
        )
        return f"{found['messages']:,} messages, {total:,} bytes, {found['folders']} folders"


def _mark(spool: Path) -> Path:
    return spool.with_name(spool.name + ".changed")
