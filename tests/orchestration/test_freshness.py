from campanile.orchestration.freshness import Freshness


def test_a_location_that_goes_on_lacking_a_version_is_loaded_again_once(world):
    asked = []
    freshness = Freshness([("winback", 1)], asked.append)
    assert freshness.look(world.project) == frozenset()

    world.edit("campaigns/winback.yaml", ("customer_id > 0, note", "customer_id > 1, note"))
    world.publish()
    looks = [freshness.look(world.project) for _ in range(3)]

    assert looks == [frozenset(), {("winback", 2)}, frozenset()]
    assert asked == [world.project]


def test_a_version_no_longer_needed_is_no_reason_to_reload(world):
    asked = []

    Freshness([("winback", 1), ("winback", 2)], asked.append).look(world.project)

    assert asked == []
