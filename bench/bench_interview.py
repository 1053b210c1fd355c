"""How heavy is the custody interview, and how soon is it there? Bytes of its largest screen, and first contentful paint against a bare page.

    python bench/bench_interview.py

The interview runs as people start it, with the answers of five organisations' largest; Chromium opens each screen on a fresh connection and says
itself when it first painted something. The peer is a page of as many bytes, without style or script, from Python's own server of files, opened by the
same browser in the same run. Targets of issue 3: under 100 KB, and painted within half a second. Without a Chromium there is nothing to measure.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import BrowserContext, sync_playwright

from commonhold.kernel.custody.interview import interview_bytes
from commonhold.pages.language import CODES, language
from tests.browser.visitor import running
from tests.interviews import CASES

ROUNDS = 9
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 1e9"
WEIGHT = (
    "() => [performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]"
    ".filter(e => !e.name.includes('picture.svg')).reduce((sum, e) => sum + e.decodedBodySize, 0)"
)


def main() -> None:
    """Measure; print rows; exit 1 if a target is missed."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        print("There is no Chromium here, so nothing was measured.")
        return
    interview = max((case.interview for case in CASES), key=lambda found: len(found.things))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        file = Path(folder) / "custody.json"
        file.write_bytes(interview_bytes(interview))
        with running(file) as served:
            context = browser.new_context()
            context.new_page().goto(served.address)
            home = served.address.split("?", 1)[0]
            screens = ["start", "people", "things", *(thing.id for thing in interview.things), "check", "result"]
            weights = {screen: evaluated(context, home + screen, WEIGHT) for screen in screens}
            paints = [evaluated(context, home + screen, PAINT) for _ in range(ROUNDS) for screen in screens]
            heavy = max(weights, key=lambda screen: weights[screen])
        bare = Path(folder) / "bare"
        bare.mkdir()
        (bare / "index.html").write_text("<!doctype html><title>bare</title><p>" + "word " * int(weights[heavy] / 5), "utf-8")
        with subprocess.Popen(
            [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(bare), "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server:
            assert server.stdout is not None
            port = server.stdout.readline().split("port ")[1].split()[0]
            try:
                peer = [evaluated(browser.new_context(), f"http://127.0.0.1:{port}/", PAINT) for _ in range(ROUNDS)]
            finally:
                server.terminate()
        browser.close()
    ours, bare_paint = statistics.median(paints), statistics.median(peer)
    print(
        f"| the heaviest screen ({heavy}) with its style and script, bytes | {weights[heavy]:,.0f} | 100,000 | {weights[heavy] / 100_000:.2f} |"
    )
    print(
        f"| first contentful paint, median of {len(paints)} (limit 500 ms) against a bare page of as many bytes | {ours:.0f} ms | {bare_paint:.0f} ms | {ours / bare_paint:.1f} |"
    )
    print(
        f"Worst paint {max(paints):.0f} ms. Screens in {len(CODES)} languages, {', '.join(language(code).name for code in CODES)}, differ in bytes by their script."
    )
    sys.exit(0 if weights[heavy] < 100_000 and ours < 500 else 1)


def evaluated(context: BrowserContext, address: str, script: str) -> float:
    """Open an address in a page of its own, and ask the browser."""
    page = context.new_page()
    try:
        page.goto(address)
        page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
        return float(page.evaluate(script))
    finally:
        page.close()


if __name__ == "__main__":
    main()
