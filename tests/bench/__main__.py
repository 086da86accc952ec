"""Run the benches of this folder, one after the other: they measure speed, and would disturb each other.

`python -m tests.bench` runs all; names choose some: `python -m tests.bench matching workers`.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.install.place import CHECKOUT


def main(names: Sequence[str]) -> int:
    """Run the benches named, or all of them; return how many broke off, or 2 for a name that there is not."""
    known = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    if unknown := sorted(set(names) - set(known)):
        print(f"there is no bench {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    broken: list[str] = []
    for name in names or known:
        print(f"\n── {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"tests.bench.bench_{name}"], cwd=CHECKOUT, check=False)
        if done.returncode != 0:
            broken.append(name)
    if broken:
        print(f"\nbroke off: {', '.join(broken)}")
    return len(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
