"""A process that runs the embedded Postgres on a folder, so that a test can kill it: `python -m … FOLDER [USER]`.

Started by root with a USER, it is that ordinary user's from before its first step on. It says `ready` when the database
takes connections, adds one row for each line that it is sent and answers with the number of rows, and stops cleanly at
the end of its input.
"""

import asyncio
import os
import pwd
import sys
from pathlib import Path

from alerting_backend.adapters.postgres.connection import owner_connection
from alerting_backend.embedded_postgres.server import embedded_postgres


async def _main(folder: Path) -> None:
    async with embedded_postgres(folder) as address, owner_connection(address) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS rows (id bigint GENERATED ALWAYS AS IDENTITY)")
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            await connection.execute("INSERT INTO rows DEFAULT VALUES")
            print(await connection.fetchval("SELECT count(*) FROM rows"), flush=True)


def _become(name: str) -> None:
    # Whatever is still to be imported may lie where that user cannot look.
    asyncio.run(asyncio.to_thread(os.getpid))
    entry = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _become(sys.argv[2])
    asyncio.run(_main(Path(sys.argv[1])))
