"""Prints how many milliseconds a page takes to load with an empty cache: the median of five. Arguments: its URL."""

import statistics
import sys

from webdriver import Browser

times = []
with Browser("--disable-http-cache") as browser:
    for _ in range(6):
        browser.open("about:blank")
        browser.open(sys.argv[1])
        times.append(browser.run("return performance.getEntriesByType('navigation')[0].loadEventStart"))
        complaints = browser.complaints()
        assert not complaints, complaints
# The first also starts the renderer.
print(statistics.median(times[1:]))
