"""The built wheel, alone in an empty environment, does the main job."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_wheel_holds_code_and_data_and_no_top_level_data_modules(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert top == {"hub", "adapters", "simulators"}
    for wanted in (
        "hub/data/config/catalogue.yaml",
        "hub/data/mappings/power/codes.yaml",
        "hub/store/migrations/versions/v0001_first_schema.py",
        "adapters/water/manifest.yaml",
        "simulators/water/contract.yaml",
        "hub/paper/receipt.typ",
        "hub/py.typed",
    ):
        assert wanted in names


def test_wheel_installed_into_an_empty_environment_runs_the_demo(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    bin_folder = tmp_path / "env" / "bin"
    subprocess.run(
        [bin_folder / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel],
        check=True,
        capture_output=True,
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        [bin_folder / "hub", "demo", "--no-live"], cwd=empty, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert re.fullmatch(r"case JX6\d{21} DECIDED ALL_COMPLETED 4/4", last)
    checked = subprocess.run([bin_folder / "hub", "items", "--json"], cwd=empty, capture_output=True, check=False)
    assert checked.returncode == 0
