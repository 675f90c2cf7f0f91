"""How a proof tells what it found: one line of JSON for each claim, and whether it held."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Claim:
    """One promise of a proof, what was found, and whether it holds."""

    proof: str
    claim: str
    holds: bool
    found: Any


@dataclass
class Claims:
    """The claims of one proof, printed as they are made."""

    proof: str
    made: list[Claim] = field(default_factory=list)

    def equal(self, claim: str, found: Any, expected: Any) -> None:
        """Claim that two independent counts are the same."""
        self.true(claim, found == expected, {"found": found, "expected": expected})

    def true(self, claim: str, holds: bool, found: Any) -> None:
        """Claim something, with the evidence."""
        made = Claim(self.proof, claim, bool(holds), found)
        print(json.dumps(asdict(made), default=str), flush=True)
        self.made.append(made)
