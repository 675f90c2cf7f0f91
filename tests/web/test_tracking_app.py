"""What the public side promises to recipients, mail providers and the project."""

import asyncio
from urllib.parse import quote

import pytest

from campanile.web import pages
from campanile.web.answers import PIXEL

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def run(check):
    asyncio.run(check())


def kinds(hits):
    return [(hit.kind, hit.delivery, hit.ordinal, hit.link) for hit in hits]


def test_an_open_answers_the_pixel_and_is_recorded(site):
    async def check():
        async with site.client() as client:
            answer = await client.get(
                f"/o/{site.track()}.gif", headers={"User-Agent": "Mail", "Sec-Purpose": "prefetch"}
            )

            assert (answer.status_code, answer.content) == (200, PIXEL)
            assert answer.headers["cache-control"] == "no-store"
            assert kinds(site.events) == [("opened", 7, 3, None)]
            assert site.events[0].prefetch
            assert site.events[0].network == "203.0.113.0"

    run(check)


def test_a_click_goes_to_the_frozen_address(site):
    async def check():
        async with site.client() as client:
            answer = await client.get(f"/c/{site.track()}/1?next=https://evil.example")

            assert answer.status_code == 302
            assert answer.headers["location"] == "https://shop.example/sale?x=1"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert kinds(site.events) == [("clicked", 7, 3, 1)]

    run(check)


def test_a_click_is_durable_before_it_is_answered(site):
    async def check():
        release, order = asyncio.Event(), []
        loop = asyncio.get_running_loop()
        record = site.record

        def slow(hits):
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
            order.append("durable")
            record(hits)

        site.record = slow
        async with site.client() as client:
            await client.get("/health")
            asking = asyncio.create_task(client.get(f"/c/{site.track()}/1"))
            asking.add_done_callback(lambda _: order.append("answered"))
            loop.call_later(0.05, release.set)
            await asking

        assert order == ["durable", "answered"]

    run(check)


def test_many_clicks_at_once_share_few_commits(site):
    async def check():
        commits = []
        record = site.record
        site.record = lambda hits: (commits.append(len(hits)), record(hits))
        async with site.client() as client:
            paths = [f"/c/{site.track(ordinal=number)}/1" for number in range(50)]
            answers = await asyncio.gather(*map(client.get, paths))

        assert {answer.status_code for answer in answers} == {302}
        assert sorted(hit.ordinal for hit in site.events) == list(range(50))
        assert len(commits) < 25

    run(check)


@pytest.mark.parametrize(
    "path",
    ["/c/{other}/1", "/c/{unsub}/1", "/c/{track}/9", "/c/{track}/x", "/c/{track}", "/c//",
     "/c/{track}/1/2", "/c/{track}/-1", "/c/{unknown}/1", "/c/{track}/2",
     "/c/{track}/2?v=a&m=AAAAAAAAAAAAAA"],
)  # fmt: skip
def test_a_click_that_we_did_not_sign_goes_nowhere(site, path):
    async def check():
        async with site.client() as client:
            answer = await client.get(
                path.format(
                    track=site.track(),
                    other="A" * 26,
                    unsub=site.unsub(),
                    unknown=site.track(delivery=8),
                )
            )

            assert answer.status_code == 404
            assert "location" not in answer.headers
            assert site.events == []

    run(check)


def test_a_personal_link_needs_its_signature(site):
    async def check():
        token, value = site.track(), "a%20b?c=1"
        mac = site.keys.sign_value(token, 2, value)
        async with site.client() as client:
            answer = await client.get(f"/c/{token}/2?v={quote(value, safe='')}&m={mac}")
            changed = await client.get(f"/c/{token}/2?v={quote(value + 'x', safe='')}&m={mac}")

        assert answer.headers["location"] == "https://shop.example/order/a%20b?c=1"
        assert changed.status_code == 404

    run(check)


def test_each_variant_has_its_own_links(site):
    async def check():
        async with site.client() as client:
            calm = await client.get(f"/c/{site.track(delivery=9, ordinal=1)}/1")
            urgent = await client.get(f"/c/{site.track(delivery=9, ordinal=2)}/1")

        assert calm.headers["location"] == "https://shop.example/calm"
        assert urgent.headers["location"] == "https://shop.example/urgent"

    run(check)


def test_a_forged_open_gets_its_pixel_and_is_not_recorded(site):
    async def check():
        async with site.client() as client:
            for path in ("/o/x.gif", f"/o/{site.unsub()}.gif", "/o/"):
                assert (await client.get(path)).content == PIXEL

        assert site.events == []

    run(check)


def test_head_is_answered_without_a_body_and_recorded_as_such(site):
    async def check():
        async with site.client() as client:
            pixel = await client.head(f"/o/{site.track()}.gif")
            click = await client.head(f"/c/{site.track()}/1")

            assert (pixel.status_code, pixel.content) == (200, b"")
            assert click.status_code == 302
            assert [hit.method for hit in site.events] == ["HEAD", "HEAD"]

    run(check)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_the_unsubscribe_page_changes_nothing(site, method):
    async def check():
        async with site.client() as client:
            answer = await client.request(method, f"/u/{site.unsub()}")

            assert answer.status_code == 200
            assert answer.content == (pages.ASK if method == "GET" else b"")
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "set-cookie" not in answer.headers

        assert (site.events, site.opt_outs) == ([], [])

    run(check)


@pytest.mark.parametrize(
    "form",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"data": {"confirm": "unsubscribe"}},
    ],
    ids=["rfc8058", "rfc8058 multipart", "our button"],
)
def test_a_post_unsubscribes_without_login_or_redirect(site, form):
    async def check():
        async with site.client() as client:
            answer = await client.post(f"/u/{site.unsub()}", **form)
            again = await client.post(f"/u/{site.unsub()}", **form)

        assert answer.status_code == again.status_code == 200
        assert answer.content == pages.DONE
        assert "location" not in answer.headers
        assert kinds(site.opt_outs) == [("unsubscribed", 7, 3, None)] * 2

    run(check)


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 400),
        ({"data": {"List-Unsubscribe": "no"}}, 400),
        ({"content": b"x" * 9_000}, 413),
        ({"data": {f"a{n}": "" for n in range(50)}}, 400),
        ({"content": b"--", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
    ],
)  # fmt: skip
def test_a_post_that_is_no_wish_changes_nothing(site, form, status):
    async def check():
        async with site.client() as client:
            assert (await client.post(f"/u/{site.unsub()}", **form)).status_code == status

        assert site.opt_outs == []

    run(check)


def test_a_click_token_cannot_unsubscribe(site):
    async def check():
        async with site.client() as client:
            assert (await client.post(f"/u/{site.track()}", data=ONE_CLICK)).status_code == 404

        assert site.opt_outs == []

    run(check)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/o/{track}.gif", "GET, HEAD"),
        ("PUT", "/c/{track}/1", "GET, HEAD"),
        ("DELETE", "/u/{unsub}", "GET, HEAD, POST"),
    ],
)
def test_other_methods_are_refused_by_name(site, method, path, allowed):
    async def check():
        async with site.client() as client:
            answer = await client.request(
                method, path.format(track=site.track(), unsub=site.unsub())
            )

        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert (site.events, site.opt_outs) == ([], [])

    run(check)


def test_without_the_store_clicks_still_go_on_and_are_kept(site):
    async def check():
        async with site.client() as client:
            await client.get(f"/c/{site.track()}/1")
            site.is_down = True
            click = await client.get(f"/c/{site.track(ordinal=4)}/1")
            pixel = await client.get(f"/o/{site.track(ordinal=5)}.gif")
            gone = await client.post(f"/u/{site.unsub(ordinal=6)}", data=ONE_CLICK)
            unread = await client.get(f"/c/{site.track(delivery=8)}/1")
            health = (await client.get("/health")).json()

        assert (click.status_code, pixel.status_code, gone.status_code) == (302, 200, 200)
        assert unread.status_code == 503
        assert (health["status"], health["store"], health["spooling"]) == ("degraded", False, True)

        async with site.client() as client:  # a new process, the store still away
            again = await client.get(f"/c/{site.track(ordinal=7)}/1")
            assert again.headers["location"] == "https://shop.example/sale?x=1"

        site.is_down = False
        async with site.client() as client:
            while site.app.is_spooling():
                await asyncio.sleep(0)
            assert (await client.get("/health")).json()["spooling"] is False

        assert sorted(hit.ordinal for hit in site.events) == [3, 4, 5, 7]
        assert kinds(site.opt_outs) == [("unsubscribed", 7, 6, None)]

    run(check)


def test_an_opt_out_that_cannot_be_kept_is_not_confirmed(site):
    async def check():
        site.is_down = True
        (site.folder / "spool").write_text("a file where the spool's folder should be")
        async with site.client() as client:
            answer = await client.post(f"/u/{site.unsub()}", data=ONE_CLICK)

        assert (answer.status_code, answer.content) == (503, pages.UNAVAILABLE)

    run(check)


def test_a_client_that_tries_bad_links_is_slowed_but_its_good_links_work(site):
    async def check():
        async with site.client() as client:
            tries = [(await client.get("/c/nonsense/1")).status_code for _ in range(62)]
            good = await client.get(f"/c/{site.track()}/1")

        assert (tries[0], tries[-1], good.status_code) == (404, 429, 302)

    run(check)


def test_nothing_of_a_request_is_logged(site, caplog):
    async def check():
        async with site.client() as client:
            await client.get("/c/nonsense/1", headers={"User-Agent": "secret"})
            await client.get(f"/c/{site.track()}/1")
            site.is_down = True
            await client.get(f"/c/{site.track()}/1?who=ana@x.example")

        text = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("campanile"))
        assert "refused a batch" in text
        assert not any(word in text for word in ("ana", "secret", "203.0", site.track()))

    run(check)


def test_the_rest_is_small(site):
    async def check():
        async with site.client() as client:
            assert "Disallow: /" in (await client.get("/robots.txt")).text
            assert (await client.get("/")).status_code == 404
            assert (await client.get("/c/" + "a" * 5_000)).status_code == 414

    run(check)
