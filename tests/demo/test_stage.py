import smtplib
from importlib import resources
from pathlib import Path
from urllib.request import urlopen

import pytest

from campanile.demo.stage import Stage


@pytest.fixture
def template() -> Path:
    return Path(str(resources.files("campanile.demo"))) / "project"


def test_a_stage_receives_mail_and_leaves_no_port_open(template: Path, tmp_path: Path) -> None:
    with Stage.open(template, tmp_path / "demo") as stage:
        project = stage.project()
        assert project.base_url == stage.tracking_url
        assert {each.port for each in project.connections.values()} == {stage.ports.smtp}
        with smtplib.SMTP("127.0.0.1", stage.ports.smtp) as smtp:
            smtp.sendmail("a@shop.example", ["b@example.com"], "Subject: Hello\r\n\r\nHello\r\n")
        with urlopen(stage.inbox_url) as page:
            assert "b@example.com" in page.read().decode()
        with urlopen(f"{stage.tracking_url}/health") as health:
            assert b'"ok"' in health.read()
        assert stage.ended() == []
    for url in (stage.inbox_url, stage.tracking_url):
        with pytest.raises(OSError, match="refused"):
            urlopen(url)


def test_what_somebody_changed_in_the_copy_stays(template: Path, tmp_path: Path) -> None:
    campaign = tmp_path / "demo" / "campaigns" / "weekly_offer.yaml"
    with Stage.open(template, tmp_path / "demo"):
        campaign.write_text(campaign.read_text().replace("Weekly offer", "Mine"))
    with Stage.open(template, tmp_path / "demo") as stage:
        assert "label: Mine" in campaign.read_text()
        assert stage.messages.exists()
