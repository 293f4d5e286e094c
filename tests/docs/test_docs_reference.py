"""The reference says what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import hub
from hub.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_generated_pages_are_current():
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run `python docs/generate.py`: {done.stdout}"


def test_every_setting_is_documented_with_its_variable():
    page = (ROOT / "docs/reference/settings.md").read_text("utf-8")
    for name in Settings.model_fields:
        assert f"`HUB_{name.upper()}`" in page


def test_public_names_are_the_agreed_ones():
    assert sorted(hub.__all__) == [
        *("Address", "Agent", "Application", "Case", "CaseOutcome", "CaseState", "Channel", "Charge", "Consent"),
        *("DocumentType", "Evidence", "Hub", "IdentityAssertion", "IdentityDocument", "ItemRequest"),
        *("Organisation", "Payment", "PaymentProof", "Person", "Settings"),
        *("Task", "TaskEvent", "TaskState", "__version__"),
        *("application_of", "check_answers", "example_application", "example_bundle", "example_case"),
        *("settled", "simulated"),
    ]
    assert all(getattr(hub, name) for name in hub.__all__)


def test_links_between_pages_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} -> {target}"
