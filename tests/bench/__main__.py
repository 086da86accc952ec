"""Run every bench in this folder, one after the other: they measure speed, and would disturb each other."""

import subprocess
import sys
from pathlib import Path

from tests.support.install.place import CHECKOUT


def main() -> int:
    """Run the benches; return how many broke off."""
    broken: list[str] = []
    for bench in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"\n── {bench.stem.removeprefix('bench_')}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"tests.bench.{bench.stem}"], cwd=CHECKOUT, check=False)
        if done.returncode != 0:
            broken.append(bench.stem)
    if broken:
        print(f"\nbroke off: {', '.join(broken)}")
    return len(broken)


if __name__ == "__main__":
    sys.exit(main())
