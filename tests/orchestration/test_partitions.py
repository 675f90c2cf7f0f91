from campanile.orchestration.partitions import add_partitions


def keys_of(instance):
    return list(instance.get_dynamic_partitions("execution__winback"))


def test_the_oldest_executions_are_dropped_but_never_live_ones(instance):
    first = [f"2026-11-{day:02}T09-00" for day in range(1, 11)]
    live = frozenset({"2026-11-02T09-00"})

    add_partitions(instance, {"winback": first}, lambda campaign: live, kept=10)
    add_partitions(instance, {"winback": ["2026-11-11T09-00"]}, lambda campaign: live, kept=8)

    assert keys_of(instance) == ["2026-11-02T09-00", *first[4:], "2026-11-11T09-00"]


def test_adding_twice_adds_once(instance):
    for _ in range(2):
        add_partitions(instance, {"winback": ["manual-1"]}, lambda campaign: frozenset())

    assert keys_of(instance) == ["manual-1"]


def test_executions_of_all_campaigns_are_added_together(instance):
    add_partitions(
        instance, {"winback": ["manual-1"], "welcome": ["b", "a", "b"]}, lambda _: frozenset()
    )

    assert keys_of(instance) == ["manual-1"]
    assert list(instance.get_dynamic_partitions("execution__welcome")) == ["a", "b"]


def test_dagster_is_asked_for_the_keys_of_campaigns_with_many_executions_only(instance):
    first = [f"2026-11-{day:02}T09-00" for day in range(1, 11)]
    nobody = frozenset[str]()

    add_partitions(instance, {"winback": first}, lambda _: nobody, kept=8, numbers={"winback": 8})
    assert keys_of(instance) == first

    add_partitions(instance, {"winback": []}, lambda _: nobody, kept=8, numbers={"winback": 10})
    assert keys_of(instance) == first[2:]
