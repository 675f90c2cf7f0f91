"""What a reader can follow or copy is there and right: links, anchors, examples."""

import re
from collections import Counter

import pytest

from campanile.activities.quotas import Distribution
from campanile.campaigns.channels_file import ChannelsFile
from campanile.campaigns.definitions import parse_file
from campanile.campaigns.filter_file import FilterFile
from campanile.campaigns.loading import load_campaign
from campanile.campaigns.project_file import ProjectFile
from campanile.campaigns.tests_file import CampaignTests
from campanile.catalog.loading import load_catalog
from campanile.catalog.yaml_source import read_yaml
from campanile.cli.reference.markdown import anchor
from campanile.errors import FaultsFound

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
FENCED = re.compile(r"^```.*?^```", re.M | re.S)
SOME = "activities: {some: {type: build_audience}}\n"
HANDED_OVER = "schedule: {on_feedback: welcome_back.offer, event: clicked}\n"


def text_of(page):
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page):
    """The anchors of a page as code hosts number them: the second of a name gets -1."""
    seen = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6}\s+(.*)$", text_of(page), re.M):
        name = anchor(re.sub(r"[`*]", "", heading))
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def test_every_link_leads_somewhere(pages, root):
    broken = []
    for page in pages:
        for groups in LINK.findall(text_of(page)):
            target = groups[0] or groups[1]
            if re.match(r"[a-z]+:", target):
                continue
            path, _, name = target.partition("#")
            aim = (page.parent / path).resolve() if path else page
            if not aim.exists() or (name and name not in anchors(aim)):
                broken.append(f"{page.relative_to(root)}: {target}")
    assert broken == []


def test_every_page_is_reached_from_the_map(root):
    docs = root / "docs"
    found, left = set(), [docs / "README.md", root / "README.md", root / "CONTRIBUTING.md"]
    while left:
        page = left.pop()
        if page in found or page.suffix != ".md":
            continue
        found.add(page)
        links = [a or b for a, b in LINK.findall(text_of(page))]
        paths = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
        left += [(page.parent / path).resolve() for path in paths if path]
    kept = {page for page in docs.rglob("*.md") if "decisions" not in page.parts}
    assert sorted(str(page.relative_to(root)) for page in kept - found) == []


def faults_of(block, shop):
    """What the product says of a block that is marked as a piece of a file."""
    kind = block.kind.split()[1]
    starts = HANDED_OVER if "type: incoming" in block.text else ""
    whole = {
        "campaign": block.text,
        "activities": f"name: example\n{starts}{block.text}",
        "schedule": f"name: example\n{block.text}{SOME}",
    }
    if kind in whole:
        try:
            load_campaign(whole[kind], "example.yaml", shop)
        except FaultsFound as found:
            return [str(fault) for fault in found.faults]
        return []
    faults = []
    if kind == "catalog":
        _, faults = load_catalog([read_yaml(block.text, "example.yaml")])
    elif kind in MODEL_OF:
        parse_file(read_yaml(block.text, "example.yaml"), MODEL_OF[kind], faults)
    return [str(fault) for fault in faults]


MODEL_OF = {
    "channels": ChannelsFile,
    "project": ProjectFile,
    "filter": FilterFile,
    "distribution": Distribution,
    "tests": CampaignTests,
}
KINDS = {"campaign", "activities", "schedule", "catalog", *MODEL_OF}


def test_every_example_of_a_file_is_right(blocks, shop):
    marked = [block for block in blocks if block.kind.startswith("yaml ")]
    unknown = [block.place for block in marked if block.kind.split()[1] not in KINDS]
    wrong = {
        b.place: found for b in marked if b.place not in unknown and (found := faults_of(b, shop))
    }
    assert unknown == []
    assert wrong == {}
    assert len(marked) > 20


@pytest.mark.parametrize("sign", ["activities:", "entities:", "senders:"])
def test_an_example_of_a_file_is_marked_as_what_it_is(blocks, sign):
    unmarked = [
        b.place for b in blocks if b.kind == "yaml" and re.search(rf"^{sign}", b.text, re.M)
    ]
    assert unmarked == []
