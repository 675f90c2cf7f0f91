"""The guided walk: what to try while the demonstration stands, and the commands for it.

The page docs/start/guided-walk.md tells what each shows; it has the same commands in this order.
"""

from dataclasses import dataclass
from typing import Final

_FOLDER: Final = "dagster_home/demo"


@dataclass(frozen=True)
class Step:
    """One stop of the walk; its commands are for a shell in the folder of the demonstration."""

    title: str
    commands: tuple[str, ...]


STEPS: Final = (
    Step(
        "What happened so far",
        ("campanile status", "campanile report weekly_offer", "campanile show keen_clickers"),
    ),
    Step(
        "Change a rule, and see who comes and who goes",
        (
            f"sed -i.bak 's/days_ago(180)/days_ago(60)/' {_FOLDER}/campaigns/weekly_offer.yaml",
            "campanile plan weekly_offer",
            "campanile apply weekly_offer",
            "campanile publish weekly_offer",
        ),
    ),
    Step(
        "Mend a draft, and bring the file it reads",
        (
            f"mv {_FOLDER}/drafts/*.yaml {_FOLDER}/campaigns/",
            f"campanile validate {_FOLDER}/campaigns",
            f"sed -i.bak s/intrest/interest/ {_FOLDER}/campaigns/fair_visitors.yaml",
            f"campanile load lead {_FOLDER}/files/fair_leads.csv --encoding cp1252",
            "campanile plan fair_visitors",
        ),
    ),
    Step(
        "Publish it, read its mail in the inbox, click: a voucher follows",
        (
            "campanile apply fair_visitors fair_voucher",
            "campanile publish fair_voucher",
            "campanile publish fair_visitors",
            "campanile status",
            "campanile report fair_visitors",
        ),
    ),
    Step(
        "Kill everything in the middle of a delivery",
        (
            "campanile start weekly_offer",
            f"kill -9 $(cat {_FOLDER}/demo.pid)",
            "campanile account weekly_offer",
        ),
    ),
    Step(
        "Start it again, and see the account close",
        ("campanile demo", "campanile account weekly_offer"),
    ),
)
