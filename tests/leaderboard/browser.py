"""A real headless Chromium, driven over plain HTTP (W3C WebDriver and its CDP extension)."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " "}


class Browser:
    """One session. Every method is one WebDriver command, or a few."""

    def __init__(self, address: str, profile: Path) -> None:
        self._address = address
        options = {"binary": CHROMIUM, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        logs = {"browser": "ALL", "performance": "ALL"}
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": logs,
        }
        self._session = ""
        found = self._send("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{found['sessionId']}"

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(
            f"{self._address}{self._session}{path}",
            data,
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            with error:
                raise RuntimeError(f"{method} {path}: {error.read().decode()[:500]}") from None

    def open(self, path: Path) -> None:
        """Load a local file."""
        self._send("POST", "/url", {"url": path.as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page; ``return`` gives the value."""
        return self._send("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def press(self, *keys: str) -> None:
        """Press and release keys, by name or as characters, wherever the focus is."""
        actions = []
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self._send(
            "POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": actions}]}
        )

    def emulate(self, command: str, **parameters: Any) -> None:
        """One DevTools command."""
        self._send("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path: Path) -> None:
        """The visible part of the page, as PNG."""
        path.write_bytes(base64.b64decode(self._send("GET", "/screenshot")))

    def console(self) -> list[str]:
        """Everything the console said since the last call."""
        return [entry["message"] for entry in self._send("POST", "/se/log", {"type": "browser"})]

    def requests(self, page: Path) -> list[str]:
        """The addresses that ``page`` asked for since the last call, its own included."""
        found = []
        for entry in self._send("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            asked = message["params"]
            # The browser's own start page may still be loading beside ours.
            if (
                message["method"] == "Network.requestWillBeSent"
                and asked["documentURL"] == page.as_uri()
            ):
                found.append(asked["request"]["url"])
        return found

    def source(self) -> str:
        """The document as markup."""
        return str(self._send("GET", "/source"))

    def quit(self) -> None:
        """End the session and the browser."""
        self._send("DELETE", "")


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser with an empty profile in ``folder``, ended with its driver."""
    assert DRIVER is not None
    with subprocess.Popen(
        [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as driver:
        assert driver.stdout is not None
        try:
            said = ""
            while not (port := re.search(r"successfully on port (\d+)", said)):
                line = driver.stdout.readline()
                if not line:
                    raise RuntimeError(f"chromedriver ended: {said}")
                said += line
            browser = Browser(f"http://127.0.0.1:{port[1]}", folder / "profile")
            try:
                yield browser
            finally:
                browser.quit()
        finally:
            driver.terminate()
            driver.stdout.close()
