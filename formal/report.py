"""What was proven: the table, docs/formal.md and docs/formal.json."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from formal.runs import BROKEN, PATHS, ROOT, Outcome
from formal.spec import Kind, Property, Spec, claims

PAGE = ROOT / "docs" / "formal.md"
DATA = ROOT / "docs" / "formal.json"
BEGIN = "<!-- written by make formal -->\n"
END = "<!-- until here -->\n"


@dataclass(frozen=True)
class Row:
    """What is known of a property after its runs.

    Parameters
    ----------
    block, name, sentence, kind : str
        The property.
    unbounded : bool
        Holds in every cycle of every run, not just in the first `depth` ones.
    method : str
        How it was proven.
    depth : int
        Cycles, where bounded; 0 otherwise.
    why : str
        What the bound covers.
    engine : str
        What proved it.
    sizes : str
        Build-time parameters of the proof.
    seconds : float
        Processor time of the run that proves it, which may prove others as well.
    broken_designs : int
        Designs, broken on purpose, of which it was shown that this very property fails.
    result : str
        proven, or what went wrong.
    """

    block: str
    name: str
    sentence: str
    kind: str
    unbounded: bool
    method: str
    depth: int
    why: str
    engine: str
    sizes: str
    seconds: float
    broken_designs: int
    result: str


def make_rows(spec: Spec, outcomes: Iterable[Outcome]) -> list[Row]:
    """Return a row for each property of an elaborated harness whose proof was run."""
    by_task = {outcome.task.name: outcome for outcome in outcomes}
    return [_row(spec, one, by_task) for one in claims(spec.properties) if _proof(spec, one) in by_task]


def _proof(spec: Spec, one: Property) -> str:
    if one.cut:
        return PATHS
    return "prove" if spec.method.unbounded else "bmc"


def _row(spec: Spec, one: Property, by_task: dict[str, Outcome]) -> Row:
    method = spec.method
    proof = by_task[_proof(spec, one)]
    broken = [outcome for name, outcome in by_task.items() if name.startswith(f"{BROKEN}{one.name}_")]
    needed = [proof, *(by_task[name] for name in ("cover",) if name in by_task and not one.cut), *broken]
    problems = [f"{outcome.task.name}: {outcome.detail}" for outcome in needed if not outcome.passed]
    return Row(
        block=spec.block,
        name=one.name,
        sentence=one.sentence,
        kind=one.kind.value,
        unbounded=bool(one.cut) or method.unbounded,
        method="structure" if one.cut else method.how,
        depth=0 if one.cut or method.unbounded else method.depth,
        why="" if one.cut or method.unbounded else method.why,
        engine="yosys select" if one.cut else method.engine,
        sizes=spec.sizes,
        seconds=round(proof.seconds, 1),
        broken_designs=sum(outcome.passed for outcome in broken),
        result="; ".join(problems) or "proven",
    )


def without_bite(rows: Sequence[Row]) -> list[str]:
    """Return the contracts that were not shown to bite: no broken design, in no harness, fails them."""
    bitten = {(row.block, row.name) for row in rows if row.broken_designs}
    contracts = dict.fromkeys((row.block, row.name) for row in rows if row.kind == Kind.CONTRACT)
    return [f"{block}: {name} has no broken design" for block, name in contracts if (block, name) not in bitten]


def summary(rows: Sequence[Row]) -> str:
    """Return the figures in one sentence."""
    proven = [row for row in rows if row.result == "proven"]
    unbounded = sum(row.unbounded for row in proven)
    broken = sum(row.broken_designs for row in rows)
    return (
        f"{len(proven)} of {len(rows)} properties of {len({row.block for row in rows})} blocks proven, "
        f"{unbounded} of them unbounded; {broken} broken designs found out."
    )


def print_table(rows: Sequence[Row], console: Console) -> None:
    """Print a line for each property."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("block", "property", "kind", "method", "seconds", "broken", "result"):
        table.add_column(heading, justify="right" if heading in ("seconds", "broken") else "left", overflow="fold")
    for row in rows:
        method = row.method if row.unbounded else f"{row.method}, {row.depth} cycles"
        style = None if row.result == "proven" else "bold red"
        cells = (row.block, row.name, row.kind, method, f"{row.seconds:.1f}", str(row.broken_designs), row.result)
        table.add_row(*cells, style=style)
    console.print(table)


def with_earlier(rows: Sequence[Row], data: Path = DATA) -> list[Row]:
    """Return the rows together with those of blocks that were not run, as the data file has them."""
    run = {row.block for row in rows}
    earlier = json.loads(data.read_text())["properties"] if data.exists() else []
    return sorted([*rows, *(Row(**row) for row in earlier if row["block"] not in run)], key=lambda row: row.block)


def write(rows: Sequence[Row], page: Path = PAGE, data: Path = DATA) -> None:
    """Write the data, and the tables into the page; what is outside the two markers stays."""
    data.write_text(
        json.dumps({"summary": summary(rows), "properties": [asdict(row) for row in rows]}, indent=1) + "\n"
    )
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{page} must have one line {BEGIN.strip()!r} and one line {END.strip()!r}")
    before, rest = text.split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{_tables(rows)}\n{END}{rest.split(END)[1]}")


def _tables(rows: Sequence[Row]) -> str:
    lines = [summary(rows)]
    for block in dict.fromkeys(row.block for row in rows):
        lines += ["", f"### {block}", "", "| property | what it says | kind | proof | broken | s |"]
        lines.append("| --- | --- | --- | --- | --- | --- |")
        for row in (row for row in rows if row.block == block):
            cells = (row.name, row.sentence, row.kind, _proof_text(row), str(row.broken_designs), f"{row.seconds:.1f}")
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _proof_text(row: Row) -> str:
    extent = "unbounded" if row.unbounded else f"bounded, {row.depth} cycles: {row.why}"
    sizes = f" at {row.sizes}" if row.sizes else ""
    result = "" if row.result == "proven" else f"; **{row.result}**"
    return f"{extent} ({row.method}, {row.engine}){sizes}{result}"
