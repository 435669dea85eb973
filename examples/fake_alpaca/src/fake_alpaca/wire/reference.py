"""Assets, option contracts, the clock and the calendar as Alpaca shows them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fake_alpaca.assets import Asset, asset_id
from fake_alpaca.wire.texts import number
from v6core.contracts import Option
from v6core.sessions import NEW_YORK, Session, next_session, session_at

EXCHANGE = "NASDAQ"


def asset_json(asset: Asset) -> dict[str, Any]:
    """Return an asset: the schema Assets."""
    return {
        "id": str(asset.asset_id),
        "class": asset.asset_class.value,
        "exchange": EXCHANGE,
        "symbol": asset.symbol,
        "name": f"{asset.symbol} of the simulated market",
        "status": "active",
        "tradable": True,
        "marginable": not asset.is_option,
        "shortable": not asset.is_option,
        "easy_to_borrow": not asset.is_option,
        "fractionable": False,
        "attributes": [] if asset.is_option else ["has_options"],
    }


def contract_json(asset: Asset) -> dict[str, Any]:
    """Return an option contract: the schema OptionContract."""
    option = asset.contract
    assert isinstance(option, Option)
    kind = option.right.value.capitalize()
    return {
        "id": str(asset.asset_id),
        "symbol": asset.symbol,
        "name": f"{option.symbol} {option.expiration:%b %d %Y} {number(option.strike)} {kind}",
        "status": "active",
        "tradable": True,
        "expiration_date": option.expiration.isoformat(),
        "root_symbol": option.trading_class or option.symbol,
        "underlying_symbol": option.symbol,
        "underlying_asset_id": str(asset_id(option.symbol)),
        "type": kind.lower(),
        "style": "american",
        "strike_price": number(option.strike),
        "multiplier": number(option.multiplier),
        "size": number(option.multiplier),
        "ppind": True,
    }


def clock_json(now: datetime) -> dict[str, Any]:
    """Return the clock of the exchange, in its own zone: the schema legacy_clock."""
    session = session_at(now)
    following = next_session(now)
    closes = following.close if session is None else session.close
    return {
        "timestamp": now.astimezone(NEW_YORK).isoformat(),
        "is_open": session is not None,
        "next_open": following.open.astimezone(NEW_YORK).isoformat(),
        "next_close": closes.astimezone(NEW_YORK).isoformat(),
    }


def calendar_json(session: Session) -> dict[str, Any]:
    """Return one day of the calendar: the schema legacy_calendar_day; trades settle on the next trading day."""
    settles = next_session(session.close - timedelta(microseconds=1))
    return {
        "date": session.day.isoformat(),
        "open": f"{session.open.astimezone(NEW_YORK):%H:%M}",
        "close": f"{session.close.astimezone(NEW_YORK):%H:%M}",
        "session_open": "0400",
        "session_close": "2000",
        "settlement_date": settles.day.isoformat(),
    }
