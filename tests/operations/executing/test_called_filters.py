"""Filters in real executions: they reach messages and saved rows, and wait with their version."""

LETTER = """
name: spring
schedule: {every: day, at: "10:00", timezone: UTC}
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  offer: {type: email, from: gold, template: hello, topic: offers, confirm: false}
"""
NEXT = """
name: after
schedule: {every: day, at: "12:00", timezone: UTC}
activities:
  reached: {type: build_audience, where: reached_by_spring() or town(city => 'Nowhere')}
"""
WAITING = """
name: waits
schedule: {every: day, at: "10:00", timezone: UTC}
activities:
  people: {type: build_audience, where: town()}
  pause: {type: wait, from: people, for: 1 day}
  still: {type: filter, from: pause, where: town()}
"""
TOWN = """
{name: town, parameters: {city: {type: text, default: §}}, where: store.city = param.city}
"""


def write_filter(town, name: str, text: str) -> None:
    folder = town.project.folder / "filters"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text)
    town.read_files_again()


def test_a_filter_may_ask_about_the_messages_of_a_campaign(town):
    write_filter(town, "town", TOWN.replace("§", "Nice"))
    town.publish("spring", LETTER)
    write_filter(town, "reached", "{name: reached_by_spring, where: sent(spring.offer)}")
    town.publish("after", NEXT)
    town.clock.forward(hours=1, minutes=1)
    town.run()
    sent = {row.person for row in town.messages("spring", "offer") if row.state == "sent"}
    assert sent == {"1", "2", "3"}
    town.clock.forward(hours=2)
    town.run()
    assert town.rows("after.reached") == len(sent)


def test_an_execution_that_waits_goes_on_with_the_filter_it_began_with(town):
    write_filter(town, "town", TOWN.replace("§", "Nice"))
    town.publish("waits", WAITING)
    town.clock.forward(hours=1, minutes=1)
    town.run()
    assert town.rows("waits.people") == 5
    write_filter(town, "town", TOWN.replace("§", "Paris"))
    town.clock.forward(days=1)
    town.run()
    assert town.rows("waits.still") == 5
