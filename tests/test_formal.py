"""Proofs: the fast ones hold, and what must be noticed is noticed."""

import os

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from rich.console import Console

from formal import runs
from formal.__main__ import run_all, select
from formal.edits import edited_text
from formal.report import make_rows
from formal.runs import list_blocks, load_specs, prepare, run
from formal.spec import Bounded, Edit, Induction, Pdr, Spec, to_rtlil
from formal.stream_rules import prove_source


class Counter(wiring.Component):
    """Counts from 0 to 9 and again."""

    value: Out(4)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.value.eq(self.value + 1)
        with m.If(self.value == 9):
            m.d.sync += self.value.eq(0)
        return m


class Count(Spec):
    """What a test claims of the counter."""

    claim = staticmethod(lambda spec, m, dut: None)
    name = f"Count_{os.getpid()}"

    def describe(self, m):
        dut = Counter()
        self.design(m, dut)
        self.claim(self, m, dut)


class Waiting(wiring.Component):
    """A stream that must not be."""

    o: Out(stream.Signature(1))
    request: In(1)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.valid.eq(self.request & self.o.ready)
        return m


@pytest.fixture
def outcomes_of(monkeypatch, tmp_path_factory):
    """Return a function that runs a harness of this file, and returns what each task found."""

    def outcomes_of(claim, method, *names):
        spec = Count()
        spec.claim, spec.method = claim, method
        monkeypatch.setattr(runs, "find_spec", lambda block, name: spec)
        return {task.name: run(task) for task in prepare(spec) if task.name in names}

    return outcomes_of


def at_most(limit):
    def claim(spec, m, dut):
        spec.contract(m, "at_most", "Stays within the limit.", dut.value <= limit)
        spec.cover(m, "counts", "Counts.", dut.value == 3)

    return claim


METHODS = [Pdr(), Pdr("scorr;"), Induction(3), Bounded(12, "a round"), Bounded(12, "a round", "abc bmc3")]


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_true_property_is_proven(outcomes_of, method):
    proof = "prove" if method.unbounded else "bmc"
    assert outcomes_of(at_most(9), method, proof)[proof].passed


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_false_property_is_reported(outcomes_of, method):
    proof = "prove" if method.unbounded else "bmc"
    assert outcomes_of(at_most(8), method, proof)[proof].detail.endswith(": at_most")


def test_unknown_is_no_proof(outcomes_of):
    def claim(spec, m, dut):
        spec.contract(m, "never_15", "Is true, but is not inductive.", dut.value != 15)
        spec.cover(m, "counts", "Counts.", dut.value == 3)

    outcome = outcomes_of(claim, Induction(1), "prove")["prove"]
    assert not outcome.passed
    assert outcome.detail.startswith("UNKNOWN")


def test_vacuous_proof_is_reported(outcomes_of):
    def claim(spec, m, dut):
        spec.assume(m, "impossible", "Contradicts the design.", dut.value != 1)
        spec.contract(m, "anything", "False, but never asked.", dut.value != 4)
        spec.cover(m, "counts", "Cannot be reached.", dut.value == 3)

    outcomes = outcomes_of(claim, Pdr(), "cover")
    assert not outcomes["cover"].passed
    assert "counts" in outcomes["cover"].detail


def test_harness_without_cover_is_refused():
    spec = Count()
    with pytest.raises(ValueError, match=r"^Count_[0-9]+ has no cover, so that nothing shows"):
        to_rtlil(spec)


def test_valid_that_waits_for_ready_is_reported(monkeypatch):
    class Port(Spec):
        name = f"Port_{os.getpid()}"

        def describe(self, m):
            dut = Waiting()
            self.design(m, dut)
            prove_source(self, m, dut.o)

    spec = Port()
    monkeypatch.setattr(runs, "find_spec", lambda block, name: spec)
    outcomes = {task.name: run(task) for task in prepare(spec)}
    assert outcomes["paths"].detail.startswith("o_not_waiting")
    assert not outcomes["prove"].passed


def test_edit_must_match_once():
    with pytest.raises(ValueError, match=r"^hdl/lfsr.py must have exactly one 'self', not "):
        edited_text(Edit("self", "other", "lfsr"))


def test_edit_that_breaks_nothing_is_reported(monkeypatch):
    (spec,) = load_specs("leb128_coder")
    to_rtlil(spec)
    harmless = Edit("m = Module()", "m = Module()  # as before", "leb128_coder")
    broken = spec.properties[0]
    monkeypatch.setattr(runs, "broken_designs", lambda spec: {"broken_o_held_0": (broken, harmless)})
    outcomes = {task.name: run(task) for task in prepare(spec) if task.name.startswith("broken")}
    assert not outcomes["broken_o_held_0"].passed


@pytest.mark.parametrize("block", list_blocks())
def test_fast_slice(block):
    specs = load_specs(block)
    tasks = [task for spec in specs for task in select(spec, fast=True)]
    outcomes = run_all(tasks, 1, Console(quiet=True))
    failures = [outcome for some in outcomes.values() for outcome in some if not outcome.passed]
    assert not failures
    for spec in specs:
        assert all(row.result == "proven" for row in make_rows(spec, outcomes[spec.block, spec.name]))
