"""The service of a project as whoever starts it knows it: by signals."""

import signal

import pytest

from campanile.operations.hosting.service import Service


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_service_that_was_started_in_the_background(tmp_path, number):
    service = Service(folder=tmp_path, home=tmp_path, state=tmp_path, log=tmp_path / "log")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for `serve &`
    try:
        with service, pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
