"""How long the quick commands take, as a ratio to `import geopandas` in the same run.

Run `python benchmarks/startup.py`. Each command is started 15 times in turn with the others, so
that a busy moment of the machine falls on all alike; the median is compared.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 15
GEOLOC = str(Path(sys.executable).parent / "geoloc")
COMMANDS = {
    "import geopandas": [sys.executable, "-c", "import geopandas"],
    "geoloc --help": [GEOLOC, "--help"],
    "geoloc where": [GEOLOC, "where", "34.4938", "69.2743"],
}


def main() -> None:
    """Print median seconds and the ratio to importing geopandas."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    peer = statistics.median(times["import geopandas"])
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"{name:18} {middle:6.3f} s (least {min(seconds):.3f})   ratio {middle / peer:.2f}")


if __name__ == "__main__":
    main()
