"""Chromium without a window, driven over its own debugging pipe: no driver and no library beside it."""
import base64
import json
import os
import select
import shutil
import subprocess
import time


class Browser:
    """One browser with a profile of its own; `page` opens a tab."""

    PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

    def __init__(self, folder):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        command = [self.PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
                   "--force-color-profile=srgb", "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        # The browser reads from descriptor 3 and writes to descriptor 4.
        shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", shell, "browser", *command], pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"})
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._number, self._events = b"", 0, []

    def call(self, method, session=None, seconds=30, **parameters):
        """Sends a command and returns its result; events that come meanwhile are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        number, deadline = self._number, time.monotonic() + seconds
        while True:
            answer = self._message(deadline, method)
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._events.append(answer)

    def events(self, session, *methods):
        """What a tab told since the last time."""
        while select.select([self._in], [], [], 0)[0] or b"\0" in self._buffer:
            self._events.append(self._message(time.monotonic() + 5, "events"))
        found = [e for e in self._events if e.get("sessionId") == session and e["method"] in methods]
        self._events = [e for e in self._events if e not in found]
        return [e["params"] for e in found]

    def _message(self, deadline, what):
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self._in], [], [], left)[0], f"the browser did not answer {what} in time"
            octets = os.read(self._in, 1 << 20)
            assert octets, "the browser ended"
            self._buffer += octets
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def page(self, width=1280, height=900, dark=False, phone=False, scripts=True):
        return Page(self, width, height, dark, phone, scripts)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._out)
        os.close(self._in)


class Page:
    """A tab of a certain size."""

    def __init__(self, browser, width, height, dark, phone, scripts):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        if not scripts:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def open(self, url, headers=None):
        if headers:
            self.call("Network.setExtraHTTPHeaders", headers=headers)
        self.browser.events(self.session, "Page.loadEventFired")
        result = self.call("Page.navigate", url=url)
        assert "errorText" not in result, f"{url}: {result['errorText']}"
        deadline = time.monotonic() + 20
        while not self.browser.events(self.session, "Page.loadEventFired"):
            assert time.monotonic() < deadline, f"{url} was not loaded in time"
            select.select([], [], [], 0.02)
        return self

    def value(self, expression):
        """What an expression is in the page; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def complaints(self):
        """Errors and warnings of the console, exceptions, and what was asked of other hosts or refused."""
        found = [" ".join(str(a.get("value", a.get("description"))) for a in e["args"])
                 for e in self.browser.events(self.session, "Runtime.consoleAPICalled") if e["type"] in ("error", "warning", "assert")]
        found += [e["exceptionDetails"]["text"] for e in self.browser.events(self.session, "Runtime.exceptionThrown")]
        found += [f"{e['entry']['text']} {e['entry'].get('url', '')}" for e in self.browser.events(self.session, "Log.entryAdded")]
        found += [e["errorText"] for e in self.browser.events(self.session, "Network.loadingFailed") if not e.get("canceled")]
        return found

    def requests(self):
        return [e["request"]["url"] for e in self.browser.events(self.session, "Network.requestWillBeSent")]

    def type(self, selector, text, enter=True):
        self.value(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)
        if enter:
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)

    def hover(self, selector, share=0.5):
        box = self.value(f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
                         f" return [b.left + b.width * {share}, b.top + b.height / 2] }})()")
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])

    def screenshot(self, path, whole=True):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))
        with open(path, "wb") as f:
            f.write(base64.b64decode(picture["data"]))

    def _clip(self, whole):
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
