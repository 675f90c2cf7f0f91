from campanile.web.limits import BadTokenLimit


def test_bad_links_are_counted_by_client_and_window():
    now = [0.0]
    limit = BadTokenLimit(most=2, window=60, monotonic=lambda: now[0])

    assert [limit.is_exceeded("203.0.113.1") for _ in range(3)] == [False, False, True]
    assert not limit.is_exceeded("203.0.113.2")
    now[0] = 61
    assert not limit.is_exceeded("203.0.113.1")


def test_one_ipv6_network_is_one_client():
    limit = BadTokenLimit(most=1, monotonic=lambda: 0.0)

    assert not limit.is_exceeded("2001:db8::1")
    assert limit.is_exceeded("2001:db8::ffff:2")
    assert not limit.is_exceeded("2001:db8:0:1::1")


def test_memory_is_bounded():
    limit = BadTokenLimit(most=1, clients=10, monotonic=lambda: 0.0)

    for number in range(100):
        limit.is_exceeded(f"203.0.113.{number}")

    assert len(limit._seen) == 10
