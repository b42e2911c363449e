"""The rules of a stream (Amaranth's `lib.stream`), to prove at an output and to assume at an input.

A transfer happens in a cycle with valid and ready. Once valid, a stream stays valid until the transfer, and its payload
stays what it is; after reset it is not valid; and whether it is valid must not wait for ready. Which side a block is on
decides who is bound: the same rules are proven of a source and assumed of the environment of a sink.
"""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Value, ValueLike
from amaranth.lib import stream

from formal.spec import DUT, Edit, Spec

Edits = Edit | Sequence[Edit]


def _rules(
    spec: Spec, m: Module, port: stream.Interface, name: str
) -> tuple[tuple[str, str, ValueLike, ValueLike | None], ...]:
    """Return name, sentence, condition and occasion of each rule that a solver checks."""
    payload = Value.cast(port.payload)
    waited = spec.past(m, port.valid & ~port.ready, f"{name}_waited")
    return (
        ("held", f"`{name}`: once valid, stays valid until the transfer.", port.valid, waited),
        (
            "stable",
            f"`{name}`: the payload does not change until the transfer.",
            payload == spec.past(m, payload, f"{name}_payload"),
            waited & port.valid,
        ),
    )


def prove_source(
    spec: Spec,
    m: Module,
    port: stream.Interface,
    name: str = "o",
    *,
    broken_by: Mapping[str, Edits] | None = None,
    path: bool = True,
    design: str = DUT,
) -> None:
    """Prove the rules at a stream that the design drives.

    Parameters
    ----------
    spec, m : Spec, Module
        The harness.
    port : stream.Interface
        The design's port.
    name : str
        The port's name in the design's signature, a part of the properties' names.
    broken_by : mapping of str to Edit
        Edits for the rules `held`, `stable`, `idle_after_reset` and `not_waiting`.
    path : bool
        Show also that no path leads from ready to valid.
    design : str
        The design's name in the harness.
    """
    edits = dict(broken_by or {})
    for rule, sentence, condition, when in _rules(spec, m, port, name):
        spec.rule(m, f"{name}_{rule}", sentence, condition, when=when, broken_by=edits.pop(rule, ()))
    spec.rule(
        m,
        f"{name}_idle_after_reset",
        f"`{name}`: not valid in the first cycle after reset.",
        spec.running | ~port.valid,
        broken_by=edits.pop("idle_after_reset", ()),
    )
    if path:
        spec.no_path(
            f"{name}_not_waiting",
            f"`{name}`: valid does not depend on ready in the same cycle.",
            f"{design}__{name}__ready",
            f"{design}__{name}__valid",
            broken_by=edits.pop("not_waiting", ()),
        )
    if edits:
        raise ValueError(f"no rule is named {', '.join(edits)}")


def assume_source(
    spec: Spec, m: Module, port: stream.Interface, name: str = "i", *, idle_after_reset: bool = False
) -> None:
    """Assume the rules at a stream that the environment drives; that it is idle after reset only where it matters."""
    if idle_after_reset:
        spec.assume(
            m, f"{name}_idle_after_reset", f"`{name}`: not valid in the first cycle.", spec.running | ~port.valid
        )
    for rule, sentence, condition, when in _rules(spec, m, port, name):
        spec.assume(m, f"{name}_{rule}", sentence, ~Value.cast(when).bool() | condition)


def transfer(port: stream.Interface) -> Value:
    """Return whether this cycle has a transfer."""
    return port.valid & port.ready


def same_stream(one: stream.Interface, other: stream.Interface) -> Value:
    """Return whether two streams are one."""
    return (
        (one.valid == other.valid) & (one.ready == other.ready) & (Value.cast(one.payload) == Value.cast(other.payload))
    )
