"""What is found of a mutant."""

from dataclasses import dataclass

FAILED, PROVEN, UNDECIDED, ABSENT = "failed", "proven", "undecided", "absent"
"""Of the proofs: a property fails, by a counterexample from reset on; every property still holds in every cycle;
neither was found in the time there is; no harness has the mutated bit. Of the benches: a build of it fails, all
pass, none has the bit."""

ALWAYS, AS_USED, UNPROVEN = "always", "as used", "unproven"
"""Of the equivalence with the original: whatever the inputs, also where payloads are not valid; for all inputs that the
proofs' assumptions allow (all there are, where the block has no proof), payloads compared where they are valid;
neither could be shown."""


@dataclass(frozen=True)
class Judgement:
    """A verdict, one of those above.

    Parameters
    ----------
    verdict : str
        The verdict.
    where : str
        The harness, or the bench's build, that fails.
    """

    verdict: str
    where: str = ""
