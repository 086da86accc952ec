"""Make the Python classes of the messages in `proto`, or check that those in the repository are the ones it would make.

python .make/proto.py generate
python .make/proto.py verify
"""

import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
GENERATED = CHECKOUT / "tests" / "support" / "protobuf"
BUF = Path(sys.executable).parent / "buf"


def make() -> dict[str, bytes]:
    """Return the generated files, by name.

    The messages of one file use none of another, so that the classes can lie in any package.
    """
    with tempfile.TemporaryDirectory(prefix="alerting-proto-") as folder:
        command = [BUF, "generate", "proto", "--template", "proto/buf.gen.yaml", "--output", folder]
        subprocess.run(command, cwd=CHECKOUT, check=True)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).rglob("*_pb2.py*"))}


def checked_in() -> dict[str, bytes]:
    """Return what is in the repository, by name."""
    return {path.name: path.read_bytes() for path in sorted(GENERATED.glob("*_pb2.py*"))}


def generate() -> int:
    """Replace what is in the repository."""
    made = make()
    for name in checked_in().keys() - made.keys():
        (GENERATED / name).unlink()
    for name, content in made.items():
        (GENERATED / name).write_bytes(content)
    print(f"{GENERATED.relative_to(CHECKOUT)}: {len(made)} files")
    return 0


def verify() -> int:
    """Say which files are not what would be made; return the exit code."""
    made, present = make(), checked_in()
    stale = sorted(name for name in made.keys() | present.keys() if made.get(name) != present.get(name))
    for name in stale:
        print(f"{(GENERATED / name).relative_to(CHECKOUT)} is stale: run make proto-generate")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit({"generate": generate, "verify": verify}[sys.argv[1]]())
