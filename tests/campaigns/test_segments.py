import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.campaigns.graph import Graph, Vertex
from campanile.campaigns.progress import gate_reached, next_steps
from campanile.campaigns.segments import nearest_gates, segments


def vertex(name, *inputs, gate=False, channel=False, outputs=None, after=(), disabled=False):
    kind = "email" if channel else "wait" if gate else "filter" if inputs else "build_audience"
    extra = (f"{name}.excluded", f"{name}.failed") if channel else ()
    return Vertex(
        name=name,
        type=kind,
        inputs=tuple(inputs),
        after=tuple(after),
        outputs=(name, *extra) if outputs is None else outputs,
        gate=gate or channel,
        channel=channel,
        disabled=disabled,
    )


def graph(*vertices):
    return Graph({v.name: v for v in vertices})


@st.composite
def graphs(draw):
    """Random campaigns: any activity may read any output above it, or follow any activity."""
    vertices = []
    for number in range(draw(st.integers(1, 12))):
        name = f"a{number}"
        above = [output for v in vertices for output in v.outputs]
        names = [v.name for v in vertices]
        inputs = draw(st.lists(st.sampled_from(above), max_size=3, unique=True)) if above else []
        after = draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names else []
        kind = draw(st.sampled_from(["rows", "rows", "wait", "delivery", "end"])) if inputs else ""
        vertices.append(
            vertex(
                name,
                *inputs,
                gate=kind == "wait",
                channel=kind == "delivery",
                outputs=() if kind == "end" else None,
                after=after,
                disabled=draw(st.integers(0, 9)) == 0,
            )
        )
    return graph(*vertices)


def committer_of(graph, cut):
    """Which segment commits each transition."""
    found = {}
    for segment in cut:
        for name in segment.activities:
            for transition in graph[name].outputs or (name,):
                assert transition not in found
                found[transition] = segment.name
        for name in segment.plans:
            assert graph[name].plan not in found
            found[graph[name].plan] = segment.name
    return found


@given(graphs())
def test_every_activity_is_in_exactly_one_segment(graph):
    cut = segments(graph)
    members = [name for segment in cut for name in segment.activities]
    assert sorted(members) == sorted(graph.order)
    assert set(committer_of(graph, cut)) == set(graph.transitions)
    assert len({segment.name for segment in cut}) == len(cut)
    assert cut[0].name == "start"


@given(graphs())
def test_a_segment_reads_only_itself_and_earlier_segments(graph):
    cut = segments(graph)
    committer, done = committer_of(graph, cut), set()
    for segment in cut:
        assert {committer[transition] for transition in segment.inputs} <= done
        for name in segment.activities:
            needed = (graph[name].plan,) if graph[name].channel else graph[name].inputs
            for transition in needed:
                assert committer[transition] == segment.name or transition in segment.inputs
        done.add(segment.name)


@given(graphs())
def test_no_gate_stands_inside_a_segment_nor_above_another_nearest_gate(graph):
    above = nearest_gates(graph)
    for segment in segments(graph):
        for name in segment.activities:
            expected = (name,) if graph[name].gate else above[name]
            assert expected == segment.gates
        for gate in segment.gates:
            assert not graph.ancestors(gate) & set(segment.gates)
            assert gate in segment.activities or all(
                gate in graph.ancestors(name) for name in segment.activities
            )


@given(graphs(), st.data())
def test_an_execution_finishes_whatever_the_order_and_arms_no_gate_that_is_not_reached(graph, data):
    cut = segments(graph)
    by_name = {segment.name: segment for segment in cut}
    committed, gates, states = {}, {}, {}
    unreached_gates = set()
    while True:
        steps = next_steps(graph, cut, committed, gates, states)
        again = next_steps(graph, cut, committed, gates, states)
        assert steps == again
        if steps.finished:
            break
        for gate in steps.arm:
            assert gate_reached(graph, gate, committed)
            gates[gate] = "armed"
        for name in steps.ready:
            states[name] = "started"
        moves = [("release", g) for g, state in gates.items() if state == "armed"]
        moves += [
            ("commit", v, segment)
            for segment, state in states.items()
            if state == "started"
            for v in runnable(graph, by_name[segment], committed)
        ]
        assert moves, "the execution is stuck"
        move = data.draw(st.sampled_from(moves))
        if move[0] == "release":
            gates[move[1]] = "released"
            continue
        transitions, inputs = move[1]
        reached = all(committed[i] for i in inputs) and data.draw(st.booleans())
        for transition in transitions:
            committed[transition] = reached
        unreached_gates |= {g for g in graph.order if gate_reached(graph, g, committed) is False}
    assert set(committed) == set(graph.transitions)
    assert not unreached_gates & set(gates)


def runnable(graph, segment, committed):
    """What a run of the segment could commit next: (transitions, the inputs they need)."""
    found = []
    for name in segment.activities:
        v = graph[name]
        inputs = (v.plan,) if v.channel else v.inputs
        found.append((v.outputs or (name,), inputs))
    found += [((graph[name].plan,), graph[name].inputs) for name in segment.plans]
    return [
        (transitions, inputs)
        for transitions, inputs in found
        if not set(transitions) <= set(committed) and all(i in committed for i in inputs)
    ]


def test_the_outputs_of_a_gate_begin_the_segment_behind_it():
    cut = segments(
        graph(
            vertex("who"),
            vertex("mail", "who", channel=True),
            vertex("rest", "mail", gate=True),
            vertex("silent", "rest"),
            vertex("lost", "mail.excluded"),
            vertex("phone", "silent", "lost"),
        )
    )
    assert [(s.name, s.activities, s.plans, s.opens) for s in cut] == [
        ("start", ("who",), ("mail",), ("mail",)),
        ("after__mail", ("mail", "lost"), (), ("rest",)),
        ("after__rest", ("rest", "silent", "phone"), (), ()),
    ]
    assert cut[0].assets == ("who", "mail__plan")
    assert cut[1].assets == ("mail", "mail__excluded", "mail__failed", "lost")


def test_a_join_of_two_gates_is_a_segment_of_its_own():
    cut = segments(
        graph(
            vertex("who"),
            vertex("one", "who", gate=True),
            vertex("two", "who", gate=True),
            vertex("both", "one", "two"),
        )
    )
    assert [s.name for s in cut] == ["start", "after__one", "after__two", "after__one__two"]
    assert cut[-1].inputs == ("one", "two")


@pytest.mark.parametrize(
    ("committed", "gates", "expected"),
    [
        ({}, {}, ((), ("start",), False)),
        ({"who": True}, {}, (("rest",), (), False)),
        ({"who": True}, {"rest": "armed"}, ((), (), False)),
        ({"who": True}, {"rest": "released"}, ((), ("after__rest",), False)),
        ({"who": False}, {}, ((), ("after__rest",), False)),
        ({"who": True, "rest": True}, {"rest": "released"}, ((), ("after__rest",), True)),
    ],
)
def test_a_wait_is_armed_released_or_passed_by(committed, gates, expected):
    campaign = graph(vertex("who"), vertex("rest", "who", gate=True))
    states = {"start": "succeeded"} if committed else {}
    steps = next_steps(campaign, segments(campaign), committed, gates, states)
    assert (steps.arm, steps.ready, steps.finished) == expected
