"""docs/wire-format.md says what the golden model does: constants, places, ranges, codewords, the worked example."""

import random
import re

import pytest
from codewords import GAP_MAX, bits_of, coder_with, packed
from documents import Document

from model.errors import CodecError
from model.golden import (
    Settings,
    SpikeDecoder,
    SpikeEncoder,
    container,
    framer,
    packetizer,
    rice_coder,
    rice_debt,
    rice_mean,
    settings,
)
from model.golden import crc32c as crc
from model.golden.bit_unpacker import BitUnpacker
from model.golden.comparator import Comparator
from model.golden.deframer import Deframer
from model.golden.depacketizer import Depacketizer
from model.golden.leb128_coder import GROUP_BITS, Leb128Coder
from model.golden.leb128_decoder import Leb128Decoder
from model.golden.lfsr import CHANNEL_STRIDE, TAPS, Lfsr
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.golden.predictor import Predictor
from model.golden.rate_updater import TARGET_SPIKE, RateUpdater
from model.golden.rice_coder import RiceCoder
from model.golden.rice_decoder import RiceDecoder
from model.golden.rice_parameter import RiceParameter
from model.golden.spike_check import SpikeCheck

DOCUMENT = Document("wire-format.md")

PACKET_BYTES = HEADER_BYTES + TRAILER_BYTES
KEYFRAME_BYTES = PACKET_BYTES + SETTINGS_BYTES

CONSTANTS = {
    "MAGIC": packetizer.MAGIC,
    "VERSION": packetizer.VERSION,
    "FLAG_KEYFRAME": packetizer.FLAG_KEYFRAME,
    "PREDICTOR_RATE": settings.PREDICTOR_ID,
    "CODER_RICE": settings.CODER_IDS["rice"],
    "CODER_LEB128": settings.CODER_IDS["leb128"],
    "CHANNELS_MAX": settings.CHANNELS_MAX,
    "EPOCH_STEPS_MAX": settings.EPOCH_STEPS_MAX,
    "KEYFRAME_INTERVAL_MAX": settings.KEYFRAME_INTERVAL_MAX,
    "ALPHA_Q8_MAX": settings.ALPHA_Q8_MAX,
    "SHARPNESS_MAX": settings.SHARPNESS_MAX,
    "SEED_MAX": settings.SEED_MAX,
    "HEADER_BYTES": HEADER_BYTES,
    "SETTINGS_BYTES": SETTINGS_BYTES,
    "TRAILER_BYTES": TRAILER_BYTES,
    "LFSR_TAPS": sum(1 << tap for tap in TAPS),
    "CHANNEL_STRIDE": CHANNEL_STRIDE,
    "TARGET_SPIKE": TARGET_SPIKE,
    "ESCAPE": rice_coder.ESCAPE,
    "GAP_BITS": rice_coder.GAP_BITS,
    "K_MAX": rice_mean.K_MAX,
    "SUM_INITIAL": rice_mean.SUM_INITIAL,
    "COUNT_INITIAL": rice_mean.COUNT_INITIAL,
    "COUNT_LIMIT": rice_mean.COUNT_LIMIT,
    "GAP_CLIP": rice_mean.GAP_CLIP,
    "DEBT_UNIT": rice_debt.DEBT_UNIT,
    "DEBT_LIMIT": rice_debt.DEBT_LIMIT,
    "CREDIT_GAP_CLIP": rice_debt.CREDIT_GAP_CLIP,
    "LEB128_BITS": GROUP_BITS,
    "CRC_POLYNOMIAL": crc.POLYNOMIAL_REFLECTED,
    "CRC_CHECK": crc.crc32c(b"123456789"),
    "CRC_RESIDUE": crc.crc32c(crc.crc32c(b"").to_bytes(4, "little")),
    "CONTAINER_MAGIC": int.from_bytes(container.MAGIC, "little"),
    "CONTAINER_VERSION": container.VERSION,
    "KIND_PACKETS": container.KIND_PACKETS,
    "LENGTH_BYTES_MAX": container.LENGTH_GROUPS_MAX,
    "FRAME_FLAG": framer.FLAG,
    "FRAME_ESCAPE": framer.ESCAPE,
    "FRAME_CHANGE": framer.CHANGE,
}


def test_constants():
    (table,) = DOCUMENT.tables("Constants")
    assert {row["name"]: int(row["value"], 0) for row in table} == CONSTANTS


def executed(fragment, **variables):
    """Return the variables after a fragment of the document's code, constants included."""
    namespace = CONSTANTS | variables
    exec(fragment, namespace)
    return namespace


@pytest.mark.parametrize("data", [b"", b"123456789", bytes(range(256))])
def test_crc_fragment(data):
    (fragment,) = DOCUMENT.code("CRC-32C")
    assert executed(fragment, data=data)["crc"] == crc.crc32c(data)


def test_crc_residue_is_that_of_any_packet():
    (packet,) = SpikeEncoder(3).encode([[1, 0, 1]])
    assert crc.crc32c(packet) == CONSTANTS["CRC_RESIDUE"]


# Packet


def test_parts_of_a_packet():
    (table,) = DOCUMENT.tables("Packet")
    assert {row["part"]: (row["first byte"], row["bytes"]) for row in table} == {
        "header": ("0", f"{HEADER_BYTES}"),
        "settings": (f"{HEADER_BYTES}", f"{SETTINGS_BYTES}"),
        "payload": (f"{HEADER_BYTES + SETTINGS_BYTES} in a keyframe, else {HEADER_BYTES}", "0 or more"),
        "trailer": (f"{TRAILER_BYTES} before the end", f"{TRAILER_BYTES}"),
    }


def test_bytes_besides_the_payload():
    silent = SpikeEncoder(7, Settings(epoch_steps=1)).encode([[0] * 7] * 2)
    sizes = [len(packet) for packet in silent]
    assert sizes == [KEYFRAME_BYTES, PACKET_BYTES]
    assert DOCUMENT.numbers("Packet", r"take (\d+) bytes in a keyframe and (\d+) bytes in any") == sizes
    *stated, keyframe_limit, limit = DOCUMENT.numbers(
        "Why it is so", r"(\d+) bytes in a keyframe and (\d+) in other packets; the design allows (\d+) and (\d+)"
    )
    assert stated == sizes
    assert sizes[0] <= keyframe_limit == 40
    assert sizes[1] <= limit == 16


class Field:
    """A field of a keyframe without payload, where the document places it."""

    def __init__(self, row, first_byte):
        byte, _, bits = row["byte"].partition(", bits ")
        high, _, low = (bits or f"{8 * int(row['bytes']) - 1}..0").partition("..")
        self.name = row["field"]
        self.start = first_byte + int(byte)
        self.bytes = int(row["bytes"])
        self.low_bit = int(low)
        self.mask = (1 << int(high) - int(low) + 1) - 1
        low_value, _, high_value = row["valid"].partition("..")
        self.valid = range(int(low_value, 0), int(high_value or low_value, 0) + 1)

    def invalid(self):
        return [value for value in (self.valid.start - 1, self.valid.stop) if 0 <= value <= self.mask]

    def put(self, packet, value):
        end = self.start + self.bytes
        number = int.from_bytes(packet[self.start : end], "little") & ~(self.mask << self.low_bit)
        number |= value << self.low_bit
        return signed(packet[: self.start] + number.to_bytes(self.bytes, "little") + packet[end:])


def signed(packet):
    return packet[:-4] + crc.crc32c(packet[:-4]).to_bytes(4, "little")


def fields():
    places = (("Header", 0), ("Settings", 0), ("Trailer", KEYFRAME_BYTES - TRAILER_BYTES))
    found = [Field(row, start) for title, start in places for row in DOCUMENT.tables(title)[0]]
    return {field.name: field for field in found}


FIELDS = fields()
KEYFRAME = SpikeEncoder(2, Settings(epoch_steps=1)).encode([[0, 0]])[0]


def test_fields_cover_a_keyframe_without_overlap():
    covered = sum(field.mask << 8 * field.start + field.low_bit for field in FIELDS.values())
    assert covered == (1 << 8 * KEYFRAME_BYTES) - 1


def test_fields_are_where_the_document_says():
    values = {
        "sequence": 0x1234,
        "step_index": 0x89ABCDEF,
        "coder": 1,
        "sharpness": 9,
        "channels": 0x0345,
        "epoch_steps": 0x5678,
        "keyframe_interval": 0x9ABC,
        "alpha_q8": 0x00DE,
        "seed": 0xF012,
        "steps": 0x2345,
        "check": 0x6789,
    }
    data = KEYFRAME
    for name, value in values.items():
        data = FIELDS[name].put(data, value)
    packet = Depacketizer().packet(data)
    channels, found = packet.format
    assert values == {
        "sequence": packet.sequence,
        "step_index": packet.step_index,
        "coder": settings.CODER_IDS[found.coder],
        "sharpness": found.sharpness,
        "channels": channels,
        "epoch_steps": found.epoch_steps,
        "keyframe_interval": found.keyframe_interval,
        "alpha_q8": found.alpha_q8,
        "seed": found.seed,
        "steps": packet.steps,
        "check": packet.check,
    }
    assert FIELDS["crc"].start == KEYFRAME_BYTES - 4


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - {"crc"}))
def test_range_of_field(name):
    field = FIELDS[name]
    for value in (field.valid.start, field.valid.stop - 1):
        Depacketizer().packet(field.put(KEYFRAME, value))
    for value in field.invalid():
        with pytest.raises(CodecError):
            Depacketizer().packet(field.put(KEYFRAME, value))


def test_numbers_in_use_and_free():
    predictors, coders = DOCUMENT.tables("Growth")[1:]
    assert [(row["predictor"], row["name"].split(":")[0]) for row in predictors[:-1]] == [
        (str(settings.PREDICTOR_ID), "rate")
    ]
    assert {row["name"].split("`")[0]: int(row["coder"]) for row in coders[:-1]} == settings.CODER_IDS
    assert predictors[-1]["predictor"] == f"{FIELDS['predictor'].valid.stop}..{FIELDS['predictor'].mask}"
    assert coders[-1]["coder"] == f"{FIELDS['coder'].valid.stop}..{FIELDS['coder'].mask}"
    assert DOCUMENT.numbers("Growth", r"The first (\d+) bytes of the settings keep their places") == [SETTINGS_BYTES]


# Numbers and prediction


@pytest.mark.parametrize(("sequence", "step_index"), [(0, 0), (0xFFFE, 5), (0xFFFF, 0xFFFFFFFE)])
def test_numbers_fragment(sequence, step_index):
    (fragment,) = DOCUMENT.code("Numbers and loss")
    due = executed(fragment, sequence=sequence, step_index=step_index, steps=3)
    counter = packetizer.Packetizer(1, Settings())
    counter.sequence, counter.step_index = sequence, step_index
    counter.packet(keyframe=False, payload=b"", steps=3, check=0)
    assert (due["next_sequence"], due["next_step"]) == (counter.sequence, counter.step_index)


@pytest.mark.parametrize("alpha_q8", [0, 1, 100, 256])
@pytest.mark.parametrize("sharpness", [0, 3, 15])
@pytest.mark.parametrize(("seed", "channel"), [(0, 0), (0xACE1, 4095), (57617, 1)])
def test_prediction_fragments(alpha_q8, sharpness, seed, channel):
    start, step, _ = DOCUMENT.code("Prediction")
    lfsr, updater, comparator = Lfsr(seed, channel), RateUpdater(alpha_q8), Comparator(sharpness)
    errors = random.Random(1)
    state = executed(start, c=channel, lfsr={}, acc={}, seed=seed, alpha_q8=alpha_q8, sharpness=sharpness)
    for _ in range(1000):
        assert (state["lfsr"][channel], state["acc"][channel]) == (lfsr.state, updater.acc)
        predicted = comparator.predict(lfsr.state, updater.rate)
        state = executed(step, **state | {"error": int(errors.random() < 0.1)})
        assert state["spike"] == state["error"] ^ predicted
        updater.update(state["spike"])
        lfsr.step()


def test_check_fragment():
    *_, fragment = DOCUMENT.code("Prediction")
    spikes, check = random.Random(1), SpikeCheck()
    state = {"check": 0}
    for _ in range(1000):
        spike = int(spikes.random() < 0.3)
        state = executed(fragment, **state | {"spike": spike})
        check.push(spike)
        assert state["check"] == check.value


@pytest.mark.parametrize("bins_behind", [0, 1, 15, 16, 1000, 65_534, 65_535, 65_540])
def test_a_spike_adds_the_state_of_an_lfsr_to_the_check(bins_behind):
    lfsr, check = Lfsr(seed=1), SpikeCheck()
    check.push(1)
    for _ in range(bins_behind):
        check.push(0)
        lfsr.step()
    assert check.value == lfsr.state


# Coders


@pytest.mark.parametrize("gaps", [[0], [1], [0, 60], [40000, 0, 0, 0], [GAP_MAX], [0, 0, 300, 5]], ids=str)
def test_rice_fragments(gaps):
    (choose,), (decode,), (update,) = (DOCUMENT.code(title) for title in ("Parameter", "Codeword", "Update"))
    coder = RiceCoder()
    parameter = coder.parameter
    state = {"sum": parameter.mean.sum, "count": parameter.mean.count, "debt": parameter.debt.debt}
    for gap in gaps * 300:
        state = executed(choose, **state)
        assert state["k"] == parameter.k
        codeword = coder.encode(gap)
        body = codeword.value - (1 << codeword.width - 1)
        state = executed(decode, **state | {"z": codeword.zeros, "body": body})
        assert (state["gap"], state["n"] + state["k"]) == (gap, codeword.width - 1)
        state = executed(update, **state)
        found = [parameter.mean.sum, parameter.mean.count, parameter.debt.debt]
        assert [state[name] for name in ("sum", "count", "debt")] == found


@pytest.mark.parametrize("row", DOCUMENT.tables("Codeword")[1], ids=lambda row: f"gap {row['gap']} k {row['k']}")
def test_rice_codeword(row):
    gap, k = int(row["gap"]), int(row["k"])
    bits = "0" * int(row["z"]) + row["codeword after its z zeros"].replace(" ", "")
    assert bits_of(coder_with(k).encode(gap)) == bits
    assert coder_with(k, RiceDecoder).decode(BitUnpacker(packed(bits))) == gap
    assert len(bits) == int(row["bits"])


def test_longest_rice_codeword():
    assert DOCUMENT.numbers("Codeword", r"The longest codeword has (\d+) bits") == [
        max(len(bits_of(coder_with(k).encode(GAP_MAX))) for k in range(rice_mean.K_MAX + 1))
    ]
    (explicit_bits,) = DOCUMENT.numbers("Codeword", r"a codeword with `n \+ k > (\d+)`")
    assert explicit_bits == max(coder_with(k).encode(GAP_MAX).width - 1 for k in range(rice_mean.K_MAX + 1))


@pytest.mark.parametrize("row", DOCUMENT.tables("Coder `leb128`")[0], ids=lambda row: f"gap {row['gap']}")
def test_leb128_codeword(row):
    data = bytes.fromhex(row["bytes"])
    codeword = Leb128Coder().encode(int(row["gap"]))
    assert packed(bits_of(codeword)) == data
    assert Leb128Decoder().decode(BitUnpacker(data)) == int(row["gap"])


def test_state_needs_the_bits_stated():
    stated = {name: int(bits) for name, bits in re.findall(r"`(\w+)`, (\d+) bits", DOCUMENT.sections["State"])}
    needed = dict.fromkeys(["sum", "count", "debt"], 0)
    parameter = RiceParameter()
    for gap in [GAP_MAX] * 1000 + [0] * 1000:
        parameter.update(gap)
        found = {"sum": parameter.mean.sum, "count": parameter.mean.count, "debt": parameter.debt.debt}
        needed = {name: max(bits, found[name].bit_length()) for name, bits in needed.items()}
    assert stated == needed


# Serial framing


@pytest.mark.parametrize("row", DOCUMENT.tables("Serial framing")[0], ids=lambda row: row["packet"])
def test_framed_packet(row):
    packet, line = bytes.fromhex(row["packet"]), bytes.fromhex(row["line"])
    assert framer.Framer().frame(packet) == line
    assert framed(packet) == line
    assert deframed(line) == [packet]


def framed(packet):
    stuff, _ = DOCUMENT.code("Serial framing")
    return bytes(executed(stuff, packet=packet)["line"])


def deframed(line):
    _, unstuff = DOCUMENT.code("Serial framing")
    state, packets = {"frame": [], "escaped": 0}, []
    for byte in line:
        state = executed(unstuff, **state | {"byte": byte})
        if state["whole"]:
            packets.append(bytes(state["packet"]))
    return packets


def test_framing_fragments():
    draws = random.Random(1)
    line = bytes(draws.choices([framer.FLAG, framer.ESCAPE, 0x5E, 0x5D, 0x00], k=2000))
    deframer = Deframer(len(line))
    assert deframed(line) == [packet for byte in line if (packet := deframer.push(byte)) is not None]
    for length in range(20):
        packet = bytes(draws.choices([framer.FLAG, framer.ESCAPE, 0x5E], k=length))
        assert framed(packet) == framer.Framer().frame(packet)


def test_worst_case_expansion_of_a_frame():
    factor, flags = DOCUMENT.numbers("Serial framing", r"takes at most `(\d+) \* L \+ (\d+)` bytes on the line")
    assert len(framer.Framer().frame(bytes([framer.FLAG]) * 50)) == factor * 50 + flags
    values, stuffed, share = DOCUMENT.numbers("Serial framing", r"Of (\d+) values (\d+) are stuffed.* 1/(\d+) more")
    line = framer.Framer().frame(bytes(range(values)))
    assert len(line) - flags - values == stuffed == values / share


# Worked example


def example():
    """Return settings, raster and packets of the worked example."""
    text = DOCUMENT.sections["Worked example"]
    values = {name: int(value, 0) for name, value in re.findall(r"`(\w+)`\s+(0x\w+|\d+)", text)}
    coder = {number: name for name, number in settings.CODER_IDS.items()}[values.pop("coder")]
    assert values.pop("predictor") == settings.PREDICTOR_ID
    raster = [[int(bin) for bin in row] for row in re.findall(r"^[01]+$", text, flags=re.MULTILINE)]
    found = Settings(coder=coder, **values)
    return found, raster, SpikeEncoder(len(raster[0]), found).encode(raster)


SETTINGS, RASTER, PACKETS = example()


def test_example_has_the_shape_stated():
    assert DOCUMENT.numbers("Worked example", r"(\d+) channels, (\d+) steps") == [len(RASTER[0]), len(RASTER)]
    steps = DOCUMENT.numbers("Worked example", r"keyframe of (\d+) steps, and a packet that is cut short to (\d+)")
    assert steps == [Depacketizer().packet(packet).steps for packet in PACKETS]


def test_example_predictions():
    predictor = Predictor(len(RASTER[0]), SETTINGS)
    expected = []
    for step, row in enumerate(RASTER):
        for channel, (predicted, spike) in enumerate(zip(predictor.predict(), row, strict=True)):
            state, updater = predictor.lfsrs[channel].state, predictor.updaters[channel]
            dither = 0x8000 + (state - 0x8000 >> SETTINGS.sharpness)
            hexadecimal = [f"{state:04X}", f"{dither:04X}", f"{updater.acc:06X}", f"{updater.rate:04X}"]
            bins = [str(value) for value in (predicted, spike, spike ^ predicted)]
            expected.append([str(step), str(channel), *hexadecimal, *bins])
        predictor.learn(row)
    (table,) = DOCUMENT.tables("Bins and their prediction")
    assert [list(row.values()) for row in table] == expected
    bins = [(row["predicted"], row["spike"]) for row in table]
    assert DOCUMENT.numbers(
        "Bins and their prediction",
        r"Of (\d+) spikes, (\d+) were predicted; (\d+) predictions were wrong; so there are (\d+) errors",
    ) == [sum(map(sum, RASTER)), bins.count(("1", "1")), bins.count(("1", "0")), sum(a != b for a, b in bins)]


def example_codewords():
    """Return the codewords of the example as the document gives them, by packet."""
    (table,) = DOCUMENT.tables("Errors and their codewords")
    return [[row["codeword"] for row in table if row["packet"] == str(packet)] for packet in range(len(PACKETS))]


def test_example_codewords():
    (table,) = DOCUMENT.tables("Errors and their codewords")
    errors = [row["error"] for row in DOCUMENT.tables("Bins and their prediction")[0]]
    bins_full = SETTINGS.epoch_steps * len(RASTER[0])
    coder = RiceCoder()
    expected = []
    for packet, start in enumerate(range(0, len(errors), bins_full)):
        coder.start_epoch()
        before = -1
        for position in (at for at, error in enumerate(errors[start : start + bins_full]) if error == "1"):
            gap, before = position - before - 1, position
            parameter = coder.parameter
            mean, debt = parameter.mean, parameter.debt
            state = [mean.sum, mean.count, debt.debt, parameter.k, gap >> parameter.k]
            expected.append([*map(str, (packet, position, gap, *state)), bits_of(coder.encode(gap))])
    assert [list(row.values()) for row in table] == expected
    assert any(int(row["k"]) > 0 and int(row["quotient"]) > 0 for row in table)


def test_example_positions():
    (fragment,) = DOCUMENT.code("Payload")
    packet, position = None, -1
    for row in DOCUMENT.tables("Errors and their codewords")[0]:
        position_before = position if row["packet"] == packet else -1
        packet, position = row["packet"], int(row["position"])
        assert executed(fragment, position_before=position_before, gap=int(row["gap"]))["position"] == position


@pytest.mark.parametrize(
    ("title", "data"),
    [
        ("Bytes of the keyframe", PACKETS[0]),
        ("Bytes of the second packet", PACKETS[1]),
        ("Bytes of the container", container.join(PACKETS)),
    ],
)
def test_example_bytes(title, data):
    (table,) = DOCUMENT.tables(title)
    parts = [bytes.fromhex(row["hex"]) for row in table]
    assert b"".join(parts) == data
    assert [int(row["byte"]) for row in table] == [sum(map(len, parts[:place])) for place in range(len(parts))]
    for row, part in zip(table, parts, strict=True):
        if value := re.search(r" (0x[0-9A-F]+|\d+)$", row["meaning"]):
            assert int(value[1], 0) == int.from_bytes(part, "little"), row


@pytest.mark.parametrize(("title", "packet"), [("Bytes of the keyframe", 0), ("Bytes of the second packet", 1)])
def test_example_payload(title, packet):
    (row,) = (row for row in DOCUMENT.tables(title)[0] if row["meaning"].startswith("payload"))
    codewords, padding = re.fullmatch(r"payload: `([01 ]+)` and (\d) bits of padding", row["meaning"]).groups()
    bits = codewords.replace(" ", "")
    assert codewords.split() == example_codewords()[packet]
    assert packed(bits) == bytes.fromhex(row["hex"])
    assert (len(bits) + int(padding)) % 8 == 0
    assert int(padding) < 8


def test_example_payload_byte_by_byte():
    (bits,) = re.findall(r"byte by byte: `([01 ]+)`", DOCUMENT.sections["Bytes of the keyframe"])
    assert bytes(int(byte, 2) for byte in bits.split()) == Depacketizer().packet(PACKETS[0]).payload


def test_example_decodes():
    rows = DOCUMENT.tables("Bytes of the container")[0]
    data = b"".join(bytes.fromhex(row["hex"]) for row in rows)
    assert SpikeDecoder().decode(container.split(data)) == RASTER
