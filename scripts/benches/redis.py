"""`scripts/bench redis`: several web processes on one Redis, killed and cut off from it; the embedded journal beside.

Promised are 0 acknowledged commands missing and none twice over kills of web processes and of Redis, one history
over faults on the ways to Redis (the control without the fence has to break it), writing again within 1 s of
Redis' return, and a vote at one process seen at the other within the coalescing interval and three round trips.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from typing import Final

from scripts.benches import Bench, Outcome, Say, pace, partition, shared
from scripts.benches.crash import crash

EMBEDDED_SHARE: Final = 4
"""Of the kills, one in so many is made beside on the embedded journal."""
CONTROL_SHARE: Final = 2
BACK_S: Final = 1.0
TAKEOVER_S: Final = 3.0


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**20)
    kills, runs = options.trials, options.partitions
    killed = await shared.kill(kills, seed, say)
    say(f"kills: {killed.found}")
    embedded = await crash(max(2, kills // EMBEDDED_SHARE), seed, say)
    say(f"embedded: {embedded}")
    history = await partition.partitions(runs, seed, say)
    control = await partition.partitions(max(1, runs // CONTROL_SHARE), seed, say, fenced=False)
    say(f"partitions: {history}, control {control}")
    upvote = await pace.upvote()
    rates = {
        "embedded": await pace.rate(1, shared=False),
        "redis_one": await pace.rate(1, shared=True),
        "redis_two": await pace.rate(2, shared=True),
    }
    back_s, owner_s = _spread(killed.back_redis_s), _spread(killed.back_owner_s)
    figures = {
        "seed": seed,
        "kills": {"trials": kills, "missing": killed.found.missing, "twice": killed.found.twice, "found": killed.found},
        "embedded": {"trials": max(2, kills // EMBEDDED_SHARE), "found": embedded},
        "partitions": {
            "trials": history.trials,
            "split": history.split,
            "control_failed": control.split,
            "control_trials": control.trials,
            "history": history,
        },
        "back_s": back_s["p95"],
        "back": back_s,
        "takeover_s": owner_s["p95"],
        "takeover": owner_s,
        "upvote": upvote,
        "commands": rates,
    }
    broken = []
    if not killed.found.kept or not embedded.kept:
        broken.append("what was acknowledged is missing, happened twice or in another order")
    if history.split:
        broken.append("two processes wrote at once")
    if not control.split:
        broken.append("the control without the fence was not found out: more runs are needed")
    if back_s["p95"] > BACK_S:
        broken.append(f"it took over {BACK_S} s after Redis' return until a command was acknowledged")
    if owner_s["p95"] > TAKEOVER_S:
        broken.append(f"a takeover took over {TAKEOVER_S} s")
    if upvote.p95_ms > upvote.promised_ms:
        broken.append("a vote was seen at the other process later than promised")
    return Outcome(figures, tuple(broken))


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median, p95 and the longest of so many trials."""
    ordered = sorted(seconds)
    places = {"p50": len(ordered) // 2, "p95": int(len(ordered) * 0.95), "most": len(ordered) - 1}
    return {name: round(ordered[place], 3) for name, place in places.items()} | {"trials": float(len(ordered))}


def _kills(text: str) -> int:
    """So many that a takeover and a return of Redis are among them. Raises ArgumentTypeError."""
    if int(text) < shared.LEAST:
        raise argparse.ArgumentTypeError(f"give at least {shared.LEAST}, for an owner and Redis to be killed")
    return int(text)


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--trials", type=_kills, default=200, help="kills (default: 200)")
    options.add_argument("--partitions", type=int, default=100, help="runs with random faults (default: 100)")
    options.add_argument("--seed", type=int, help="of the random moments (default: another each time)")


BENCH: Final = Bench(
    "kill web processes and Redis, cut them off from each other, and check the history", add_options, run
)
