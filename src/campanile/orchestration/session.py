"""One run's work on the segments of executions: begun once, ended when the run's steps are over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from campanile.errors import CampanileError
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_run import (
    CommittedOutput,
    OpenSession,
    Part,
    SegmentRun,
)
from campanile.operations.executing.segment_runs import begin_segment, fail_segment, finish_segment
from campanile.operations.project import Project
from campanile.orchestration.shapes import CampaignShape

SEGMENT_TAG = "campanile/segment"
ATTEMPT_TAG = "campanile/attempt"
EXECUTION_TAG = "campanile/execution"


@dataclass
class _Begun:
    run: SegmentRun
    left: set[str]
    failure: str | None = None


@dataclass
class SegmentSession:
    """The segments that a run works on; the clock's runs have one, a person's may have more.

    Dagster goes on with other steps after one failed, so a segment is reported as failed only when
    the run is over: its next attempt never overlaps this one.
    """

    project: Project
    run_id: str
    open_session: OpenSession
    tags: Mapping[str, str] = field(default_factory=dict)
    log: Callable[[str], None] = lambda _: None
    poke: Callable[[], object] = lambda: None  # the clock, once a segment is committed
    _begun: dict[tuple[str, str, str], _Begun] = field(default_factory=dict)

    def run_activity(
        self, campaign: CampaignShape, execution: str, segment: str, activity: str, part: Part
    ) -> tuple[SegmentRun, Sequence[CommittedOutput]]:
        """Commit the outputs of one activity of `execution`, or find them committed.

        Raises Refused when the segment does not fit: another version, a gate not due, inputs
        that are not committed, another run at work.
        """
        begun = self._begin(campaign, execution, segment)
        try:
            outputs = run_activity(begun.run, activity, part)
        except Exception as error:
            begun.failure = begun.failure or _reason(activity, error)
            raise
        begun.left -= {output.asset for output in outputs}
        return begun.run, outputs

    def close(self) -> None:
        """Report each begun segment as finished or failed; a part of one is left to the clock."""
        finished = False
        for begun in self._begun.values():
            begun.run.shared.close()
            if begun.failure is not None:
                self._fail(begun.run, begun.failure)
            elif not begun.left:
                finish_segment(begun.run)
                finished = True
        self._begun.clear()
        if finished:
            self.poke()  # what waits for the segment goes on at once

    def _begin(self, campaign: CampaignShape, execution: str, segment: str) -> _Begun:
        place = (campaign.name, execution, segment)
        if place not in self._begun:
            run = begin_segment(
                self.project,
                campaign.name,
                campaign.version,
                execution,
                segment,
                self.run_id,
                self._attempt(execution, segment),
                self.open_session,
            )
            self._begun[place] = _Begun(run, set(campaign.segment_assets(segment)))
            self.log(f"Segment '{segment}' of execution {execution} begun ({run.mode}).")
        return self._begun[place]

    def _fail(self, run: SegmentRun, reason: str) -> None:
        """Report a failure of our own segment; another run's is not ours to end."""
        row = self.project.store.segments.get(run.execution.id, run.segment)
        if row.run_id == self.run_id:
            fail_segment(run, reason)

    def _attempt(self, execution: str, segment: str) -> int | None:
        asked = (self.tags.get(EXECUTION_TAG), self.tags.get(SEGMENT_TAG))
        return int(self.tags[ATTEMPT_TAG]) if asked == (execution, segment) else None


def _reason(activity: str, error: Exception) -> str:
    text = str(error) if isinstance(error, CampanileError) else type(error).__name__
    return f"activity '{activity}': {text}"
