from collections.abc import Callable
from pathlib import Path

from campanile.demo.mailbox import Mailbox, parse, part

Deliver = Callable[..., None]


def mailbox(folder: Path) -> Mailbox:
    return Mailbox(folder / "record.jsonl", folder / "messages")


def test_an_inbox_without_a_record_is_empty(tmp_path: Path) -> None:
    box = mailbox(tmp_path)
    assert box.refresh() == 0
    assert box.find("", 0, 10) == ([], 0)
    assert box.get(1) is None


def test_the_newest_message_comes_first(tmp_path: Path, deliver: Deliver) -> None:
    box = mailbox(tmp_path)
    for number in range(5):
        deliver(f"p{number}@example.com", f"Subject {number}")
    assert box.refresh() == 5
    found, matching = box.find("", 1, 2)
    assert [one.to for one in found] == ["p3@example.com", "p2@example.com"]
    assert matching == 5


def test_only_what_is_new_is_read(tmp_path: Path, deliver: Deliver) -> None:
    box = mailbox(tmp_path)
    deliver("a@example.com", "One")
    box.refresh()
    (tmp_path / "messages" / "1.eml").unlink()  # would fail if it were read again
    deliver("b@example.com", "Two")
    assert box.refresh() == 2


def test_a_line_that_is_being_written_waits(tmp_path: Path, deliver: Deliver) -> None:
    box = mailbox(tmp_path)
    deliver("a@example.com", "One", ends="")
    assert box.refresh() == 0
    with (tmp_path / "record.jsonl").open("a") as record:
        record.write("\n")
    assert box.refresh() == 1


def test_all_words_of_a_search_must_match_recipient_or_subject(
    tmp_path: Path, deliver: Deliver
) -> None:
    box = mailbox(tmp_path)
    deliver("zoe@example.com", "Wir haben Ihren Platz, Zoë")
    deliver("ana@example.com", "A voucher, Ana")
    box.refresh()
    assert [one.to for one in box.find("ZOE platz", 0, 9)[0]] == ["zoe@example.com"]
    assert box.find("zoe voucher", 0, 9) == ([], 0)


def test_subjects_and_parts_are_decoded(tmp_path: Path, deliver: Deliver) -> None:
    box = mailbox(tmp_path)
    deliver("a@example.com", "Zoë, we kept your place " * 5, html="<p>Grüße</p>")
    box.refresh()
    received = box.get(1)
    assert received is not None
    assert received.subject.startswith("Zoë, we kept your place Zoë")
    message = parse(box.source(received))
    assert "Grüße" in part(message, "html")
    assert part(message, "plain").strip() == "Hello in plain text"
