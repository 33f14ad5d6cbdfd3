"""Prints the time in milliseconds to load a page with an empty cache: the median of five. Arguments: its URL."""

import statistics
import sys

from webdriver import Browser

times = []
with Browser("--disable-http-cache") as browser:
    for _ in range(6):
        browser.open("about:blank")
        browser.open(sys.argv[1])
        times.append(browser.run("return performance.getEntriesByType('navigation')[0].loadEventStart"))
        errors = browser.errors()
        assert not errors, errors
# The first load is discarded: it includes the start of the renderer.
print(statistics.median(times[1:]))
