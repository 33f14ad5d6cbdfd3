"""A page of another site changes the address of its name to the device's (DNS rebinding): the device refuses requests for
that name, and answers those for a configured one. Arguments: the device's address, the configured name."""

import sys

from webdriver import Browser

ADDRESS, NAME = sys.argv[1:3]
SCRIPT = """return fetch("/_device/status.json").then(async answer => [answer.status, await answer.text()])"""

with Browser(f"--host-resolver-rules=MAP evil.example {ADDRESS}, MAP {NAME} {ADDRESS}") as browser:
    for host, expected in ((ADDRESS, 200), (NAME, 200), ("evil.example", 421)):
        browser.open(f"http://{host}/_device/")
        status, text = browser.run(SCRIPT)
        assert status == expected, (host, status, text)
        assert ("uptime_ms" in text) == (expected == 200), text
    assert "use the IP address" in browser.run("return document.body.textContent")
print("the page of the other site reads nothing")
