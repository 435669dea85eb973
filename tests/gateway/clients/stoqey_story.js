// One client's day, told as JSON: node stoqey_story.js HOST PORT CLIENT_ID FOLDER, @stoqey/ib being installed in FOLDER.
"use strict";
const [host, port, clientId, folder] = process.argv.slice(2);
const { IBApi, EventName: E } = require(require.resolve("@stoqey/ib", { paths: [folder] }));

const ib = new IBApi({ host, port: Number(port), maxReqPerSec: 45 });
const heard = [];
const waiting = new Set();
let nextId = 0;

for (const name of Object.values(E)) {
  if (["all", "result", "received", "sent"].includes(name)) continue;
  ib.on(name, (...values) => {
    heard.push([name, values]);
    for (const check of [...waiting]) check();
  });
}

// Resolve with the first values of an event, from a place in what was heard on, for which a condition holds.
function first(name, condition = () => true, from = 0) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} in time`)), 10000);
    const check = () => {
      const found = heard.slice(from).find(([other, values]) => other === name && condition(...values));
      if (!found) return;
      waiting.delete(check);
      clearTimeout(timer);
      resolve(found[1]);
    };
    waiting.add(check);
    check();
  });
}
const all = (name, condition = () => true, from = 0) =>
  heard.slice(from).filter(([other, values]) => other === name && condition(...values)).map(([, values]) => values);
const number = (value) => (value === undefined || value === null || value > 1e300 ? null : Number(value));

const stock = (symbol) => ({ symbol, secType: "STK", exchange: "SMART", currency: "USD" });

async function details(contract) {
  const id = nextId++;
  ib.reqContractDetails(id, contract);
  await first(E.contractDetailsEnd, (req) => req === id);
  return all(E.contractDetails, (req) => req === id).map(([, row]) => row);
}

const detailsTold = (row) => ({
  con_id: row.contract.conId, symbol: row.contract.symbol, sec_type: row.contract.secType,
  currency: row.contract.currency, exchange: row.contract.exchange, local_symbol: row.contract.localSymbol,
  trading_class: row.contract.tradingClass, strike: number(row.contract.strike || 0),
  multiplier: String(row.contract.multiplier || ""), min_tick: number(row.minTick),
  valid_exchanges: row.validExchanges, market_rule_ids: row.marketRuleIds, long_name: row.longName,
  time_zone_id: row.timeZoneId, under_con_id: row.underConId || 0,
});

const orderTold = ([orderId, contract, order, state]) => ({
  order_id: orderId, perm_id: order.permId, client_id: order.clientId, con_id: contract.conId,
  symbol: contract.symbol, sec_type: contract.secType, action: order.action, quantity: number(order.totalQuantity),
  order_type: order.orderType, limit: number(order.lmtPrice), aux: number(order.auxPrice), tif: order.tif,
  account: order.account, order_ref: order.orderRef || "", parent_id: order.parentId || 0,
  oca_group: order.ocaGroup || "", status: state.status,
  legs: (contract.comboLegs || []).map((leg) => [leg.conId, leg.ratio, leg.action]),
});

const statusTold = ([orderId, status, filled, remaining, price, permId]) => ({
  order_id: orderId, status, filled: number(filled), remaining: number(remaining), avg_price: number(price),
  perm_id: permId,
});

const executionTold = ([, contract, row]) => ({
  exec_id: row.execId, order_id: row.orderId, perm_id: row.permId, client_id: row.clientId, con_id: contract.conId,
  sec_type: contract.secType, side: row.side, shares: number(row.shares), price: number(row.price),
  cum_qty: number(row.cumQty), avg_price: number(row.avgPrice), order_ref: row.orderRef || "",
  account: row.acctNumber,
});

const same = (id) => (orderId) => orderId === id;

async function main() {
  const story = { client: "@stoqey/ib" };
  ib.connect(Number(clientId));
  [nextId] = await first(E.nextValidId);
  const [accounts] = await first(E.managedAccounts);
  story.accounts = accounts;
  story.server_version = ib.serverVersion;

  // Questions
  const [google] = await details(stock("GOOG"));
  story.stock = detailsTold(google);
  let id = nextId++;
  ib.reqSecDefOptParams(id, "GOOG", "", "STK", google.contract.conId);
  await first(E.securityDefinitionOptionParameterEnd, same(id));
  story.chain = all(E.securityDefinitionOptionParameter, same(id)).map(
    ([, exchange, underConId, tradingClass, multiplier, expirations, strikes]) => ({
      exchange, under_con_id: Number(underConId), trading_class: tradingClass, multiplier: String(multiplier),
      expirations: [...expirations].sort(), strikes: [...strikes].map(Number).sort((a, b) => a - b),
    }));
  const row = story.chain[0];
  const middle = row.strikes[Math.floor(row.strikes.length / 2)];
  const option = (strike) => ({
    ...stock("GOOG"), secType: "OPT", lastTradeDateOrContractMonth: row.expirations[1], strike, right: "C",
  });
  const higher = row.strikes.find((strike) => strike > middle);
  const [low] = await details(option(middle));
  const [high] = await details(option(higher));
  story.option = detailsTold(low);
  id = nextId++;
  ib.reqContractDetails(id, option(100.37));
  const [, unknown] = await first(E.error, (error, code, req) => req === id);
  story.unknown_contract = unknown;
  const rule = Number(google.marketRuleIds.split(",")[0]);
  ib.reqMarketRule(rule);
  const [, bands] = await first(E.marketRule, (other) => other === rule);
  story.market_rule = bands.map((band) => [number(band.lowEdge), number(band.increment)]);
  id = nextId++;
  ib.reqMktData(id, stock("GOOG"), "", true, false);
  await first(E.tickSnapshotEnd, same(id));
  const ticks = Object.fromEntries(all(E.tickPrice, same(id)).map(([, type, price]) => [type, price]));
  story.bid_below_ask = ticks[1] < ticks[2];
  ib.reqCurrentTime();
  story.has_time = (await first(E.currentTime))[0] > 0;

  // An order that fills
  const market = nextId++;
  let from = heard.length;
  ib.placeOrder(market, stock("GOOG"), {
    action: "BUY", totalQuantity: 10, orderType: "MKT", tif: "DAY", orderRef: "mine-1", transmit: true,
  });
  story.fill_status = statusTold(await first(E.orderStatus, (o, s) => o === market && s === "Filled", from));
  const execution = await first(E.execDetails, (req, c, row) => row.orderId === market, from);
  story.execution = executionTold(execution);
  const [commission] = await first(E.commissionReport, (row) => row.execId === execution[2].execId, from);
  story.commission = { amount: number(commission.commission), currency: commission.currency };

  // An order that rests, is changed and cancelled
  const resting = nextId++;
  const limit = {
    action: "BUY", totalQuantity: 5, orderType: "LMT", lmtPrice: 100.25, tif: "GTC", orderRef: "mine-2", transmit: true,
  };
  ib.placeOrder(resting, stock("GOOG"), limit);
  await first(E.orderStatus, (o, s) => o === resting && s === "Submitted");
  story.resting = orderTold(all(E.openOrder, same(resting)).at(-1));
  from = heard.length;
  ib.placeOrder(resting, stock("GOOG"), { ...limit, lmtPrice: 101.5, totalQuantity: 4 });
  story.changed = orderTold(await first(E.openOrder, (o, c, order) => o === resting && order.lmtPrice === 101.5, from));
  from = heard.length;
  ib.cancelOrder(resting);
  story.cancelled = statusTold(await first(E.orderStatus, (o, s) => o === resting && s === "Cancelled", from));
  story.cancel_code = (await first(E.error, (error, code, req) => req === resting && code === 202, from))[1];

  // A bracket
  const [parent, take, stop] = [nextId++, nextId++, nextId++];
  const shared = { totalQuantity: 3, tif: "GTC" };
  from = heard.length;
  ib.placeOrder(parent, stock("GOOG"), {
    ...shared, action: "BUY", orderType: "LMT", lmtPrice: 90, orderRef: "entry", transmit: false });
  ib.placeOrder(take, stock("GOOG"), {
    ...shared, action: "SELL", orderType: "LMT", lmtPrice: 2000, parentId: parent, orderRef: "take", transmit: false });
  ib.placeOrder(stop, stock("GOOG"), {
    ...shared, action: "SELL", orderType: "STP", auxPrice: 80, parentId: parent, orderRef: "stop", transmit: true });
  await first(E.orderStatus, (o, s) => o === parent && s === "Submitted", from);
  story.bracket = [];
  for (const leg of [parent, take, stop]) {
    await first(E.orderStatus, same(leg), from);
    story.bracket.push(orderTold(all(E.openOrder, same(leg), from).at(-1)));
  }

  // A combo
  const combo = nextId++;
  const bag = {
    ...stock("GOOG"), secType: "BAG", comboLegs: [
      { conId: low.contract.conId, ratio: 1, action: "BUY", exchange: "SMART" },
      { conId: high.contract.conId, ratio: 1, action: "SELL", exchange: "SMART" },
    ],
  };
  from = heard.length;
  ib.placeOrder(combo, bag, {
    action: "BUY", totalQuantity: 2, orderType: "LMT", lmtPrice: -5, tif: "DAY", orderRef: "spread", transmit: true });
  await first(E.orderStatus, (o, s) => o === combo && s === "Submitted", from);
  story.combo = orderTold(all(E.openOrder, same(combo), from).at(-1));
  ib.cancelOrder(combo);
  await first(E.orderStatus, (o, s) => o === combo && s === "Cancelled", from);

  // All of it read back
  from = heard.length;
  ib.reqOpenOrders();
  await first(E.openOrderEnd, undefined, from);
  story.open = all(E.openOrder, undefined, from).map(orderTold).sort((a, b) => a.order_id - b.order_id);
  ib.cancelOrder(parent);
  await first(E.orderStatus, (o, s) => o === stop && s === "Cancelled", from);
  from = heard.length;
  ib.reqCompletedOrders(false);
  await first(E.completedOrdersEnd, undefined, from);
  story.completed = all(E.completedOrder, undefined, from).map(([contract, order, state]) => ({
    perm_id: order.permId, order_ref: order.orderRef || "", action: order.action, symbol: contract.symbol,
    status: state.status, filled: number(order.filledQuantity),
  })).sort((a, b) => a.perm_id - b.perm_id);
  from = heard.length;
  id = nextId++;
  ib.reqExecutions(id, {});
  await first(E.execDetailsEnd, same(id), from);
  story.executions = all(E.execDetails, same(id), from).map(executionTold);
  from = heard.length;
  ib.reqPositions();
  await first(E.positionEnd, undefined, from);
  story.positions = all(E.position, undefined, from).map(([account, contract, quantity, cost]) => ({
    account, con_id: contract.conId, symbol: contract.symbol, quantity: number(quantity), avg_cost: number(cost),
  }));
  id = nextId++;
  ib.reqAccountSummary(id, "All", "NetLiquidation,TotalCashValue,BuyingPower");
  await first(E.accountSummaryEnd, same(id));
  story.summary = Object.fromEntries(
    all(E.accountSummary, same(id)).map(([, , tag, value, currency]) => [tag, [number(value), currency]]));

  // Flat again
  const closing = nextId++;
  ib.placeOrder(closing, stock("GOOG"), {
    action: "SELL", totalQuantity: 10, orderType: "MKT", tif: "DAY", orderRef: "mine-3", transmit: true });
  story.closing = statusTold(await first(E.orderStatus, (o, s) => o === closing && s === "Filled"));
  console.log(JSON.stringify(story));
  ib.disconnect();
}

main().then(() => process.exit(0), (error) => {
  console.error(error.stack, JSON.stringify(heard.slice(-30)));
  process.exit(1);
});
