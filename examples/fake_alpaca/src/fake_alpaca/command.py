"""``fake-alpaca``: an Alpaca without an Alpaca, until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from fake_alpaca.alpaca import REQUESTS_A_MINUTE, FakeAlpaca


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; on standard output one line of JSON says where and with which keys."""
    asked = _parser().parse_args(arguments)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(asked))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fake-alpaca", description="Alpaca's paper API on this machine, in front of v6's paper broker."
    )
    parser.add_argument("--port", type=int, default=8750, help="0 finds a free one (default: %(default)s)")
    parser.add_argument("--cash", default="100000", help="what the account starts with (default: %(default)s)")
    parser.add_argument(
        "--quotes", default="synthetic", help='"synthetic", "given" or "replay:FILE" (default: %(default)s)'
    )
    parser.add_argument("--seed", type=int, default=6, help="of the synthetic market (default: %(default)s)")
    parser.add_argument("--speed", type=float, default=1.0, help="market seconds in a second (default: %(default)s)")
    parser.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="SYMBOL=PRICE",
        help="a price, for given quotes; may be repeated",
    )
    parser.add_argument(
        "--requests-per-minute", type=int, default=REQUESTS_A_MINUTE, help="0 is no limit (default: %(default)s)"
    )
    return parser


def _settings(asked: argparse.Namespace) -> dict[str, Any]:
    prices = dict(text.split("=", 1) for text in asked.price)
    return {"cash": asked.cash, "quotes": asked.quotes, "seed": asked.seed, "speed": asked.speed, "prices": prices}


async def _serve(asked: argparse.Namespace) -> None:
    alpaca = FakeAlpaca(settings=_settings(asked), port=asked.port, requests_per_minute=asked.requests_per_minute)
    async with alpaca:
        where = {
            "url": alpaca.url,
            "stream_url": alpaca.stream_url,
            "data_stream_url": alpaca.data_stream_url,
            "key_id": alpaca.keys.key_id,
            "secret_key": alpaca.keys.secret_key,
        }
        print(json.dumps(where), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    raise SystemExit(main())
