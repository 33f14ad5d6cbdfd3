"""A stored page with a script runs in no origin of the device: it neither reads the device's data nor changes anything,
even for a user who has the token. Arguments: the device's URL, the link with the token, the Authorization field."""

import json
import sys
import time
import urllib.parse
import urllib.request

from webdriver import Browser

URL, LINK, BEARER = sys.argv[1:4]
SCRIPT = """
document.title = "ran";
fetch("/_device/ping", {method: "PUT", body: '{"loss": 66}'});
fetch("/_device/", {method: "POST", body: new FormData()});
const form = document.createElement("form");
form.method = "post"; form.action = "/_device/"; form.enctype = "multipart/form-data";
"""
PAGE = f"""<!doctype html><title>stored</title><iframe src="/_device/"></iframe><p>text</p>
<form id="form" method="post" action="/_device/" enctype="multipart/form-data"><input name="a"></form>
<img src="x" onerror="document.title = 'ran'"><script>{SCRIPT}</script>"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg"><script>document.documentElement.setAttribute("id", "ran");
fetch("/_device/ping", {method: "PUT", body: '{"loss": 66}'})</script></svg>"""


def change(method, path, content=None):
    name, value = BEARER.split(": ", 1)
    request = urllib.request.Request(URL + path, content and content.encode(), {name: value}, method=method)
    urllib.request.urlopen(request).close()


def loss():
    with urllib.request.urlopen(URL + "/_device/status.json") as answer:
        return json.load(answer)["ping"]["loss_percent"]


before = loss()
with Browser() as browser:
    browser.open(LINK)
    assert urllib.parse.urlsplit(browser.run("return location.href")).path == "/_device/"
    # With the cookie, the device's own page may change the setting.
    changed = browser.run("return fetch('/_device/ping', {method: 'PUT', body: arguments[0]}).then(a => a.status)",
                          json.dumps({"loss": before}))
    assert changed == 204, changed
    # Markup under a name whose type is not markup is not taken for it.
    for path, content in (("/stored.html", PAGE), ("/stored.svg", SVG), ("/stored.txt", PAGE)):
        change("PUT", path, content)
        browser.open(URL + path)
        time.sleep(1)
        text = browser.devtools("Runtime.evaluate", expression="document.title + document.documentElement.id"
                                " + ' ' + self.origin")["result"]["value"]
        assert "ran" not in text, (path, text)
        if path != "/stored.txt":
            assert text.endswith("null"), (path, text)
        # A board's store has room for one of them.
        change("DELETE", path)
    assert loss() == before
print("a stored page does nothing")
