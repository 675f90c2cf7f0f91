"""Places of files: one body for a folder, a real SFTP server and a real S3 server."""

import asyncio
import os
import threading
import warnings
from pathlib import Path

import pytest

from campanile.campaigns.connections import FolderConnection, S3Connection, SftpConnection
from campanile.errors import ConfigurationError, Refused
from campanile.warehouse.places.opening import Places
from campanile.warehouse.places.place import NoSuchFile, PlaceError, matching, part_path


class SftpServer:
    """An SSH server on a port of its own that serves one folder."""

    def __init__(self, root: Path, keys: Path) -> None:
        import asyncssh

        self.root = root
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self.known_hosts = keys / "known_hosts"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._server = listening.result(20)
        self.port = self._server.sockets[0].getsockname()[1]
        public = self.key.export_public_key().decode().strip()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {public}\n")

    async def _listen(self):
        import asyncssh

        root, user_key = self.root, self.user_key.convert_to_public()

        class Server(asyncssh.SSHServer):
            def begin_auth(self, username):
                return True

            def password_auth_supported(self):
                return True

            def validate_password(self, username, password):
                return (username, password) == ("shop", "letmein")

            def public_key_auth_supported(self):
                return True

            def validate_public_key(self, username, key):
                return key == user_key

        def served(channel):
            return asyncssh.SFTPServer(channel, chroot=str(root))

        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Server,
            server_host_keys=[self.key],
            sftp_factory=served,
        )

    def stop(self) -> None:
        async def stop():
            self._server.close()
            await self._server.wait_closed()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()


SECRETS = {"PASSWORD": "letmein", "WRONG": "no", "ACCESS": "key", "SECRET": "secret"}


def _secret(variable: str, what: str) -> str:
    if variable not in SECRETS:
        raise ConfigurationError(f"a password or key of {what} is missing.")
    return SECRETS[variable]


@pytest.fixture(scope="module")
def sftp(tmp_path_factory):
    root = tmp_path_factory.mktemp("served")
    (root / "home").mkdir()
    server = SftpServer(root, tmp_path_factory.mktemp("keys"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def s3():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import boto3
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="eu-west-3",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )
        where = {"LocationConstraint": "eu-west-3"}
        client.create_bucket(Bucket="exchange", CreateBucketConfiguration=where)
    yield url
    server.stop()


@pytest.fixture(params=["folder", "sftp", "s3"])
def place(request, tmp_path):
    """An empty place of each kind."""
    with _places(request, tmp_path, request.param).opened("there") as opened:
        for file in opened.list(""):
            opened.delete(file)
        yield opened


def _places(request, tmp_path, kind, **changes) -> Places:
    if kind == "folder":
        (tmp_path / "there").mkdir(exist_ok=True)
        connection = FolderConnection(type="folder", path="there")
    elif kind == "sftp":
        server = request.getfixturevalue("sftp")
        options = {
            "host": "127.0.0.1",
            "port": server.port,
            "username": "shop",
            "password_variable": "PASSWORD",
            "known_hosts": str(server.known_hosts),
            "root": "home",
            **changes,
        }
        connection = SftpConnection(type="sftp", **options)
    else:
        connection = S3Connection(
            type="s3",
            bucket="exchange",
            root="in",
            endpoint=request.getfixturevalue("s3"),
            region="eu-west-3",
            access_key_variable="ACCESS",
            secret_key_variable="SECRET",
        )
    return Places(tmp_path / "own", tmp_path, {"there": connection}, _secret)


def _put(place, tmp_path, path, content=b"hello", token="t1"):
    local = tmp_path / "local"
    local.write_bytes(content)
    place.put(local, path, token, lambda: None)


@pytest.mark.filterwarnings("ignore")
def test_a_file_goes_there_and_back_and_away(place, tmp_path):
    _put(place, tmp_path, "out/a.csv")
    _put(place, tmp_path, "out/b.csv", b"hello you")
    assert [f.name for f in matching(place, "out/*.csv")] == ["a.csv", "b.csv"]
    assert [f.name for f in matching(place, "out/")] == ["a.csv", "b.csv"]
    (found,) = matching(place, "out/b.csv")
    assert found.size == 9
    assert found.modified_at.tzinfo is not None
    place.fetch("out/b.csv", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"hello you"
    assert place.delete(found)
    assert matching(place, "out/b.csv") == []
    assert not place.delete(found)
    assert matching(place, "nowhere/*") == []
    with pytest.raises(NoSuchFile):
        place.fetch("out/b.csv", tmp_path / "copy2")


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_was_replaced_is_not_deleted(place, tmp_path):
    _put(place, tmp_path, "r.csv")
    (found,) = matching(place, "r.csv")
    _put(place, tmp_path, "r.csv", b"another", token="t2")
    assert not place.delete(found)
    assert matching(place, "r.csv")[0].size == 7


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.filterwarnings("ignore")
def test_what_is_cut_off_before_the_name_is_seen_by_nobody_and_completed_once(place, tmp_path):
    local = tmp_path / "local"
    local.write_bytes(b"whole")

    def kill():
        raise Killed

    with pytest.raises(Killed):
        place.put(local, "k/x.csv", "token", kill)
    assert matching(place, "k/*") == []
    if not place.complete("k/x.csv", "token", 5):
        place.put(local, "k/x.csv", "token", lambda: None)
    assert [f.size for f in matching(place, "k/*")] == [5]
    assert place.complete("k/x.csv", "token", 5)
    assert matching(place, f"k/{part_path('x.csv', 'token')}") == []


def test_a_finished_file_that_was_fetched_meanwhile_does_not_come_again(tmp_path):
    with Places(tmp_path / "own", tmp_path).opened(None) as place:
        _put(place, tmp_path, "x.csv")
        (tmp_path / "own" / "x.csv").unlink()
        assert place.complete("x.csv", "t1", 5)
        assert matching(place, "*") == []


@pytest.mark.parametrize("link", ["folder", "file"])
def test_links_out_of_a_folder_lead_nowhere(tmp_path, link):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("secret")
    own = tmp_path / "own"
    own.mkdir()
    if link == "folder":
        (own / "way").symlink_to(outside)
        path = "way/secret.csv"
    else:
        (own / "secret.csv").symlink_to(outside / "secret.csv")
        path = "secret.csv"
    with Places(own, tmp_path).opened(None) as place:
        with pytest.raises(PlaceError, match="leads out"):
            place.fetch(path, tmp_path / "copy")
        with pytest.raises(PlaceError, match="leads out"):
            _put(place, tmp_path, path)
        assert matching(place, "*") == []
    assert (outside / "secret.csv").read_text() == "secret"


def test_links_in_a_circle_and_pipes_are_no_files(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "a").symlink_to(own / "b")
    (own / "b").symlink_to(own / "a")
    os.mkfifo(own / "pipe")
    with Places(own, tmp_path).opened(None) as place:
        with pytest.raises(NoSuchFile):
            place.fetch("pipe", tmp_path / "copy")
        with pytest.raises(PlaceError):
            place.fetch("a", tmp_path / "copy")


@pytest.mark.filterwarnings("ignore")
def test_links_of_a_server_lead_nowhere(request, sftp, tmp_path):
    (sftp.root / "other").mkdir(exist_ok=True)
    (sftp.root / "other" / "secret.csv").write_text("secret")
    home = sftp.root / "home"
    (home / "way").symlink_to("../other")
    (home / "secret.csv").symlink_to("../other/secret.csv")
    try:
        with _places(request, tmp_path, "sftp").opened("there") as place:
            with pytest.raises(PlaceError):
                place.fetch("way/secret.csv", tmp_path / "copy")
            with pytest.raises(NoSuchFile):
                place.fetch("secret.csv", tmp_path / "copy")
            with pytest.raises(PlaceError):
                _put(place, tmp_path, "way/new.csv")
            assert "secret.csv" not in [f.name for f in place.list("")]
    finally:
        (home / "way").unlink()
        (home / "secret.csv").unlink()


@pytest.mark.filterwarnings("ignore")
def test_a_server_with_another_key_is_refused(request, sftp, tmp_path):
    import asyncssh

    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    strange = tmp_path / "known_hosts"
    strange.write_text(f"[127.0.0.1]:{sftp.port} {other}")
    places = _places(request, tmp_path, "sftp", known_hosts=str(strange))
    with pytest.raises(ConfigurationError, match="key is not the one"), places.opened("there"):
        pass
    places = _places(request, tmp_path, "sftp", known_hosts=str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="known hosts"), places.opened("there"):
        pass


@pytest.mark.filterwarnings("ignore")
def test_a_wrong_password_is_told_without_it(request, sftp, tmp_path):
    places = _places(request, tmp_path, "sftp", password_variable="WRONG")
    with pytest.raises(ConfigurationError, match="does not let") as refusal, places.opened("there"):
        pass
    assert SECRETS["WRONG"] not in str(refusal.value).split()


@pytest.mark.filterwarnings("ignore")
def test_a_private_key_opens_a_server(request, sftp, tmp_path, monkeypatch):
    monkeypatch.setitem(SECRETS, "KEY", sftp.user_key.export_private_key().decode())
    places = _places(request, tmp_path, "sftp", password_variable=None, key_variable="KEY")
    with places.opened("there") as place:
        assert place.find("nothing") is None


def test_nobody_but_a_connection_is_asked(tmp_path):
    with pytest.raises(Refused, match="no connection"), Places(tmp_path, tmp_path).opened("http"):
        pass
