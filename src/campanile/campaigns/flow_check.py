"""What is wrong with the flow of a campaign: ends that signal nobody, tables kept too shortly.

All of it is found without engine or store.
"""

from collections.abc import Iterator
from datetime import timedelta

from campanile.activities.await_signal import AwaitSignal
from campanile.activities.end import End, EndSignal
from campanile.activities.times import write_duration
from campanile.activities.wait import Wait
from campanile.campaigns.definition import Campaign, Parameter
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.graph_check import GraphFault
from campanile.campaigns.receivers import Receiver
from campanile.relations.parse import did_you_mean


def check_flow(campaign: Campaign, definitions: Definitions) -> Iterator[GraphFault]:
    """List what is wrong with ends and waits."""
    for name, config in campaign.activities.items():
        if isinstance(config, End) and config.signal is not None:
            yield from _check_signal(name, config.signal, definitions)
    yield from _check_keep(campaign)


def _check_signal(name: str, signal: EndSignal, definitions: Definitions) -> Iterator[GraphFault]:
    path = ("activities", name, "signal")
    receiver = definitions.receivers.get(signal.campaign)
    if receiver is None:
        message = f"there is no campaign `{signal.campaign}`."
        remedy = did_you_mean(signal.campaign, definitions.receivers)
        yield GraphFault((*path, "campaign"), message, remedy, "unknown_campaign")
    elif not receiver.takes_signals:
        message = f"`{signal.campaign}` starts on no signal."
        remedy = "Write `schedule: {signal: true}` in its file."
        yield GraphFault((*path, "campaign"), message, remedy, "no_signal")
    else:
        yield from _check_given(path, signal, receiver)


def _check_given(
    path: tuple[str, ...], signal: EndSignal, receiver: Receiver
) -> Iterator[GraphFault]:
    for name, text in signal.with_.items():
        parameter = receiver.parameters.get(name)
        if parameter is None:
            message = f"`{signal.campaign}` declares no parameter `{name}`: it only passes it on."
            remedy = did_you_mean(name, receiver.parameters)
            yield GraphFault((*path, "with", name), message, remedy, "undeclared", "warning")
        elif found := _fault_in(parameter, text):
            yield GraphFault((*path, "with", name), found, code="parameter")
    missing = [
        name
        for name, parameter in receiver.parameters.items()
        if parameter.default is None and name not in signal.with_
    ]
    if missing:
        message = f"`{signal.campaign}` must be given `{missing[0]}`."
        yield GraphFault(path, message, f"Write `with: {{{missing[0]}: …}}`.", "missing_parameter")


def _fault_in(parameter: Parameter, text: str) -> str:
    """What is wrong with a value that is written out; a template is only known later."""
    return "" if "{{" in text or "{%" in text else parameter.fault_in(text)


def _check_keep(campaign: Campaign) -> Iterator[GraphFault]:
    """A campaign that says how long its tables are kept means at least its longest wait."""
    kept, (longest, name) = campaign.keep.tables, max(_waits(campaign), default=(timedelta(), ""))
    if isinstance(kept, timedelta) and kept < longest:
        message = f"`{name}` waits {write_duration(longest)}: tables are kept no shorter than that."
        remedy = f"Write at least {write_duration(longest)}."
        yield GraphFault(("keep", "tables"), message, remedy, "keep")


def _waits(campaign: Campaign) -> Iterator[tuple[timedelta, str]]:
    for name, config in campaign.activities.items():
        if isinstance(config, Wait | AwaitSignal):
            for span in (getattr(config, "for_", None), config.within):
                if isinstance(span, timedelta):
                    yield span, name
