"""Write what the core makes of the messages; then let Go write and read: see README.md."""

from tests.golden.cases import GOLDEN

for golden in GOLDEN:
    golden.written_by_core.write_bytes(golden.encode())
