"""Opens every page of the built documentation in a headless Chromium: `make doc-check`.

Nothing may fail: no message of error on the console, no request that fails or leaves the machine, no link or picture
within the pages that leads nowhere. No page may be wider than a telephone. The tables of names may hold only what the
package registers. The search must find what there is.
"""

import functools
import http.server
import shutil
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

from gallery import registries

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LINKS = "[...document.links].map(a => a.href).concat([...document.images].map(image => image.src))"
ANCHORS = "[...document.querySelectorAll('[id]')].map(element => element.id)"
# boxes that ought to fit: code, formulas and tables inside them scroll by themselves
CUT_OFF = """['html', '.bd-article-container'].filter(name => {
  const box = document.querySelector(name);
  return box && box.scrollWidth > box.clientWidth;
})"""
NAMES = "[...document.querySelectorAll('table.registered td:first-child code:not(.xref)')].map(name => name.innerText)"
TELEPHONE = {"width": 390, "height": 844}
SEARCHES = {"dropout": "guide/dropout.html", "Maxout": "generated/skann.activations.Maxout.html"}


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *args) -> None:
        """Say nothing."""


def serve(folder: Path) -> str:
    """Serve a folder on this machine; return its address."""
    handler = functools.partial(QuietHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def watch(page: Page, root: str, problems: list[str]) -> None:
    """Note whatever goes wrong on a page from now on."""

    def note(what: str, is_bad: bool = True) -> None:
        if is_bad:
            problems.append(f"{page.url.removeprefix(root)}: {what}")

    page.on("console", lambda message: note(f"console: {message.text}", message.type in ("error", "warning")))
    page.on("pageerror", lambda error: note(f"script: {error}"))
    # what the next page cuts off is no failure
    page.on("requestfailed", lambda request: note(f"failed: {request.url}", "ABORTED" not in (request.failure or "")))
    page.on("response", lambda response: note(f"{response.status}: {response.url}", response.status >= 400))
    page.on("request", lambda request: note(f"leaves: {request.url}", not request.url.startswith((root, "data:"))))


def visit(
    page: Page, root: str, names: list[str], problems: list[str]
) -> tuple[dict[str, list[str]], dict[str, set[str]]]:
    """Open every page, note what it cuts off or should not list, and return each one's links and its anchors."""
    known = {repr(name) for registry in registries() for name in registry.names()}
    links, anchors = {}, {}
    for name in names:
        page.goto(root + name, wait_until="load")
        links[name] = page.evaluate(LINKS)
        anchors[name] = set(page.evaluate(ANCHORS))
        problems += [f"{name}: {listed} is not registered" for listed in page.evaluate(NAMES) if listed not in known]
        problems += [f"{name}: {box} is wider than {TELEPHONE['width']} pixels" for box in page.evaluate(CUT_OFF)]
    return links, anchors


def broken(folder: Path, root: str, links: dict[str, list[str]], anchors: dict[str, set[str]]) -> list[str]:
    """Return the links and pictures within the pages that lead nowhere."""
    problems = []
    for name, targets in links.items():
        for target in sorted(set(targets)):
            if not target.startswith(root):
                continue
            address, fragment = urldefrag(target)
            path = unquote(urlsplit(address).path).lstrip("/") or "index.html"
            is_there = (folder / path).is_file()
            if not is_there or (fragment and path in anchors and unquote(fragment) not in anchors[path]):
                problems.append(f"{name}: leads nowhere: {target.removeprefix(root)}")
    return problems


def unfound(page: Page, root: str) -> list[str]:
    """Return the searches that do not find the page they should."""
    problems = []
    for words, target in SEARCHES.items():
        page.goto(f"{root}search.html?q={words}")
        page.wait_for_selector("#search-results p.search-summary:not(:empty)")
        found = page.locator(f'#search-results a[href*="{target}"]')
        try:
            found.first.wait_for(timeout=10_000)
        except Exception:
            problems.append(f"search.html: {words!r} does not find {target}")
    return problems


def check(browser: Browser, folder: Path) -> list[str]:
    """Return what is wrong with the pages in a folder."""
    root = serve(folder)
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html") if "_static" not in path.parts)
    problems: list[str] = []
    page = browser.new_page(viewport=TELEPHONE)
    watch(page, root, problems)
    links, anchors = visit(page, root, names, problems)
    problems += broken(folder, root, links, anchors) + unfound(page, root)
    print(f"{len(names)} pages, {sum(map(len, links.values()))} links and pictures, {len(SEARCHES)} searches")
    return problems


def main() -> None:
    """Check the folder named on the command line; exit with 1 if anything is wrong."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        sys.exit("doc-check needs a Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        problems = check(browser, Path(sys.argv[1]).resolve())
        browser.close()
    print("\n".join(problems) or "nothing wrong")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
