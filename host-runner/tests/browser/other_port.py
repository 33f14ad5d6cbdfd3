"""Pages on another port of the device's address get its cookies, as browsers do not tell ports apart: they neither change
anything, nor replace the cookie. Arguments: the device's URL, the other port, the link with the token."""

import json
import sys

from webdriver import Browser

URL, PORT, LINK = sys.argv[1:4]
OTHER = f"{URL}:{PORT}"
PUT = """return fetch(arguments[0] + "/_device/ping", {method: "PUT", credentials: "include", mode: arguments[1],
body: '{"loss": 66}'}).then(answer => answer.status, error => "failed")"""
FORM = """const form = document.createElement("form");
form.method = "post"; form.enctype = "multipart/form-data"; form.action = arguments[0] + "/_device/";
form.innerHTML = '<input type="file" name="f">'; document.body.append(form); form.submit();"""
LOSS = "return fetch('/_device/status.json').then(answer => answer.json()).then(status => status.ping.loss_percent)"

with Browser() as browser:
    browser.open(LINK)
    before = browser.run(LOSS)
    names = [cookie["name"] for cookie in browser._call("GET", browser.session + "/cookie")]
    assert names == ["bareserve-token-80"], names

    browser.open(OTHER + "/_device/")
    assert browser.run(PUT, URL, "cors") == "failed"
    browser.run(FORM, URL)
    browser.wait_for("location.port === '' && document.readyState === 'complete'")
    assert "403 Forbidden" in browser.run("return document.title"), browser.run("return document.title")

    # A server on that port sets a cookie in the same way.
    browser.open(OTHER + "/_device/")
    browser.run(f"document.cookie = 'bareserve-token-{PORT}=' + 'x'.repeat(32) + '; path=/'")
    browser.open(URL + "/_device/")
    assert browser.run(LOSS) == before
    changed = browser.run("return fetch('/_device/ping', {method: 'PUT', body: arguments[0]}).then(a => a.status)",
                          json.dumps({"loss": before}))
    assert changed == 204, changed
print("the other port changes nothing")
