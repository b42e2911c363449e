"""The benches' cases: what each test of a block's bench builds and runs."""

import inspect
import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring

from hdl.generate import component_rtlil
from mutation.netlist import Netlist

Elaboratable._MustUse__silence = True  # most cases are listed, and never elaborated

Draws = list[dict[str, object]] | None
OPTIONS = {"random_draws": 0, "draw_seed": 1}


@dataclass(frozen=True)
class Case:
    """One call of `tb.simulate.simulate`.

    Parameters
    ----------
    component : wiring.Component
        What is built.
    module : str
        The bench.
    path : str
        Where in the component the block is; empty where it is the component.
    only, draws, parameters
        As `simulate` is told.
    """

    component: wiring.Component
    module: str
    path: str
    only: str
    draws: Draws
    parameters: dict[str, Any]

    @property
    def top(self) -> str:
        """Return the name of the top module."""
        return self.module.removeprefix("tb.test_")

    @cached_property
    def netlist(self) -> Netlist:
        """Return the design, the block's module in it to be mutated."""
        module = f"{self.top}.{self.path}" if self.path else self.top
        return Netlist(component_rtlil(self.component, self.top), self.top, module)

    @property
    def label(self) -> str:
        """Return a name, unique among the block's cases."""
        values = (f"{name}{value}" for name, value in self.parameters.items())
        return "_".join([self.top, *values]).translate(str.maketrans("", "", "[]' ")).replace(",", "+")


def bench_cases(bench: str, path: str = "") -> list[Case]:
    """Return the cases of a bench that are built with Verilator, small ones first, those of one channel last."""
    module = import_module(f"tb.test_{bench}")
    cases = []

    def record(
        component: wiring.Component,
        module: str,
        simulator: str,
        *,
        only: str = "",
        draws: Draws = None,
        **parameters: object,
    ) -> Path:
        cases.append(Case(component, module, path, only, draws, parameters))
        return Path()

    with patch.object(module, "simulate", record), redirect_stdout(io.StringIO()):
        for function, arguments in _calls(module):
            # Some tests look at what the simulation left, or are about what is not simulated at all.
            with suppress(OSError):
                function(**arguments)
    return sorted(cases, key=_size)


def _size(case: Case) -> tuple[bool, int, int]:
    channels, lanes = (case.parameters.get(name, 0) for name in ("channels", "lanes"))
    return channels == 1, channels or case.parameters.get("depth", 0), -lanes


def _calls(module: ModuleType) -> Iterator[tuple[Callable[..., None], dict[str, object]]]:
    request = SimpleNamespace(config=SimpleNamespace(getoption=OPTIONS.__getitem__))
    fixtures = {"simulator": "verilator", "request": request}
    for name, function in vars(module).items():
        if not name.startswith("test_") or not inspect.isfunction(function):
            continue
        wanted = inspect.signature(function).parameters
        given = {name: value for name, value in fixtures.items() if name in wanted}
        for chosen in itertools.product(*(_values(mark) for mark in getattr(function, "pytestmark", []))):
            yield function, given | {name: value for values in chosen for name, value in values.items()}


def _values(mark: pytest.Mark) -> list[dict[str, object]]:
    names, values = mark.args
    if isinstance(names, str):
        return [{names: value} for value in values]
    return [dict(zip(names, some, strict=True)) for some in values]
