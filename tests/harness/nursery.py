"""Runs trials in processes that are there to be killed.

Started once by a test, with everything imported; for each line on standard input, a JSON object of `ledger`, `url` and
`run_id`, it forks a process that goes on with that run, prints its id, waits for its end, and prints how it ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback

from evalplat.harness import HttpTarget, Ledger, execute


async def go_on(ledger_path: str, url: str, run_id: str) -> None:
    with Ledger(ledger_path) as ledger:
        target = HttpTarget(url, scope=run_id)
        try:
            await execute(ledger.suite(run_id), target, ledger, run_id, concurrency=4)
        finally:
            await target.aclose()


def main() -> None:
    import httpx2

    httpx2.AsyncClient()  # what it loads, it loads before the forks and not in each

    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(go_on(order["ledger"], order["url"], order["run_id"]))
            except BaseException:  # noqa: BLE001 - nothing may come back into the parent's loop
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
