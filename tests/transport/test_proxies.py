"""The environment gives a proxy and nothing else: no credentials of ``.netrc`` are ever sent."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from cpl_async import Client, ConfigurationError
from cpl_async.settings import proxy_from
from cpl_async.transport.proxy import proxy_for

from ..contract.server import Server, serving

API = URL("https://api.dhl.com/ecs/ppl/myapi2/info")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        running.answer({})
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let nothing of this machine count, and give an entry of ``.netrc`` for each host."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login netrc-user password netrc-password\ndefault login d password d\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("trust_env", [True, False])
async def test_no_credentials_of_netrc_are_sent(server: Server, trust_env: bool) -> None:
    async with Client(client_id="a", client_secret="b", base_url=server.base_url, trust_env=trust_env) as client:
        await client.info.get(tries=1)
        await client.customer.get(tries=1)
    sent = {caught.path.rpartition("/")[2]: caught.headers.get("Authorization") for caught in server.caught}
    assert sent == {"info": None, "getAccessToken": None, "customer": "Bearer t0ken"}


async def test_credentials_in_the_address_of_a_label_are_not_sent(server: Server) -> None:
    async with Client(client_id="a", client_secret="b", base_url=server.base_url) as client:
        await client.data.get(server.base_url.replace("//", "//user:word@") + "/data/x", tries=1)
    assert server.caught[-1].headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("scheme", ["", "http://"])
@pytest.mark.parametrize("place", ["environment", "argument"])
async def test_the_proxy_gets_no_credentials_of_netrc(
    server: Server, monkeypatch: pytest.MonkeyPatch, scheme: str, place: str
) -> None:
    address = scheme + URL(server.base_url).authority
    if place == "environment":
        monkeypatch.setenv("HTTP_PROXY", address)
    client = Client(
        client_id="a",
        client_secret="b",
        base_url="http://127.0.0.9:1/base",
        proxy=address if place == "argument" else None,
        trust_env=True,
    )
    async with client:
        await client.customer.get(tries=1)
    assert [caught.headers["Host"] for caught in server.caught] == ["127.0.0.9:1"] * 2
    assert not any("Proxy-Authorization" in caught.headers for caught in server.caught)


async def test_credentials_of_the_proxy_go_to_the_proxy(server: Server) -> None:
    address = f"user:p%40ss@{URL(server.base_url).authority}"
    async with Client(client_id="a", client_secret="b", base_url="http://127.0.0.9:1/base", proxy=address) as client:
        await client.info.get(tries=1)
    expected = "Basic " + base64.b64encode(b"user:p@ss").decode()
    assert server.caught[-1].headers["Proxy-Authorization"] == expected
    assert "Authorization" not in server.caught[-1].headers


def test_the_environment_counts_only_where_it_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:3128")
    assert proxy_for(API, proxy=None, trust_env=False) is None
    assert proxy_for(API, proxy=None, trust_env=True) == "http://127.0.0.1:3128"
    assert proxy_for(API, proxy="http://set:1", trust_env=True) == "http://set:1"
    assert proxy_for(URL("http://127.0.0.1/"), proxy=None, trust_env=True) is None
    monkeypatch.setenv("NO_PROXY", "localhost,.dhl.com")
    assert proxy_for(API, proxy=None, trust_env=True) is None
    monkeypatch.setenv("NO_PROXY", "dhl.example")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:word@127.0.0.1:1080")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY must be") as caught:
        proxy_for(API, proxy=None, trust_env=True)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "socks5://h:1",
        "ftp://h",
        "http://",
        "http://h:x",
        "h:99999999",
        "http://h h",
        "http://[::1",
        "://h",
        "",
        " ",
        "h\n:1",
    ],
)
def test_what_is_no_proxy_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="URL of an HTTP proxy"):
        proxy_from(address)
    for value in (address, f"user:word@{address}"):
        if value.strip():
            with pytest.raises(ConfigurationError) as caught:
                Client(client_id="a", client_secret="b", proxy=value if "://" in value else value + "://")
            assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "complete"),
    [
        ("127.0.0.1:3128", "http://127.0.0.1:3128"),
        (" proxy.example ", "http://proxy.example"),
        ("user:word@proxy:1", "http://user:word@proxy:1"),
        ("[::1]:3128", "http://[::1]:3128"),
        ("https://proxy:1", "https://proxy:1"),
    ],
)
def test_an_address_without_a_scheme_is_completed(address: str, complete: str) -> None:
    assert proxy_from(address) == complete
