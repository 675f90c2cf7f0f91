from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campanile.campaigns.compiled import compile_campaign, definition_json, from_json, to_json
from campanile.campaigns.definition import Campaign
from campanile.campaigns.loading import load_campaign, load_definitions, read_campaign
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import FaultsFound, Refused

FIVE = Path(__file__).parent / "five"

CAMPAIGN = """\
name: welcome_back
schedule: {every: week, days: [mon], at: "09:00"}
parameters:
  most: {type: integer, default: 500, max: 2000}
  rest: {type: text, default: 3 days}
activities:
  lapsed:
    type: build_audience
    where:
      - sum(orders.amount, placed_at >= days_ago(365)) > 50
      - any: [not is_empty(email), "tier in ('gold', 'silver')"]
  one_each: {type: deduplication, from: lapsed,
    by: [lower(email)], order: [last_seen desc], complement: doubles}
  cells:
    type: split
    from: one_each
    subsets: {control: {limit: 10%, control: true}, vip: {where: tier = 'gold', limit: param.most}}
    complement: others
  known:
    type: enrichment
    from: cells.others
    add:
      spent: sum(orders.amount)
      last_orders: {lines: orders, take: 3, order: [placed_at desc], columns: {price: amount}}
  offer: {type: email, from: known, template: offer, topic: offers, pace: {rate: 600/minute}}
  pause_a_bit: {type: wait, from: offer, for: param.rest}
  keen:
    type: filter
    from: pause_a_bit
    where: |
      clicked(offer)
      and spent > 10
    complement: silent
  both: {type: combine, mode: union, from: [keen, keen.silent]}
  kept: {type: save_audience, from: both, audience: keen}
  told: {type: alert, from: cells.vip, title: VIP}
  done: {type: end, from: [kept, told]}
"""


def faults(project, text):
    return [str(fault) for fault in read_campaign(read_yaml(text, "c.yaml"), project)[1]]


def test_a_campaign_is_read_whole(project):
    campaign = load_campaign(CAMPAIGN, "c.yaml", project)
    assert list(campaign.activities)[:2] == ["lapsed", "one_each"]
    assert campaign.schedule.timezone == "Europe/Paris", "the project's"
    assert campaign.activities["offer"].pace.rate == 10


def test_a_compiled_version_is_the_same_after_storing(project):
    compiled = compile_campaign(load_campaign(CAMPAIGN, "c.yaml", project), project)
    assert from_json(to_json(compiled)) == compiled
    assert to_json(from_json(to_json(compiled))) == to_json(compiled)
    assert Campaign.model_validate(definition_json(compiled.campaign)) == compiled.campaign
    assert [segment.name for segment in compiled.segments] == [
        "start",
        "after__offer",
        "after__pause_a_bit",
    ]


def test_a_version_of_a_newer_product_is_refused(project):
    compiled = compile_campaign(load_campaign(CAMPAIGN, "c.yaml", project), project)
    newer = to_json(compiled).replace('"language_version":1', '"language_version":99')
    with pytest.raises(Refused, match="Upgrade"):
        from_json(newer)


NOT_BUILT = {
    "winter_sale": ["4:1", "27:5", "28:5", "29:83", "39:18"],
    "winback": ["15:77", "15:97"],
    "contract_renewal": [],
    "fair_letter": ["19:11"],
    "store_evening": [],
}


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_not_built_is_refused_by_name_in_its_place(project, name):
    document = read_yaml((FIVE / f"{name}.yaml").read_bytes(), "c.yaml")
    assert not document.faults
    campaign, found = read_campaign(document, project)
    assert campaign is None
    unbuilt = [f for f in found if f.code == "not_built"]
    assert sorted(f"{f.place.line}:{f.place.column}" for f in unbuilt) == sorted(NOT_BUILT[name])
    others = {fault.code for fault in found if fault.code != "not_built"}
    missing_here = {"unknown_template", "unknown_connection", "unknown_column"}
    assert others <= missing_here, "nothing else is wrong with it"


# What is written instead of a part of the campaign; § marks where the fault is.
CHANGES = [
    ("type: filter", "type: §filtre", "Did you mean 'filter'?"),
    ("type: filter", "type: §sms", "`sms` is not built yet"),
    ("where: |", "§were: |", "Did you mean 'where'?"),
    ("topic: offers", "topic: §offer", "Did you mean 'offers'?"),
    ("template: offer", "template: §ofer", "Did you mean 'offer'?"),
    ("template: offer", "template: §../offer", "no e-mail template"),
    ("topic: offers", "sender: §olds", "There is: news."),
    ("topic: offers", "§holdout: 5%", "`holdout` of email is not built yet"),
    ("from: one_each", "from: §one_eech", "Did you mean 'one_each'?"),
    ("from: cells.others", "from: §cells.other", "Did you mean 'others'?"),
    ("from: cells.others", "from: §cells", "has no main output"),
    ("from: cells.others", "from: §[cells.others, cells.vip]", "`combine` first"),
    ("offer: {type: email, from: known,", "§offer: {type: email, after: known,", "needs `from`"),
    ("from: known,", "from: §done,", "nothing leaves `done`"),
    ("type: build_audience", "type: build_audience\n    from: §keen", "takes no rows"),
    ("clicked(offer)", "clicked(§offr)", "Did you mean 'offer'?"),
    ("and spent > 10", "and §spnt > 10", "Did you mean 'spent'?"),
    ("and spent > 10", "and §spent > 'x'", "cannot be compared"),
    ("lower(email)", "§lowr(email)", "Did you mean 'lower'?"),
    ("[last_seen desc]", "[§last_sen desc]", "Did you mean 'last_seen'?"),
    ("\"tier in ('gold', 'silver')\"", "\"§tier in ('gold', 'sliver')\"", "sliver"),
    ("{limit: 10%, control", "{limit: §110%, control", "is not a size"),
    ("limit: param.most", "limit: §5%", "of matched"),
    ("limit: param.most", "limit: §param.mots", "Did you mean 'most'?"),
    ("default: 500", "default: §5000", "more than 2000"),
    ("complement: doubles", "complement: §from", "reserved"),
    ("complement: others", "complement: §vip", "a subset already"),
    ("name: welcome_back", "name: §Welcome", "is not a name"),
    ("  keen:\n", "  §Keen:\n", "is not a name"),
    ("  keen:\n", "  §report:\n", "reserved"),
    ("for: param.rest", "for: §soon", "is not a duration"),
    (
        "pause_a_bit: {type: wait, from: offer, for: param.rest}",
        "§pause_a_bit: {type: wait, from: offer, for: 1 day, until: 09:00}",
        "either `for`, `until` or `between`",
    ),
    ("mode: union", "mode: §unite", "Did you mean 'union'?"),
    ("mode: union", "§modus: union", "Did you mean 'mode'?"),
    ("audience: keen", "audience: keen, mode: §add", "append"),
    ("600/minute", "§600", "is not a rate"),
    ("schedule: {every: week", "§schedule: {evry: week", "no start"),
    ("days: [mon]", "days: [§moon]", "is not a day"),
    (
        "schedule: {every: week, days: [mon]",
        "§schedule: {every: month, months: [feb], days: ['30']",
        "no day on which",
    ),
    ("rest: {type: text, default: 3 days}", "§rest: {type: text}", "`rest` has no default"),
    ('at: "09:00"}', 'at: "09:00", §late: param.rst}', "Did you mean 'rest'?"),
    (
        'schedule: {every: week, days: [mon], at: "09:00"}',
        "§schedule: {every: 10 minutes}",
        "may take longer",
    ),
    (
        "complement: others",
        "complement: others\n    §checks: [hold: count() > 1]",
        "no main output",
    ),
    ("title: VIP", "title: VIP, checks: [hold: count(§x = 1) = 0]", "'x'"),
    ("title: VIP", "title: VIP, checks: [hold: count(§in_transition(kept)) = 0]", "comes before"),
    ("title: VIP", "title: VIP, checks: [hold: §tier = 'gold']", "one value for all"),
    ("title: VIP", "title: VIP, checks: [§{hold: count() > 1, warn: count() > 2}]", "either"),
    ("from: [kept, told]", "from: [kept, told], disabled: §perhaps", "true or false"),
    ("from: [kept, told]", "from: [kept, §tolt]", "Did you mean 'told'?"),
    ("name: welcome_back", "name: welcome_back\n§goals: {a: b}", "`goals` is not built"),
    ("name: welcome_back", "name: welcome_back\nformat: §2", "`format`"),
    ("name: welcome_back\n", "§", "`name` of the file is missing"),
    (
        "one_each: {type: deduplication, from: lapsed",
        "§one_each: {type: deduplication, from: keen",
        "→",
    ),
    ("type: build_audience\n    where", "type: incoming\n    §where", "not an option of incoming"),
    ("type: build_audience", "type: build_audience\n    dimension: §custmer", "Did you mean"),
]


@pytest.mark.parametrize(("old", "new", "word"), CHANGES)
def test_a_fault_has_its_place_and_remedy(project, old, new, word):
    assert CAMPAIGN.count(old) == 1
    marked = CAMPAIGN.replace(old, new)
    before = marked[: marked.index("§")]
    place = f"c.yaml:{before.count(chr(10)) + 1}:{len(before.split(chr(10))[-1]) + 1}:"
    found = faults(project, marked.replace("§", ""))
    assert any(line.startswith(place) and word in line for line in found), (place, found)


def test_all_faults_are_found_at_once(project):
    text = CAMPAIGN
    for old, new in [
        ("type: filter", "type: sms"),
        ("lower(email)", "lowr(email)"),
        ("[mon]", "[x]"),
    ]:
        text = text.replace(old, new)
    text = text.replace("template: offer", "template: ofer").replace("title: VIP", "titel: VIP")
    found = faults(project, text)
    for word in ("`sms`", "lowr", "`x` is not a day", "templates/ofer", "titel"):
        assert any(word in line for line in found), (word, found)


def test_a_broken_line_hides_neither_other_faults_nor_invents_any(project):
    text = CAMPAIGN.replace("title: VIP}", "title: 'VIP' now}").replace("take: 3", "tak: 3")
    broken, unknown = sorted(faults(project, text), reverse=True)
    assert unknown.startswith("c.yaml:24:36: `tak` is not an option")
    assert broken.startswith("c.yaml:36:")
    assert "closing quote" in broken


def test_a_cycle_is_named(project):
    text = CAMPAIGN.replace("from: lapsed,", "from: keen,")
    (line,) = [line for line in faults(project, text) if "→" in line]
    assert "one_each → cells → known → offer → pause_a_bit → keen → one_each" in line


def test_silence_of_people_who_were_never_written_to_is_a_warning(project):
    quiet = "  quiet: {type: filter, from: cells.vip, where: not opened(offer)}\n"
    campaign, found = read_campaign(read_yaml(CAMPAIGN + quiet, "c.yaml"), project)
    assert campaign is not None
    assert [(f.severity, f.place.line, f.place.column) for f in found] == [("warning", 38, 49)]
    asked = quiet.replace("not opened", "sent(offer) and not opened")
    assert faults(project, CAMPAIGN + asked) == []


def test_more_than_ten_messages_are_refused(project):
    text = "name: a\nactivities:\n  all: {type: build_audience}\n" + "".join(
        f"  m{n}: {{type: email, from: all, template: offer}}\n" for n in range(11)
    )
    assert any("11 channel activities; 10 at most" in line for line in faults(project, text))


def test_a_row_that_is_no_person_needs_per(project):
    text = (
        "name: a\ndimension: contract\nactivities:\n  all: {type: build_audience}\n"
        "  m: {type: email, from: all, template: offer}\n"
    )
    assert any("`per` is missing" in line for line in faults(project, text))
    assert faults(project, text.replace("offer}", "offer, per: row}")) == []


def test_sets_of_two_dimensions_do_not_go_together(project):
    text = (
        "name: a\nactivities:\n  all: {type: build_audience}\n"
        "  contracts: {type: build_audience, dimension: contract}\n"
        "  both: {type: combine, mode: union, from: [all, contracts]}\n"
    )
    assert any(line.startswith("c.yaml:5:50") for line in faults(project, text))


def test_parameters_are_checked_and_read(project):
    campaign = load_campaign(CAMPAIGN, "c.yaml", project)
    assert campaign.parameter_values({"most": "20"}) == {"most": 20, "rest": "3 days"}
    for wrong in ({"most": "x"}, {"most": "2001"}, {"mots": "1"}):
        with pytest.raises(Refused):
            campaign.parameter_values(wrong)


def test_a_project_is_read_and_one_bad_campaign_takes_no_other_down(folder):
    (folder / "campaigns" / "good.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (folder / "campaigns" / "bad.yaml").write_text("name: bad\n", encoding="utf-8")
    loaded = load_definitions(folder, environment="test")
    assert list(loaded.campaigns) == ["welcome_back"]
    assert list(loaded.broken) == ["campaigns/bad.yaml"]
    assert loaded.messages == {"welcome_back.offer": "recipient"}
    assert loaded.project.tracking.base_url == "https://test.example"


def test_faults_of_all_project_files_come_together(folder, tmp_path):
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "a.yaml").write_text("entities: {a: {ky: b}}\n")
    (tmp_path / "channels.yaml").write_text("senders: {a: {from: nobody, connection: b}}\n")
    (tmp_path / "campanile.yaml").write_text("name: x\ntimezone: Paris\n")
    with pytest.raises(FaultsFound) as caught:
        load_definitions(tmp_path)
    assert {f.place.file for f in caught.value.faults} == {
        "campanile.yaml",
        "catalog/a.yaml",
        "channels.yaml",
    }


lines = CAMPAIGN.split("\n")
fragments = st.sampled_from(
    [*"{}[]:#'\"&*!|>-,\t\x00 ", "from: ", "where: ", "&a ", "{{ x }}", "param.", "é"]
)


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_whatever_a_campaign_file_holds_only_faults_in_it_are_raised(project, data):
    text = CAMPAIGN
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        drop = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(fragments) + text[at + drop :]
    _only_faults(project, text)


@settings(deadline=None)
@given(content=st.text(max_size=80) | st.binary(max_size=80))
def test_garbage_is_a_fault(project, content):
    _only_faults(project, content)


def _only_faults(project, content):
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    _, found = read_campaign(read_yaml(content, "c.yaml"), project)
    count = text.count("\n") + 1
    assert all(f.place.file == "c.yaml" and 1 <= f.place.line <= count for f in found)
    if any(fault.severity == "error" for fault in found):
        with pytest.raises(FaultsFound):
            load_campaign(content, "c.yaml", project)
