"""Work in several processes, with a bar that shows how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

T = TypeVar("T")


def in_processes(
    work: Callable[..., T], jobs: Sequence[tuple[Any, ...]], title: str, console: Console | None = None
) -> Iterator[T]:
    """Yield what `work` makes of the arguments of each job, in order, from as many processes as there are processors.

    What this process has in memory (compiled kernels, loaded libraries) the others have, too. An exception of a job
    ends all, and says which job it was.
    """
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    progress = Progress(TextColumn("{task.description}"), *columns, console=console, disable=console is None)
    with progress, ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        futures = [pool.submit(work, *job) for job in jobs]
        try:
            for job, future in zip(jobs, progress.track(futures, description=title), strict=True):
                try:
                    yield future.result()
                except Exception as error:
                    error.add_note(f"in {work.__module__}.{work.__name__}{job}")
                    raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
