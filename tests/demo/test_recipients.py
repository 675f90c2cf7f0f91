from collections import Counter

from campanile.demo.recipients import Visit, visits

BASE = "http://127.0.0.1:8400"
TOKEN = "AQAAAAEAAAABmJq1bF1nQ2m5aQ"


def message(base: str = BASE) -> bytes:
    """A message as the renderer writes it: quoted-printable, with soft breaks inside links."""
    body = (
        f'<a href=3D"{base}/c/{TOKEN}/1">one</a>\r\n'
        f'<a href=3D"{base}/c/{TOKEN}/=\r\n2?v=3DZo%C3%AB&amp;m=3Dabc">two</a>\r\n'
        f'<a href=3D"https://shop.example/elsewhere">not ours</a>\r\n'
        f'<img src=3D"{base}/o/{TOKEN}.gif">\r\n'
    )
    head = (
        "Subject: Hello\r\n"
        f"List-Unsubscribe:\r\n <{base}/u/{TOKEN}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )
    return f"{head}\r\n{body}".encode()


def everybody(count: int = 4_000) -> list[tuple[Visit, ...]]:
    return [visits(f"<{number}@shop.example>", message(), BASE) for number in range(count)]


def test_the_same_message_is_treated_the_same() -> None:
    assert everybody(200) == everybody(200)


def test_nobody_follows_a_link_that_is_not_tracked() -> None:
    urls = {visit.url for found in everybody() for visit in found}
    assert urls == {
        f"{BASE}/c/{TOKEN}/1",
        f"{BASE}/c/{TOKEN}/2?v=Zo%C3%AB&m=abc",
        f"{BASE}/o/{TOKEN}.gif",
        f"{BASE}/u/{TOKEN}",
    }


def test_a_message_of_another_project_is_left_alone() -> None:
    other = message("http://127.0.0.1:9999")
    found = [visits(f"<{number}@x.example>", other, BASE) for number in range(500)]
    assert {visit.kind for each in found for visit in each} <= {"unsubscribed"}


def test_shares_are_those_of_an_ordinary_mailing() -> None:
    roles = Counter(found[0].role if found else "nobody" for found in everybody())
    assert 0.45 < roles["nobody"] / 4_000 < 0.53
    assert 0.34 < roles["person"] / 4_000 < 0.42
    assert 0.02 < roles["scanner"] / 4_000 < 0.04
    people = [found for found in everybody() if found and found[0].role == "person"]
    clicks = sum(any(visit.kind == "clicked" for visit in found) for found in people)
    assert 0.30 < clicks / len(people) < 0.40
    assert any(visit.kind == "unsubscribed" for found in people for visit in found)


def test_people_take_their_time_and_open_before_they_click() -> None:
    for found in everybody():
        if found and found[0].role == "person":
            assert found[0].kind == "opened"
            assert found[0].delay > 2
            assert [visit.delay for visit in found] == sorted(visit.delay for visit in found)


def test_scanners_follow_every_link_within_a_second() -> None:
    scanners = [found for found in everybody() if found and found[0].role == "scanner"]
    assert scanners
    for found in scanners:
        assert len({visit.url for visit in found if visit.kind == "clicked"}) == 2
        assert found[-1].delay < 1


def test_only_unsubscribing_changes_anything() -> None:
    for visit in (visit for found in everybody() for visit in found):
        assert (visit.method == "POST") == (visit.kind == "unsubscribed")
