"""What type checkers find in the files of a user, who has the package as it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

FILES = Path(__file__).parent / "typing"


def mypy(path: Path, folder: Path) -> tuple[int, str]:
    """Away from the sources, so that the installed package is read."""
    shutil.copy(path, folder)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", path.name]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return ran.returncode, ran.stdout + ran.stderr


def test_mypy_finds_nothing_wrong_with_a_file_of_a_user(tmp_path: Path) -> None:
    assert mypy(FILES / "user.py", tmp_path) == (0, "Success: no issues found in 1 source file\n")


def test_mypy_finds_what_is_wrong(tmp_path: Path) -> None:
    _, found = mypy(FILES / "wrong.py", tmp_path)
    got = {(int(line), kind) for line, kind in re.findall(r"wrong\.py:(\d+): error: .*\[([a-z-]+)\]", found)}
    lines = (FILES / "wrong.py").read_text("utf-8").splitlines()
    wanted = {(place, line.split("# ")[1]) for place, line in enumerate(lines, 1) if "# " in line}
    assert got == wanted and len(wanted) == 8
