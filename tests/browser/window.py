"""A browser's window as a person has it: its size, light or dark, a keyboard; and what axe finds.

https://chromedevtools.github.io/devtools-protocol/, https://github.com/dequelabs/axe-core
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from tests.installed import Package, unpack_package

if TYPE_CHECKING:
    from tests.chromium import Chromium

AXE = Package(
    "axe-core",
    "4.14.1",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
TAB = 9
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def as_seen(
    chromium: Chromium, width: int, height: int, scheme: Literal["light", "dark"] = "light"
) -> None:
    """Sets the window: its size in CSS pixels, and what the device prefers."""
    chromium.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=False,
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.ask("Emulation.setEmulatedMedia", features=features)


def listen(chromium: Chromium) -> None:
    """Begins to hear of requests, of what is refused, and of what a page says or throws."""
    for domain in ("Network", "Log", "Runtime"):
        chromium.ask(f"{domain}.enable")
    chromium.heard.clear()


def complaints(chromium: Chromium) -> list[str]:
    """What the browser refused, warned of or failed at since `listen`."""
    told = []
    for each in chromium.heard:
        params = each["params"]
        match each["method"]:
            case "Log.entryAdded":
                told.append(params["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                told.append(json.dumps(params, default=str))
            case "Page.javascriptDialogOpening":
                told.append(params["message"])
    return told


def asked_for(chromium: Chromium) -> list[str]:
    """The addresses that were asked for since `listen`, `data:` left out."""
    sent = [each for each in chromium.heard if each["method"] == "Network.requestWillBeSent"]
    urls = [str(each["params"]["request"]["url"]) for each in sent]
    return [url for url in urls if urlsplit(url).scheme != "data"]


def violations(chromium: Chromium) -> list[str]:
    """What axe finds wrong with the page, each with where."""
    # It runs beside the page, not in it: the page's policy lets no script in.
    tree = chromium.ask("Page.getFrameTree")["frameTree"]
    world = chromium.ask("Page.createIsolatedWorld", frameId=tree["frame"]["id"])
    context = world["executionContextId"]
    source = (unpack_package(AXE) / "axe.min.js").read_text("utf-8")
    chromium.ask("Runtime.evaluate", expression=source, contextId=context)
    options = json.dumps({"runOnly": STANDARDS, "resultTypes": ["violations"]})
    found: dict[str, Any] = chromium.ask(
        "Runtime.evaluate",
        expression=f"axe.run(document, {options}).then(found => JSON.stringify(found.violations))",
        contextId=context,
        awaitPromise=True,
        returnByValue=True,
    )
    assert "exceptionDetails" not in found, found
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in json.loads(found["result"]["value"])
        for node in each["nodes"]
    ]


def press(chromium: Chromium, key: str, code: int, text: str = "") -> None:
    """One key, down and up."""
    said: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": code}
    down = {**said, "text": text} if text else said
    chromium.ask("Input.dispatchKeyEvent", type="keyDown", **down)
    chromium.ask("Input.dispatchKeyEvent", type="keyUp", **said)


def walked(chromium: Chromium) -> tuple[int, list[dict[str, Any]]]:
    """How much there is to reach, and what that many presses of the tabulator key reach.

    Of each its name, how wide its outline is, how far down it stands, and whether it is seen.
    """
    wanted = chromium.run(
        "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select,"
        " summary')].filter(each => each.checkVisibility({contentVisibilityAuto: true})).length"
    )
    met: list[dict[str, Any]] = []
    for _ in range(int(wanted)):
        press(chromium, "Tab", TAB)
        met.append(
            chromium.run(
                "(() => { const it = document.activeElement, is = getComputedStyle(it),"
                " where = it.getBoundingClientRect();"
                " return {name: it.tagName, outline: parseInt(is.outlineWidth),"
                " top: where.top + scrollY, seen: where.width > 1 && where.bottom > 0}; })()"
            )
        )
    return int(wanted), met


def picture(chromium: Chromium, kind: Literal["png", "webp"] = "png") -> bytes:
    """The window as an image; WebP is a quarter of the size, and text in it is as sharp."""
    quality = {} if kind == "png" else {"quality": 85}
    chromium.ask("Emulation.setScrollbarsHidden", hidden=True)
    taken: dict[str, Any] = chromium.ask("Page.captureScreenshot", format=kind, **quality)
    return base64.b64decode(taken["data"])


def printed(chromium: Chromium) -> bytes:
    """The page as PDF, as its own style sheet wants it printed."""
    said = chromium.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    return base64.b64decode(said["data"])
