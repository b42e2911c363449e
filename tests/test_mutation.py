"""Mutation score: a sample of the mutants that were noticed still are, and the campaign's own tools do not err."""

import json
from collections import defaultdict

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from mutation.aiger import hold_inputs
from mutation.benches import judge_by_benches
from mutation.blocks import Block, load_block
from mutation.cases import Case, bench_cases
from mutation.equivalence import judge_equivalence
from mutation.judgement import ABSENT, ALWAYS, AS_USED, FAILED, UNPROVEN
from mutation.mutants import CONTENTS, Mutant, draw_mutants, sample
from mutation.proofs import judge_by_proofs, judge_unchanged
from mutation.report import DATA, Row, count, summary
from mutation.tools import run_abc

SEED = 20
SAMPLE = 30
QUICK = ("bit_unpacker", "comparator", "framer", "leb128_coder", "lfsr", "rice_debt", "rice_mean", "xor_array")
"""Blocks whose mutants take the proofs seconds."""
PATIENCE = 20
"""All of the sample are noticed in the end, however much else the machine has to do."""


def rows():
    return [Row(**row) for row in json.loads(DATA.read_text())["mutants"]]


def mutant_of(row):
    kind, _, ordinal = row.cell.rpartition(" ")
    return Mutant(row.block, row.mode, kind, row.source, int(ordinal), row.port, row.bit, row.control, row.wire)


def sampled():
    """Return the mutants of the sample by block."""
    noticed = [mutant_of(row) for row in rows() if row.proofs == FAILED and row.block in QUICK]
    by_block = defaultdict(list)
    for mutant in sample(noticed, SAMPLE, SEED):
        by_block[mutant.block].append(mutant)
    return by_block


@pytest.mark.parametrize("name", QUICK)
def test_noticed_mutants_stay_noticed(name):
    block, mutants = load_block(name), sampled()[name]
    found = judge_by_proofs(block, mutants, mutants, patience=PATIENCE)
    verdicts = {mutant: one.verdict for mutant, one in zip(mutants, found, strict=True)}
    moved = [mutant for mutant, verdict in verdicts.items() if verdict == ABSENT]
    assert not moved, f"hdl/{name}.py changed: run make mutate BLOCK={name}"
    assert set(verdicts.values()) <= {FAILED}, [one for one, verdict in verdicts.items() if verdict != FAILED]


def test_sample_has_its_size():
    assert sum(map(len, sampled().values())) == SAMPLE


def test_figures_add_up():
    whole = rows()
    figures = count(whole)
    assert figures["mutants"] == figures["either"] + figures["equivalent"] + figures["survivors"]
    assert json.loads(DATA.read_text())["summary"] == summary(whole)


def test_nothing_fails_while_no_mutant_is_switched_on():
    block = load_block("lfsr")
    mutants = draw_mutants("lfsr", block.reference, SEED)
    assert all(judge_unchanged(spec, mutants) != FAILED for spec in block.specs)


class Stage(wiring.Component):
    """A stream whose payload reads an input that matters only while it is valid, and one that never matters."""

    o: Out(stream.Signature(1))
    a: In(1)
    idle: In(1)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.o.valid.eq(self.a | (self.a & self.idle)),
            self.o.payload.eq(~self.a),
        ]
        return m


MUTANTS = {("$and", "B", "inv"): ALWAYS, ("$not", "A", "const1"): AS_USED, ("$or", "Y", "const1"): UNPROVEN}


@pytest.mark.parametrize(("mutant", "sense"), MUTANTS.items(), ids=str)
def test_equivalence_is_proven_where_it_is(mutant, sense):
    block = Block("stage", (), (Case(Stage(), "tb.test_stage", "", "", None, {}),))
    kind, port, mode = mutant
    (key,) = [key for key in block.reference.cells if key.kind == kind]
    mutant = Mutant("stage", mode, *key, port=port, bit=0, control=-1, wire="")
    assert judge_equivalence(block, [mutant], [mutant])[0].verdict == sense


def test_bench_fails_with_the_mutant_alone():
    block = load_block("xor_array")
    mutants = draw_mutants("xor_array", block.reference, SEED)
    assert judge_by_benches(block, mutants, mutants[:1])[0].verdict == FAILED


def test_contents_of_memories_stay_constant():
    netlist = load_block("packet_buffer").reference
    assert any(key.kind == CONTENTS for key in netlist.cells)
    assert all(mutant.kind != CONTENTS for mutant in draw_mutants("packet_buffer", netlist, SEED))


def test_circuit_that_abc_refuses_ends_no_search_behind_it(tmp_path):
    (tmp_path / "refused.aig").write_text("no circuit")
    (tmp_path / "constant.aig").write_text("aig 0 0 0 1 0\n0\n")
    assert run_abc(["strash", "iprove"], ["refused", "constant"], tmp_path) == ["none", "snl_UNSAT"]


def test_bit_that_a_netlist_lacks_is_absent():
    netlist = load_block("comparator").reference
    mutant = Mutant("comparator", "inv", "$lt", "hdl/elsewhere.py:1", 0, "Y", 0, -1, "")
    assert mutant.command(netlist) == ""
    assert judge_by_proofs(load_block("comparator"), [mutant], [mutant])[0].verdict == ABSENT


def test_bench_cases_are_those_of_its_tests():
    assert [case.parameters for case in bench_cases("rice_mean")] == [{"channels": 1000}, {"channels": 1}]


def test_held_inputs_are_constants():
    # Two inputs a[0], a[1] and their conjunction.
    circuit = b"aig 3 2 0 1 1\n6\n\x02\x02i0 a[0]\ni1 a[1]\n"
    assert hold_inputs(circuit, "a", 0) == b"aig 3 2 0 1 1\n6\n\x06\x00i0 a[0]\ni1 a[1]\n"
    assert hold_inputs(circuit, "a", 3) == b"aig 3 2 0 1 1\n6\n\x05\x00i0 a[0]\ni1 a[1]\n"
    assert hold_inputs(circuit, "b", 3) == circuit
