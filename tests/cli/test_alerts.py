"""Who is told of alerts, and signals that start and let go on, as typed."""

AWAIT = """\
  stocked: {type: await_signal, from: people, signal: in_stock, within: 14 days}
  tell: {type: alert, from: stocked, title: It came in}
"""


def test_somebody_subscribes_and_leaves_again(shop):
    assert shop("apply", "campaigns")[0] == 0
    code, said = shop("alerts", "subscribe", "ana@shop.example", "--campaign", "spring")
    assert (code, "Is told of alerts of 'spring'" in said) == (0, True)
    assert [one["campaign"] for one in shop.json("alerts", "list")["told"]] == ["spring"]
    assert shop("alerts", "subscribe", "ana@shop.example", "--campaign", "nowhere")[0] == 1
    assert shop("alerts", "unsubscribe", "ana@shop.example")[0] == 1
    assert shop("alerts", "unsubscribe", "ana@shop.example", "--campaign", "spring")[0] == 0
    assert shop.json("alerts", "list")["told"] == []


def test_a_signal_starts_once_under_its_key_and_lets_go_on_what_awaits_one(shop):
    file = shop.folder / "campaigns" / "spring.yaml"
    file.write_text(file.read_text().replace("asap", "{signal: true}") + AWAIT)
    assert shop("apply", "campaigns")[0] == 0, shop.err
    assert shop("publish", "spring", "--no-count")[0] == 0, shop.err

    code, said = shop("signal", "spring", "--param", "least=5", "--param", "x=1", "--key", "a")
    assert (code, "Not declared by 'spring'" in said) == (0, True)
    code, said = shop("signal", "spring", "--param", "least=5", "--param", "x=1", "--key", "a")
    assert (code, "had begun before" in said) == (0, True)
    code, _ = shop("signal", "spring", "--for", "in_stock")
    assert (code, "waits for 'in_stock'" in shop.err) == (1, True)
    assert shop("signal", "spring", "--for", "in_stock", "--param", "least=5")[0] == 2
    assert shop("signal", "spring", "--execution", "x")[0] == 2
