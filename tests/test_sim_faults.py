"""The fault campaign: nothing passes silently, the judge can tell, and what is published is what it found."""

import json

import numpy as np
import pytest

from hdl.run_expander import WORD_INFO
from model.golden.crc32c import crc32c
from sim import faults
from sim.circuit import Upset
from sim.fault_report import DATA, FAULTS, PAGE, PLACES, shortfalls
from sim.faults import DECODER_STATE, ENCODER_STATE, FAULT_CLASSES, LINK_FAULTS, Outcome, Tally, judge, run_chunk
from sim.link import Rows, decoder, packet_bytes, rows_of

SEED = 5
LOSSLESS = {"packet repeated at once", "garbage inserted"}
"""Faults on the link that cost no step."""
RASTER = (np.random.default_rng(4).random((faults.STEPS, faults.CHANNELS)) < 0.2).astype(np.int8)
STEPS = np.arange(faults.STEPS)
LAST = STEPS % faults.EPOCH_STEPS == faults.EPOCH_STEPS - 1
SILENT = dict.fromkeys(("dropped", "rejected", "repeated", "hidden", "bad"), 0)


def shown(spikes=RASTER, steps=STEPS, last=LAST, bad=None) -> Rows:
    return Rows(spikes.copy(), steps.copy(), last.copy(), np.zeros(len(steps), bool) if bad is None else bad)


def judged(rows, events=SILENT, heed_bad=True) -> Outcome:
    return judge(RASTER, rows, events, next_keyframe=64, heed_bad=heed_bad)


def test_an_exact_output_is_without_effect():
    outcome = judged(shown())
    assert outcome == Outcome((), 0, 0, 0, 1)
    tally = Tally()
    tally.add(outcome)
    assert (tally.faults, tally.without_effect, tally.noticed) == (1, 1, 0)


def test_a_wrong_spike_is_silent_unless_its_packet_is_marked():
    rows = shown()
    rows.spikes[35, 3] ^= 1
    assert judged(rows) == Outcome((), 1, 1, 0, 1)
    rows.bad[39] = True
    assert judged(rows, SILENT | {"bad": 1}) == Outcome(("bad", "jump"), 8, 0, 0, 1)
    assert judged(rows, heed_bad=False).packets_wrong == 1


def test_right_spikes_under_a_wrong_step_are_misnumbered():
    rows = shown()
    rows.steps[40:48] += 800
    assert judged(rows) == Outcome(("jump",), 8, 0, 1, 1)


def test_missing_packets_are_lost_steps():
    keep = (STEPS < 32) | (STEPS >= 64)
    assert judged(shown(RASTER[keep], STEPS[keep], LAST[keep])) == Outcome(("jump",), 32, 0, 0, 1)


@pytest.mark.parametrize(("first_good", "keyframes"), [(64, 1), (72, 2), (96, 2), (128, 3), (136, 0)])
def test_recovery_is_counted_in_keyframes(first_good, keyframes):
    keep = (STEPS < 32) | (first_good <= STEPS)
    assert judged(shown(RASTER[keep], STEPS[keep], LAST[keep])).keyframes == keyframes


def test_a_packet_that_never_ends_is_not_delivered():
    outcome = judged(shown(RASTER[:156], STEPS[:156], LAST[:156]))
    assert (outcome.steps_lost, outcome.keyframes) == (8, 0)


@pytest.mark.parametrize("name", LINK_FAULTS)
def test_the_link_never_gives_wrong_spikes(name):
    tally = run_chunk("link", name, 0, 25, SEED)
    assert shortfalls({("link", name): tally}) == ()
    assert tally.noticed == tally.faults == tally.recovered[1] == 25
    assert (tally.steps_lost_max == 0) == (name in LOSSLESS)


@pytest.mark.parametrize("where", ["encoder", "decoder"])
@pytest.mark.parametrize("name", ENCODER_STATE)
def test_upsets_show_and_heal_at_a_keyframe(where, name):
    tally = run_chunk(where, name, 0, 60, SEED)
    assert (tally.wrong, tally.misnumbered) == (0, 0)
    assert tally.recovered[1] == 60
    assert 0 < tally.noticed == tally.noticed_by["bad"]


@pytest.mark.parametrize("where", ["encoder", "decoder"])
def test_upsets_of_one_copy_in_three_have_no_effect(where):
    tally = run_chunk(where, faults.VOTED, 0, 100, SEED)
    assert tally.without_effect == 100
    assert shortfalls({(where, faults.VOTED): tally}) == ()
    single = run_chunk(where, faults.OTHER, 0, 100, SEED)
    assert shortfalls({(where, faults.VOTED): single})  # as they would if one copy decided


@pytest.mark.parametrize("where", ["encoder", "decoder"])
def test_a_consumer_that_ignores_the_check_gets_wrong_spikes(where):
    # The upsets are there, and the campaign sees what they do: the zeros above are no accident.
    heeding, ignoring = (run_chunk(where, "gap counter", 0, 25, SEED, heed_bad) for heed_bad in (True, False))
    assert heeding.wrong == 0
    assert ignoring.wrong >= 20


def test_a_link_without_checksum_gives_wrong_spikes(monkeypatch):
    # The damage is undone in the CRC, and in nothing else.
    flip = LINK_FAULTS["one bit flipped"]

    def repaired(packets, index, random):
        delivery = flip(packets, index, random)
        body = delivery.packets[index][:-4]
        delivery.packets[index] = body + crc32c(body).to_bytes(4, "little")
        return delivery

    monkeypatch.setitem(LINK_FAULTS, "one bit flipped", repaired)
    tally = run_chunk("link", "one bit flipped", 0, 40, SEED, heed_bad=False)
    assert tally.wrong > 0
    assert shortfalls({("link", "one bit flipped"): tally})


def test_the_same_seed_gives_the_same_tally():
    first, second = (run_chunk("decoder", faults.OTHER, 1, 20, SEED) for _ in range(2))
    assert first == second
    assert first != run_chunk("decoder", faults.OTHER, 1, 20, SEED + 1)


def test_upsets_of_the_step_number_show():
    stand = faults.bench(0, SEED, True)
    about = next(state for state in stand.decoder.states if state.name.endswith("run_expander about"))
    step_index = WORD_INFO["step_index"]
    base, random = stand.bases[0], np.random.default_rng(SEED)
    noticed = 0
    for bit in range(step_index.offset, step_index.offset + step_index.width):
        upset = Upset(int(random.choice(base.decoded.cycles_out)), about, 0, bit)
        run = faults._run(stand.decoder, packet_bytes(base.packets), base.pause_seed, [upset])
        outcome = judge(base.raster, rows_of(run.output, faults.CHANNELS, faults.LANES), run.events, 0, True)
        assert outcome.packets_misnumbered == outcome.packets_wrong == 0
        noticed += "bad" in outcome.noticed_by
    assert noticed > 16


def test_state_that_does_not_exist_is_refused():
    circuit = decoder(faults.CHANNELS, faults.LANES, faults.BUFFER_BYTES)
    with pytest.raises(ValueError, match="rate memory: no register or memory is called 'no such'"):
        faults._by_class(circuit, {"rate memory": ("no such",)})
    classes = faults._by_class(circuit, DECODER_STATE)
    assert sum(map(len, classes.values())) == len(circuit.states)
    assert sum(state.bits for state in classes["rate memory"]) == 24 * faults.CHANNELS


def test_the_published_campaign_is_whole():
    rows = json.loads(DATA.read_text())["classes"]
    published = [(row["where"], row["class"]) for row in rows]
    assert published == list(FAULT_CLASSES)
    assert sum(row["faults"] for row in rows) >= FAULTS
    assert not any(row["silent_corruptions"] or row["never_recovered"] for row in rows if row["where"] == "link")
    page = PAGE.read_text()
    assert all(f"## {title}" in page for title in PLACES.values())
    for row in rows:
        assert f"| {row['class']} | {row['faults']:,} | {row['without_effect']:,} | {row['noticed']:,} |" in page
