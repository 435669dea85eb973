"""The commonest codes, each in a sentence of ours beside IB's own words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """What IB says, what it means, and what to do."""

    words: str
    meaning: str


_EXPLANATIONS: dict[int, tuple[str, str]] = {
    100: (
        "Max rate of messages per second has been exceeded.",
        "More than 50 messages a second were sent; after three of these TWS ends the connection.",
    ),
    101: (
        "Max number of tickers has been reached.",
        "Every market data line of the account is in use; end some streams here or in TWS.",
    ),
    103: (
        "Duplicate order ID.",
        "The order's number is not above all earlier ones of this client id: another program uses the id as well.",
    ),
    104: (
        "Can't modify a filled order.",
        "The order was filled before the change arrived; its executions tell how.",
    ),
    105: (
        "Order being modified does not match original order.",
        "A change may touch price, quantity and time in force alone; anything else needs another order.",
    ),
    106: (
        "Can't transmit order ID:",
        "TWS could not send the order on, most often because its type or its fields do not go together.",
    ),
    107: (
        "Cannot transmit incomplete order.",
        "A field that this type of order needs is missing.",
    ),
    109: (
        "Price is out of the range defined by the Percentage setting at order defaults frame.",
        "The price is further from the market than TWS's precautionary settings allow; mend the price, or the setting.",
    ),
    110: (
        "The price does not conform to the minimum price variation for this contract.",
        "The price is between two ticks; the contract's market rule says which prices there are.",
    ),
    111: (
        "The TIF (Tif type) and the order type are incompatible.",
        "This type of order does not take this time in force.",
    ),
    113: (
        "The Tif option should be set to DAY for MOC and LOC orders.",
        "An order at the close lives for the day.",
    ),
    116: (
        "The order cannot be transmitted to a dead exchange.",
        "The exchange named in the contract takes no orders.",
    ),
    133: (
        "Submit new order failed.",
        "TWS could not place the order; its text says why, often the connection to IB.",
    ),
    134: (
        "Modify order failed.",
        "The change was not made; the order may have been filled or cancelled at the same time.",
    ),
    135: (
        "Can't find order with ID =",
        "TWS has no such order: it was refused, it is over, or its parent is gone.",
    ),
    136: (
        "This order cannot be cancelled.",
        "The order is over, or too far on its way.",
    ),
    161: (
        "Cancel attempted when order is not in a cancellable state.",
        "The cancel came while the order was being filled, cancelled or not yet placed; its status follows.",
    ),
    162: (
        "Historical market data Service error message.",
        "The history was not given; the text says whether for want of a permission, of data, or because of the pace.",
    ),
    200: (
        "No security definition has been found for the request.",
        "IB knows no such contract, or more than one: name exchange, currency, multiplier or trading class.",
    ),
    201: (
        "Order rejected - Reason:",
        "IB or the exchange refused the order; the reason is in the text.",
    ),
    202: (
        "Order cancelled - Reason:",
        "The order was cancelled, at somebody's request or by IB (price caps, end of session); the text says which.",
    ),
    203: (
        "The security is not available or allowed for this account.",
        "The account has no permission to trade this contract.",
    ),
    300: (
        "Can't find EId with ticker Id:",
        "A stream was ended that TWS did not have; nothing is wrong with the others.",
    ),
    312: (
        "The combo details are invalid.",
        "Legs, ratios or exchange of the combo do not go together.",
    ),
    313: (
        "The combo details for leg '' are invalid.",
        "One leg of the combo has a contract number, ratio or exchange that IB does not take.",
    ),
    315: (
        "Stock combo legs are restricted to SMART order routing.",
        "A combo with shares in it goes to SMART.",
    ),
    320: (
        "Server error when reading an API client request.",
        "TWS could not read a field of the request; the text names it.",
    ),
    321: (
        "Server error when validating an API client request.",
        "TWS read the request and will not do it; the text says why, among others that the API is set to read-only.",
    ),
    322: (
        "Server error when processing an API client request.",
        "TWS failed at the request; the text says why.",
    ),
    326: (
        "Unable to connect as the client id is already in use.",
        "Another program, or an earlier connection that TWS has not let go of, uses the same client id.",
    ),
    328: (
        "Trailing stop orders can be attached to limit or stop-limit orders only.",
        "In a bracket with a trailing stop the entry is a limit or stop-limit order.",
    ),
    329: (
        "Order modify failed. Cannot change to the new order type.",
        "A working order keeps its type.",
    ),
    354: (
        "Requested market data is not subscribed.",
        "The account has no subscription for live data of this contract; delayed data may be had.",
    ),
    356: (
        "Smart-combo order does not support OCA group.",
        "A combo routed to SMART cannot be in a one-cancels-all group, and so cannot have a bracket at IB.",
    ),
    360: (
        "No whatif check support for smart combo order.",
        "IB does not tell cost and margin of this combo beforehand.",
    ),
    366: (
        "No historical data query found for ticker id:",
        "A request of history was ended that TWS did not have any more.",
    ),
    382: (
        "The price specified violates the number of ticks constraint specified in the default order settings.",
        "TWS's precautionary settings hold the price to be too far from the market.",
    ),
    383: (
        "The size specified violates the size constraint specified in the default order settings.",
        "The quantity is above the limit in TWS's precautionary settings.",
    ),
    387: (
        "Unsupported order type for this exchange and security type.",
        "The exchange does not take this type of order in this contract.",
    ),
    392: (
        "Invalid order: contract expired.",
        "The contract has expired.",
    ),
    399: (
        "Order message error",
        "A remark about an order that lives, such as that it waits for the market to open.",
    ),
    404: (
        "Shares for this order are not immediately available for short sale.",
        "IB holds the order while it looks for shares to borrow; sending it again would sell twice.",
    ),
    434: (
        "The order size cannot be zero.",
        "The order has no quantity.",
    ),
    435: (
        "You must specify an account.",
        "The login has several accounts and the order names none.",
    ),
    441: (
        "Algo attributes validation failed:",
        "A parameter of the algo is missing or not one that it takes.",
    ),
    463: (
        "You must enter a valid price.",
        "The order's price is missing, zero or out of range for its type.",
    ),
    481: (
        "Order size reduced.",
        "The order lives with a smaller quantity than was sent.",
    ),
    502: (
        "Couldn't connect to TWS.",
        "Nothing answers at that host and port, or TWS's API is not enabled.",
    ),
    504: (
        "Not connected.",
        "The request was made without a connection and was not sent.",
    ),
    507: (
        "Bad Message Length",
        "TWS closed the connection, which it does among others when the client id is in use.",
    ),
    1100: (
        "Connectivity between IB and the TWS has been lost.",
        "TWS has lost IB: new orders wait until it is back, orders at exchanges work on.",
    ),
    1101: (
        "Connectivity between IB and TWS has been restored- data lost.",
        "TWS has IB again; streams are asked for anew and everything is looked up again.",
    ),
    1102: (
        "Connectivity between IB and TWS has been restored- data maintained.",
        "TWS has IB again and streams go on; what happened meanwhile is looked up.",
    ),
    1300: (
        "TWS socket port has been reset and this connection is being dropped.",
        "Somebody changed the port in TWS's settings; the text says the new one.",
    ),
    2102: (
        "Unable to modify this order as it is still being processed.",
        "The change came before the order was through; it can be asked again in a moment.",
    ),
    2103: (
        "A market data farm is disconnected.",
        "Quotes of some contracts stand still until it is back.",
    ),
    2104: (
        "Market data farm connection is OK",
        "All is well.",
    ),
    2106: (
        "A historical data farm is connected.",
        "All is well.",
    ),
    2109: (
        'Order Event Warning: Attribute "Outside Regular Trading Hours" is ignored',
        "The order lives; where it goes there is no trading outside regular hours to allow.",
    ),
    2110: (
        "Connectivity between TWS and server is broken. It will be restored automatically.",
        "TWS has lost IB: new orders wait until it is back.",
    ),
    2137: (
        "Cross Side Warning",
        "The order would turn a long position short or a short one long; TWS may wait for somebody to confirm it.",
    ),
    2158: (
        "Sec-def data farm connection is OK",
        "All is well.",
    ),
    10006: (
        "Missing parent order.",
        "A bracket's exit arrived before its entry was known, or the entry was refused.",
    ),
    10058: (
        "Combo leg prices are not allowed for this order",
        "Prices of single legs are for combos of two legs that are not guaranteed; others have one net price.",
    ),
    10089: (
        "Requested market data requires additional subscription for API.",
        "What TWS shows on the screen may need another subscription to be had through the API.",
    ),
    10090: (
        "Part of requested market data is not subscribed.",
        "Some ticks, often the greeks for want of the underlying's quotes, will not come.",
    ),
    10141: (
        "Paper trading disclaimer must first be accepted for API connection.",
        "TWS waits for its user: accept the disclaimer in its window, then connect again.",
    ),
    10147: (
        "Order to be canceled was not found.",
        "TWS has no such open order: it is over, or was never taken.",
    ),
    10148: (
        "OrderId that needs to be cancelled can not be cancelled, state:",
        "The order is over already; the text says how.",
    ),
    10167: (
        "Requested market data is not subscribed. Displaying delayed market data.",
        "Quotes come 15 to 20 minutes late, and are marked so.",
    ),
    10186: (
        "Requested market data is not subscribed. Delayed market data is not enabled",
        "There is no subscription for live data, and delayed data was not asked for.",
    ),
    10197: (
        "No market data during competing session",
        "The same user is logged in elsewhere, and the quotes go there.",
    ),
    10243: (
        "Fractional-sized order cannot be placed via API.",
        "Through the API, shares are traded in whole numbers.",
    ),
    10311: (
        "This order will be directly routed to",
        "The order lives; going straight to an exchange can cost more than SMART.",
    ),
    10326: (
        "OCA group revision is not allowed",
        "A change named another group than the one that TWS keeps for the order; it works on as it was.",
    ),
    10327: (
        "OCA group type revision is not allowed",
        "A change named another type of group than the one that TWS keeps for the order; it works on as it was.",
    ),
    10349: (
        "Order TIF was set to DAY based on order preset.",
        "The order lives; TWS filled in a time in force from its presets because none was sent.",
    ),
}


def explain(code: int) -> Explanation | None:
    """Return what a code means, or None where there is no more to say than its text does."""
    found = _EXPLANATIONS.get(code)
    return None if found is None else Explanation(*found)


EXPLAINED: tuple[int, ...] = tuple(sorted(_EXPLANATIONS))
"""The codes that are explained, in order."""
