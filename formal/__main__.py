"""The command line: python -m formal."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from formal.report import DATA, PAGE, make_rows, print_table, summary, with_earlier, without_bite, write
from formal.runs import BROKEN, ROOT, Outcome, Task, list_blocks, load_specs, prepare, run
from formal.spec import Spec

app = typer.Typer(add_completion=False)


@app.command()
def main(
    blocks: Annotated[list[str] | None, typer.Argument(metavar="[BLOCK]...", help="Blocks; all if none.")] = None,
    *,
    fast: Annotated[bool, typer.Option(help="Only what takes a few minutes in all.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 2,
) -> None:
    """Prove the properties of the blocks, and show that broken designs fail them.

    Writes docs/formal.md and docs/formal.json, where the blocks that were not asked for keep their rows. Exits with 1
    if anything fails, stays unknown, or is vacuous.
    """
    console = Console()
    known = list_blocks()
    if unknown := sorted(set(blocks or ()) - set(known)):
        raise typer.BadParameter(f"no properties of {', '.join(unknown)}; there are some of {', '.join(known)}")
    harnesses = [spec for block in blocks or known for spec in load_specs(block)]
    tasks = {spec: select(spec, fast=fast) for spec in harnesses}
    outcomes = run_all([task for some in tasks.values() for task in some], jobs, console)
    rows = [row for spec in harnesses for row in make_rows(spec, outcomes[spec.block, spec.name])]
    print_table(rows, console)
    problems = [
        f"{outcome.task.block} {outcome.task.spec} {outcome.task.name}: {outcome.detail}"
        for some in outcomes.values()
        for outcome in some
        if not outcome.passed
    ]
    problems += [] if fast else without_bite(rows)
    for problem in problems:
        console.print(problem, style="bold red", highlight=False)
    console.print(summary(rows), style="bold")
    if not fast:
        write(with_earlier(rows) if blocks else rows)
        console.print(f"Written: {PAGE.relative_to(ROOT)}, {DATA.relative_to(ROOT)}")
    raise typer.Exit(bool(problems))


def select(spec: Spec, *, fast: bool) -> list[Task]:
    """Write a harness's files; return its tasks, or those of the fast slice: the proofs, and one broken design."""
    tasks = prepare(spec)
    if not fast:
        return tasks
    if not spec.fast:
        return []
    redundant = "bmc" if spec.method.unbounded else ""
    broken = [task for task in tasks if task.name.startswith(BROKEN)]
    return [task for task in tasks if task.name != redundant and task not in broken[1:]]


def run_all(tasks: Sequence[Task], jobs: int, console: Console) -> dict[tuple[str, str], list[Outcome]]:
    """Run tasks in parallel, showing how far they are; return what they found by block and harness."""
    outcomes = defaultdict(list)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProcessPoolExecutor(jobs) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task("proofs", total=len(tasks))
        for future in as_completed([pool.submit(run, task) for task in tasks]):
            outcome = future.result()
            outcomes[outcome.task.block, outcome.task.spec].append(outcome)
            label = f"{outcome.task.block} {outcome.task.name}"
            progress.update(bar, advance=1, description=f"{label[:48]:48}")
            if not outcome.passed:
                console.print(f"failed: {label}: {outcome.detail}", style="bold red", highlight=False)
    return outcomes


if __name__ == "__main__":
    app()
