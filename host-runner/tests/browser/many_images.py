"""A page with 20 images and two style sheets loaded in three tabs at once, three times; then repeated reloads for
ten seconds. No request may fail. (The page is stored, so it runs no script.) Arguments: the page's URL."""

import sys
import time

from webdriver import Browser

URL = sys.argv[1]
LOADED = "document.readyState === 'complete' && document.images.length === 20" \
    " && [...document.images].every(image => image.complete && image.naturalWidth > 0)" \
    " && getComputedStyle(document.body).marginTop === '7px' && getComputedStyle(document.body).paddingTop === '9px'"

with Browser() as browser:
    for round in range(3):
        first = browser.tabs()[0]
        for _ in range(3):
            browser.new_tab()
            # Starts loading without waiting, so that three tabs load at the same time.
            browser.run("location.href = arguments[0]", f"{URL}?round={round}")
        for tab in browser.tabs()[1:]:
            browser.switch(tab)
            browser.wait_for(LOADED)
            errors = browser.errors()
            assert not errors, errors
            browser._call("DELETE", browser.session + "/window")
        browser.switch(first)

    browser.open(URL)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        browser.devtools("Page.reload", ignoreCache=True)
        time.sleep(0.05)
    browser.wait_for(LOADED)
    errors = browser.errors()
    assert not errors, errors
print("no request failed")
