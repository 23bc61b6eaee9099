"""How long a whole report of the shipped cases takes, figures and manifest included.

Run it on a quiet machine: python benchmarks/report.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_S = 20.0


def seconds(suffix: str, language: str, folder: Path) -> float:
    """Return the wall time of `geoloc report casebook` in a process of its own, in seconds."""
    output = folder / f"all-{language}{suffix}"
    command = [
        sys.executable, "-m", "geoloc.cli", "report", "casebook",
        "-o", str(output), "--lang", language,
    ]  # fmt: skip
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print a row for each format and language, and exit 1 if one is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", nargs="+", default=["en", "fa", "ps"])
    asked = parser.parse_args()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as made:
        for suffix in (".html", ".docx", ".pdf"):
            for language in asked.languages:
                took = seconds(suffix, language, Path(made))
                size = (Path(made) / f"all-{language}{suffix}").stat().st_size
                print(f"{suffix:6} {language}  {took:6.1f} s  {size / 1000:8,.0f} kB", flush=True)
                slowest = max(slowest, took)
    print(f"slowest {slowest:.1f} s; the limit is {LIMIT_S:.0f} s")
    raise SystemExit(slowest > LIMIT_S)


if __name__ == "__main__":
    main()
