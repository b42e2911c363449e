"""Compiler launcher that keeps the objects of Verilator's own library: the same in every build, and 80 % of it.

Verilator's makefiles begin each compiler command with `$(OBJCACHE)`, which is meant for such programs. Called as
`object_cache.py FOLDER COMPILER ARGUMENT...`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path


def main(folder: Path, command: list[str]) -> int:
    """Run the compiler, or copy what it made of the same file with the same arguments before."""
    source = Path(command[-1])
    if not source.name.startswith("verilated") or "-o" not in command:
        return subprocess.call(command)
    key = hashlib.sha256(repr((command, source.stat().st_mtime_ns)).encode()).hexdigest()[:16]
    kept = folder / f"{source.stem}-{key}.o"
    target = Path(command[command.index("-o") + 1])
    if kept.exists():
        shutil.copyfile(kept, target)
        return 0
    status = subprocess.call(command)
    if status == 0:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(target, scratch)
        scratch.replace(kept)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
