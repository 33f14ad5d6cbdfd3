"""Uses the device page as a person does: it updates itself, its chart moves, the loss slider affects ping answers,
uploads arrive unchanged, and it renders in light and dark mode and at phone width. Arguments: the page's URL, the
link with the token, the number of bytes to upload, and optionally a folder for screenshots."""

import os
import pathlib
import socket
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from webdriver import Browser

URL, LINK = sys.argv[1:3]
SIZE = int(sys.argv[3])
SCREENSHOTS = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None
HOST = urllib.parse.urlsplit(URL).hostname
LIVE = "document.getElementById('link').dataset.state === 'live'"
PICTURE = "document.querySelector('#traffic path.out:last-of-type').getAttribute('d')"
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).backgroundColor"


def take_screenshot(browser, name):
    if SCREENSHOTS:
        browser.screenshot(SCREENSHOTS / f"{name}.png")


def check(browser):
    errors = browser.errors()
    assert not errors, errors


def pings_answered(count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.3)
        answered = 0
        for number in range(count):
            sock.sendto(b"ping %d" % number, (HOST, 12000))
            try:
                sock.recv(100)
                answered += 1
            except TimeoutError:
                pass
    return answered


def set_loss(browser, percent):
    browser.run("const slider = document.getElementById('loss'); slider.value = arguments[0];"
                " slider.dispatchEvent(new Event('input')); slider.dispatchEvent(new Event('change'))", percent)
    browser.wait_for(f"status.ping.loss_percent === {percent}")


def set_colour_scheme(browser, scheme):
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    time.sleep(0.3)
    return browser.run(f"return {BACKGROUND}")


with Browser() as browser:
    # Without the token the page is read-only.
    browser.open(URL)
    browser.wait_for(LIVE)
    assert browser.run("return document.getElementById('upload').hidden && document.getElementById('loss').disabled")

    browser.open(LINK)
    browser.wait_for(LIVE)
    assert "token" not in browser.run("return location.href")
    assert not browser.run("return document.cookie"), "the token's cookie is readable by scripts"
    browser.wait_for("!document.getElementById('upload').hidden && !document.getElementById('loss').disabled")

    before = browser.run(f"return {PICTURE}")
    browser.wait_for(f"{PICTURE} !== {before!r}", 5)

    set_loss(browser, 0)
    assert pings_answered(10) == 10
    set_loss(browser, 100)
    assert pings_answered(5) == 0
    set_loss(browser, 0)
    assert pings_answered(3) == 3

    with tempfile.NamedTemporaryFile(prefix="upload-", suffix=".bin") as file:
        content = os.urandom(SIZE)
        file.write(content)
        file.flush()
        name = pathlib.Path(file.name).name
        field = browser._call("POST", browser.session + "/element", {"using": "css selector", "value": "#file"})
        field = next(iter(field.values()))
        browser._call("POST", f"{browser.session}/element/{field}/value", {"text": file.name})
        browser.run("document.getElementById('upload').requestSubmit()")
        browser.wait_for(f"document.getElementById('message').textContent === '{name} is stored.'", 30)
        browser.wait_for(f"document.getElementById('files').textContent.includes('{name}')")
        with urllib.request.urlopen(urllib.parse.urljoin(URL, "/" + name)) as answer:
            assert answer.read() == content, "the stored upload differs"

        # The same without JavaScript: the browser submits the form itself and is redirected to the page.
        content = os.urandom(SIZE)
        file.seek(0)
        file.write(content)
        file.flush()
        browser._call("POST", f"{browser.session}/element/{field}/value", {"text": file.name})
        browser.run("document.getElementById('upload').submit()")
        browser.wait_for("location.pathname === '/_device/' && document.readyState === 'complete'")
        browser.wait_for(LIVE)
        with urllib.request.urlopen(urllib.parse.urljoin(URL, "/" + name)) as answer:
            assert answer.read() == content, "the stored file of the form differs"

    time.sleep(3)
    light = set_colour_scheme(browser, "light")
    take_screenshot(browser, "light")
    dark = set_colour_scheme(browser, "dark")
    take_screenshot(browser, "dark")
    assert light != dark, "both colour schemes have the same background"
    browser.devtools("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
    time.sleep(0.5)
    take_screenshot(browser, "phone")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), "the page is wider than a phone"
    check(browser)
print("the page works")
