"""A headless Chromium, driven through chromedriver (W3C WebDriver) with the standard library only."""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

CHROMIUM_ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1200,900",
]

# The state of the page, reported when a wait times out.
STATE = """return JSON.stringify({
    url: location.href, readyState: document.readyState, images: document.images.length,
    notLoaded: [...document.images].filter(image => !image.complete || !image.naturalWidth).map(image => image.src),
    loaded: performance.getEntriesByType("resource").map(entry => [entry.name, Math.round(entry.responseEnd)]),
})"""


class Browser:
    """One Chromium with a fresh profile. Use as a context manager."""

    def __init__(self, *arguments):
        for program, package in (("chromedriver", "chromium-driver"), ("chromium", "chromium")):
            if not shutil.which(program):
                sys.exit(f"{program} is missing: `apt-get install {package}`, or run .ci/install")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.root = f"http://127.0.0.1:{self._port()}"
        options = {
            "binary": shutil.which("chromium"),
            "args": [*CHROMIUM_ARGUMENTS, f"--user-data-dir={self.profile.name}", *arguments],
        }
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        }
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.session = "/session/" + session["sessionId"]

    def _port(self):
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                return int(line.rstrip(".\n").rsplit(" ", 1)[1])
        sys.exit("chromedriver did not start")

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from None

    def open(self, url):
        """Loads a page; returns once it is complete."""
        self._call("POST", self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        """Runs the body of a JavaScript function in the page and returns its value."""
        return self._call("POST", self.session + "/execute/sync", {"script": script, "args": arguments})

    def new_tab(self):
        """Opens a tab and switches to it."""
        tab = self._call("POST", self.session + "/window/new", {"type": "tab"})["handle"]
        self.switch(tab)
        return tab

    def tabs(self):
        """Returns the handles of all tabs."""
        return self._call("GET", self.session + "/window/handles")

    def switch(self, tab):
        """Switches to a tab."""
        self._call("POST", self.session + "/window", {"handle": tab})

    def devtools(self, command, **parameters):
        """Sends a command of the DevTools protocol and returns its result."""
        return self._call("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path):
        """Writes a PNG of the current tab."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._call("GET", self.session + "/screenshot")))

    def wait_for(self, condition, seconds=20):
        """Waits until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"return !!({condition})"):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {condition}; {self.run(STATE)}; {self.errors()}")
            time.sleep(0.05)

    def errors(self):
        """Returns the failed requests and console errors since the last call."""
        found = []
        urls = {}
        for entry in self._call("POST", self.session + "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            parameters = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                urls[parameters["requestId"]] = parameters["request"]["url"]
            # Not failures of the server: requests that the page cancelled (by a reload), and Chromium's own
            # background requests, which belong to no page.
            url = urls.get(parameters.get("requestId"))
            if message["method"] == "Network.loadingFailed" and url and not parameters.get("canceled"):
                found.append(f"{url}: {parameters['errorText']}")
            if message["method"] == "Network.responseReceived" and parameters["response"]["status"] >= 400:
                found.append(f"{parameters['response']['url']}: {parameters['response']['status']}")
        for entry in self._call("POST", self.session + "/se/log", {"type": "browser"}):
            if entry["level"] == "SEVERE":
                found.append(entry["message"])
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.profile.cleanup()
