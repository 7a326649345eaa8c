"""Drives JupyterLab in Chromium as a student would: open a notebook, type, press Shift+Enter."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from helpers import ROOT
from helpers.course import build

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip


def clone(folder: Path) -> Path:
    """Copy the course as a fresh clone has it, with untouched notebooks, and return its root."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True,
                            capture_output=True, check=True).stdout.splitlines()  # fmt: skip
    root = folder / "course"
    for name in listed:
        if not name.startswith("notebooks/") and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    build.build(root / "notebooks")
    return root


@contextlib.contextmanager
def jupyterlab(root: Path):
    """Run JupyterLab on the clone's notebooks; yield its address with the token."""
    runtime = root / ".runtime"
    env = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "PYTHONPATH": str(root),
           "JUPYTER_CONFIG_DIR": str(runtime / "config"), "IPYTHONDIR": str(runtime / "ipython")}  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0",
               "--ServerApp.port_retries=0", "--allow-root", "--LabApp.expose_app_in_browser=True",
               "--LabApp.news_url=", "--LabApp.check_for_updates_class="
               "jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    log = (root / "jupyter.log").open("wb")
    server = subprocess.Popen(command, cwd=root / "notebooks", env=env, stdout=log, stderr=log)
    try:
        yield _address(runtime, server, root / "jupyter.log")
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        log.close()


def _address(runtime: Path, server, log: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, KeyError):
                info = json.loads(file.read_text())
                return f"{info['url']}lab/tree/{{}}?token={info['token']}"
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def lab_page(address: str, notebook: str, **options):
    """Open a notebook in Chromium; yield a `Lab`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
        page.set_default_timeout(60_000)
        try:
            page.goto(address.format(notebook))
            lab = Lab(page)
            lab.ready()
            yield lab
        finally:
            browser.close()


class Lab:
    """One open notebook in JupyterLab."""

    PANEL = "window.jupyterapp.shell.currentWidget"

    def __init__(self, page):
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def ready(self) -> None:
        """Wait until the notebook is open and its kernel idle."""
        self.page.wait_for_function(
            f"window.jupyterapp && {self.PANEL}?.content?.widgets?.length > 3"
        )
        self.page.wait_for_function(
            f"{self.PANEL}.sessionContext?.session?.kernel?.status === 'idle'"
        )

    def index(self, id: str) -> int:
        """Return the place of the cell with this id."""
        return self.page.evaluate(
            f"id => {self.PANEL}.content.widgets.findIndex(c => c.model.id === id)", id
        )

    def go(self, id: str) -> None:
        """Scroll to a cell and make it the active one."""
        place = self.index(id)
        assert place >= 0, f"no cell {id}"
        self.page.evaluate(
            f"async i => {{ const n = {self.PANEL}.content; n.activeCellIndex = i;"
            " await n.scrollToItem(i, 'center'); n.activate(); }", place)  # fmt: skip

    def write(self, id: str, source: str) -> None:
        """Replace a cell's text by typing, as a student does."""
        self.go(id)
        self.page.locator(".jp-Cell.jp-mod-active .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(source)
        typed = self.page.evaluate(f"{self.PANEL}.content.activeCell.model.sharedModel.getSource()")
        assert typed == source

    def run(self, id: str) -> str:
        """Run a cell with Shift+Enter, wait for the kernel, and return the text of its output."""
        self.go(id)
        cell = f"{self.PANEL}.content.widgets[{self.index(id)}]"
        before = self.page.evaluate(f"{cell}.model.executionCount")
        self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_function(
            f"b => {cell}.model.executionState === 'idle' && {cell}.model.executionCount !== b",
            arg=before,
        )
        return self.page.evaluate(f"{cell}.outputArea.node.innerText")
