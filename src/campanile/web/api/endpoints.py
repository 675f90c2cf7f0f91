"""All endpoints of the API: what answers them, what they take, and whether they change anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from campanile.web.api import asking, changing, inputs, reading
from campanile.web.api.reading import Call

PREFIX: Final = "/api/v1"
_ONE = "/campaigns/{name}"
_RUN = f"{_ONE}/executions/{{execution}}"


@dataclass(frozen=True)
class Endpoint:
    """One way to call one operation; `takes` models its query (GET) or its body."""

    method: str
    path: str
    answer: Callable[[Call], Any]
    takes: type[BaseModel] = inputs.Nothing
    makes: bool = False  # a campaign that may not be there yet

    @property
    def changes(self) -> bool:
        """Whether something is different afterwards."""
        return self.method != "GET" and self.answer is not reading.plan

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in its path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def summary(self) -> str:
        """What it does, in the words of its docstring."""
        return (self.answer.__doc__ or "").partition("\n")[0]


ENDPOINTS: Final = (
    Endpoint("GET", "/campaigns", reading.campaigns, inputs.Wish),
    Endpoint("GET", _ONE, reading.campaign),
    Endpoint("PUT", _ONE, changing.upload, inputs.Text, makes=True),
    Endpoint("DELETE", _ONE, changing.step, inputs.Reason),
    Endpoint("GET", f"{_ONE}/versions/{{version}}", reading.version),
    Endpoint("POST", f"{_ONE}/plan", reading.plan, makes=True),
    Endpoint("GET", f"{_ONE}/preview", reading.look, inputs.Sample, makes=True),
    Endpoint("GET", f"{_ONE}/report", reading.reports, inputs.OneExecution),
    Endpoint("GET", f"{_ONE}/questions", asking.questions),
    Endpoint("POST", f"{_ONE}/questions/{{question}}", asking.reply, inputs.Reply),
    Endpoint("POST", f"{_ONE}/submit", asking.submit, inputs.WhichVersion),
    Endpoint("POST", f"{_ONE}/withdraw", asking.withdraw, inputs.Reason),
    Endpoint("POST", f"{_ONE}/publish", changing.make_live, inputs.WhichVersion),
    Endpoint("POST", f"{_ONE}/start", changing.start, inputs.Parameters),
    Endpoint("POST", f"{_ONE}/test", changing.test, inputs.Parameters),
    Endpoint("POST", f"{_ONE}/signal", changing.signal, inputs.Signal),
    Endpoint("POST", f"{_ONE}/duplicate", changing.copy, inputs.Copy),
    Endpoint("POST", f"{_ONE}/steps/{{step}}", changing.step, inputs.Reason),
    Endpoint("GET", f"{_ONE}/executions", reading.executions, inputs.Page),
    Endpoint("GET", f"{_RUN}/account", reading.account),
    Endpoint("POST", f"{_RUN}/confirm", changing.confirm, inputs.Confirmation),
    Endpoint("POST", f"{_RUN}/pause", changing.pause, inputs.Reason),
    Endpoint("POST", f"{_RUN}/resume", changing.resume, inputs.Reason),
    Endpoint("POST", f"{_RUN}/stop", changing.stop, inputs.Reason),
    Endpoint("POST", f"{_RUN}/restart", changing.restart, inputs.Restart),
    Endpoint("POST", f"{_RUN}/approve", changing.approve, inputs.Decision),
    Endpoint("POST", f"{_RUN}/reject", changing.reject, inputs.Decision),
)
