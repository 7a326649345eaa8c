"""Plumbing that the notebooks import; nothing a student is meant to learn is hidden here."""

from pathlib import Path

ROOT = (
    Path(__file__).resolve().parent.parent
)  # holds notebooks/, solutions/, helpers/, data/, tests/
