"""The command line: python -m mutation."""

from typing import Annotated

import typer
from rich.console import Console

from formal.runs import ROOT
from mutation.blocks import list_components
from mutation.campaign import Campaign
from mutation.report import DATA, PAGE, make_rows, print_table, summary, with_earlier, write

app = typer.Typer(add_completion=False)


@app.command()
def main(
    blocks: Annotated[list[str] | None, typer.Argument(metavar="[BLOCK]...", help="Blocks; all if none.")] = None,
    *,
    seed: Annotated[int, typer.Option(help="Of Yosys' choice of mutants.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    all_benches: Annotated[
        bool, typer.Option(help="Ask the benches about all mutants, not just those that the proofs do not notice.")
    ] = True,
    run: Annotated[bool, typer.Option(help="Run what is not known; if not, tell of what is known.")] = True,
) -> None:
    """Change the blocks' netlists a bit at a time, and count how many changes proofs and benches notice.

    Writes docs/mutation.md and docs/mutation.json, where the blocks that were not asked for keep their rows. What is
    known of an unchanged block is not run again.
    """
    console = Console()
    known = list_components()
    if unknown := sorted(set(blocks or ()) - set(known)):
        raise typer.BadParameter(f"no block {', '.join(unknown)}; there are {', '.join(known)}")
    campaign = Campaign(blocks or known, seed, jobs, console)
    rows = make_rows(campaign.run(all_benches=all_benches) if run else campaign.results())
    rows = with_earlier(rows) if blocks else rows
    print_table(rows, console)
    console.print(summary(rows), style="bold", highlight=False)
    write(rows, seed)
    console.print(f"Written: {PAGE.relative_to(ROOT)}, {DATA.relative_to(ROOT)}")


if __name__ == "__main__":
    app()
