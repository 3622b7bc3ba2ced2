"""Shows a page in a headless Chromium, and says what it looks like there."""

from __future__ import annotations

import asyncio
import base64
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import define, field

__all__ = ["Browser", "chromium"]

FOUND = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@define
class Browser:
    """A page of a browser, by its debugging protocol."""

    socket: aiohttp.ClientWebSocketResponse
    asked: list[str] = field(factory=list)
    """Addresses that the page asked for."""
    _numbers: itertools.count[int] = field(factory=lambda: itertools.count(1))

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method and return its answer; events before it are looked at."""
        number = next(self._numbers)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        return (await self._until("id", number))["result"]  # type: ignore[no-any-return]  # it is JSON

    async def open(self, path: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Show a file in a window so wide."""
        await self.call("Network.enable")
        await self.call("Page.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.asked.clear()
        await self.call("Page.navigate", url=path.as_uri())
        await self._until("method", "Page.loadEventFired")

    async def value(self, script: str) -> Any:
        """Return what a script in the page comes to."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"]["value"]

    async def picture(self) -> bytes:
        """Return the whole page as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", captureBeyondViewport=True))["data"])

    async def printed(self) -> bytes:
        """Return the page as a printer gets it, as PDF."""
        answer = await self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(answer["data"])

    async def _until(self, name: str, value: object) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = await self.socket.receive_json(timeout=30)
            if message.get("method") == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
            if message.get(name) == value:
                return message


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Browser]:
    """Start a browser with a profile of its own, or skip the test where there is none."""
    if FOUND is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    profile = folder / "chromium"
    process = await asyncio.create_subprocess_exec(
        FOUND,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
        *("--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession() as session:
            base = f"http://127.0.0.1:{await _port(profile / 'DevToolsActivePort')}"
            async with session.get(f"{base}/json/list") as answer:
                pages = [target for target in await answer.json() if target["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Browser(socket)
    finally:
        process.terminate()
        await process.wait()


async def _port(file: Path) -> int:
    async with asyncio.timeout(30):
        while not (lines := _lines(file)):
            await asyncio.sleep(0.05)
    return int(lines[0])


def _lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []
