"""No key, secret, passphrase or signature reaches a log or an error."""

import logging

import pytest
from aiohttp import web

from polyarb.venues.polymarket.urls import VenueUrls
from unit.venues.polymarket.desk import Desk
from unit.venues.polymarket.test_clob import KEY, SECRET, SIGNER, Clock, accepted, new_clob, orders


async def test_no_secret_reaches_a_log_or_an_error(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger at DEBUG, neither key, secret, passphrase nor signature is written."""
    caplog.set_level(logging.DEBUG)
    clob = new_clob(desk.urls, Clock())
    (order,) = orders(1)
    texts = []
    for reply in (accepted, lambda _: None, lambda s: web.Response(body=s.body, status=400)):
        desk.answer = reply
        texts.append(repr(await clob.post([order])))
    for ask in (clob.cancel(["0x1"]), clob.fills(["0x1"]), clob.balances(["1"])):
        with pytest.raises(Exception, match=r".") as caught:
            await ask
        texts.append(repr(caught.value) + repr(caught.value.__context__))
    await clob.aclose()

    written = caplog.text + "".join(texts) + repr(clob)
    signature = SIGNER.sign_order(order)
    hmacs = [s.headers["POLY_SIGNATURE"] for s in desk.seen]
    assert len(hmacs) == 6
    for secret in (KEY.hex(), SECRET, "the-passphrase", signature, signature[2:100], *hmacs):
        assert secret not in written


def test_the_canary_test_would_find_a_canary(caplog: pytest.LogCaptureFixture) -> None:
    """The log that the test above reads does hold what is logged on purpose."""
    caplog.set_level(logging.DEBUG)

    logging.getLogger("anything").debug("a canary: %s", SECRET)

    assert SECRET in caplog.text


def test_the_libraries_that_log_headers_are_silent() -> None:
    """HTTP/2's header compression logs every header at DEBUG; it must stay off."""
    new_clob(VenueUrls.local(1), Clock())

    assert not logging.getLogger("hpack.hpack").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("httpcore.http2").isEnabledFor(logging.DEBUG)
