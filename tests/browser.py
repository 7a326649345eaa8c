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
WAIT = 180_000  # milliseconds; a busy machine is slow, and no test is about that
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
def jupyterlab(root: Path, folder: str = "notebooks"):
    """Run JupyterLab on a folder of the clone; yield its address with the token."""
    runtime = root / f".runtime-{folder}"
    env = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "PYTHONPATH": str(root),
           "JUPYTER_CONFIG_DIR": str(runtime / "config"), "IPYTHONDIR": str(runtime / "ipython")}  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0",
               "--ServerApp.port_retries=0", "--allow-root", "--LabApp.expose_app_in_browser=True",
               "--LabApp.news_url=", "--LabApp.check_for_updates_class="
               "jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    log = (root / f"jupyter-{folder}.log").open("wb")
    server = subprocess.Popen(command, cwd=root / folder, env=env, stdout=log, stderr=log)
    try:
        yield _address(runtime, server, Path(log.name))
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(60)  # it stops its kernels first
        server.kill()
        server.wait()
        log.close()


def _address(runtime: Path, server, log: Path) -> str:
    end = time.monotonic() + WAIT / 1000
    while time.monotonic() < end and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, KeyError):
                info = json.loads(file.read_text())
                return f"{info['url']}lab/tree/{{}}?reset&token={info['token']}"
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def lab_page(address: str, notebook: str, **options):
    """Open a notebook in Chromium; yield a `Lab`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
        page.set_default_timeout(WAIT)
        try:
            lab = Lab(page)
            page.goto(address.format(notebook))
            lab.ready(notebook)
            yield lab
        finally:
            browser.close()


class Lab:
    """One open notebook in JupyterLab."""

    PANEL = "window.jupyterapp.shell.currentWidget"
    ACTIVE = f"{PANEL}.content.activeCell"
    CODE = f"{PANEL}.content.widgets.filter(c => c.model.type === 'code')"

    def __init__(self, page):
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def ready(self, notebook: str) -> None:
        """Wait until the notebook is open, in front, and its kernel idle."""
        self.page.wait_for_function(
            f"n => window.jupyterapp && {self.PANEL}?.context?.path === n"
            f" && {self.PANEL}.content?.widgets?.length > 3", arg=notebook
        )  # fmt: skip
        self.page.wait_for_function(
            f"{self.PANEL}?.sessionContext?.session?.kernel?.status === 'idle'"
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

    def press_until(self, key: str, condition: str, times: int = 40) -> None:
        """Press a key, slowly, until a condition in JavaScript holds."""
        for _ in range(times):
            if self.page.evaluate(condition):
                return
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(50)
        assert self.page.evaluate(condition), f"{times} times {key} do not reach {condition}"

    def says(self, id: str, words: str) -> None:
        """Wait until the output of a cell that was started has these words, and it has run."""
        cell = f"{self.PANEL}.content.widgets[{self.index(id)}]"
        self.page.wait_for_function(
            f"w => {cell}.model.executionState === 'idle'"
            f" && {cell}.outputArea.node.innerText.includes(w)", arg=words
        )  # fmt: skip

    def run_all(self, seconds: float = 600) -> list[str]:
        """Clear all outputs, run all cells, and return the errors that cells show.

        JupyterLab stops at the first cell that raises, as at an open TODO.
        """
        for command in ("notebook:clear-all-cell-outputs", "notebook:run-all-cells"):
            self.page.evaluate(f"void window.jupyterapp.commands.execute('{command}')")
        self.page.wait_for_function(
            f"(() => {{ const cells = {self.CODE};"
            f" return {self.PANEL}.sessionContext?.session?.kernel?.status === 'idle'"
            " && cells.every(c => c.model.executionState !== 'running')"
            " && (cells.at(-1).model.executionCount > 0 || cells.some(c =>"
            " c.model.outputs.toJSON().some(o => o.output_type === 'error'))); })()",
            timeout=seconds * 1000,
        )
        return self.page.evaluate(
            f"{self.CODE}.flatMap(c => c.model.outputs.toJSON())"
            ".filter(o => o.output_type === 'error').map(o => `${o.ename}: ${o.evalue}`)"
        )

    def output(self, id: str):
        """Scroll to a cell and return the locator of its output."""
        self.go(id)
        return self.page.locator(".jp-Cell.jp-mod-active .jp-OutputArea-output").first

    def counts(self) -> list:
        """Return the execution count of every code cell."""
        return self.page.evaluate(f"{self.CODE}.map(c => c.model.executionCount)")

    def theme(self, dark: bool) -> None:
        """Switch JupyterLab's colours."""
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.page.evaluate(
            "t => window.jupyterapp.commands.execute('apputils:change-theme', {theme: t})", name
        )
        self.page.wait_for_function(
            "d => document.body.dataset.jpThemeLight === d", arg="false" if dark else "true"
        )
