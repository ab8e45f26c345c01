"""The native plane's readers of outside bytes, fuzzed by cargo-fuzz (which is libFuzzer) without a sanitizer.

They forbid unsafe code, so what fuzzing looks for is a panic, a flood, a leak or a standstill; that
needs no nightly compiler.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from media.rtp import read_header
from scripts.fuzzing.target import FOUND, HOUSE, targets

FUZZ: Final = HOUSE / "media" / "native" / "fuzz"
PREFIX: Final = "native-"
MEMORY_MB: Final = 1024
SIZE_MAX: Final = 1500


class NativeTarget(msgspec.Struct, frozen=True):
    """One program in media/native/fuzz/fuzz_targets/."""

    name: str

    def found(self) -> list[Path]:
        """The files of what was found so far."""
        return sorted(path for path in (FOUND / self.name).glob("*") if path.is_file())

    def seeds(self) -> list[bytes]:
        """The Python plane's seeds of the same name; for payloads, what its packets carry."""
        program, known = self.name.removeprefix(PREFIX), targets()
        if program in known:
            return list(known[program].seeds())
        headers = ((packet, read_header(packet)) for packet in known["rtp"].seeds())
        return [packet[header.size :] for packet, header in headers if header is not None]

    @contextlib.contextmanager
    def command(self, seconds: int) -> Iterator[list[str]]:
        """What fuzzes it for so long, from a corpus of its seeds and former finds."""
        (FOUND / self.name).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as corpus:
            for number, seed in enumerate([*self.seeds(), *(path.read_bytes() for path in self.found())]):
                (Path(corpus) / str(number)).write_bytes(seed)
            program = self.name.removeprefix(PREFIX)
            run = ["cargo", "fuzz", "run", "--sanitizer", "none", "--fuzz-dir", str(FUZZ), program, corpus, "--"]
            limits = [f"-max_total_time={seconds}", f"-max_len={SIZE_MAX}", f"-rss_limit_mb={MEMORY_MB}"]
            reports = ["-timeout=1", "-print_final_stats=1", "-verbosity=0"]
            yield [*run, *limits, *reports, f"-artifact_prefix={FOUND / self.name}/"]


def native_targets() -> dict[str, NativeTarget]:
    """Every program there, by name; none where cargo is missing."""
    if shutil.which("cargo") is None:
        return {}
    programs = sorted(path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs"))
    return {PREFIX + program: NativeTarget(PREFIX + program) for program in programs}
