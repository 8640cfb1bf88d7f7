// The membership on the account page: what one has of it, what is to be paid, and the plans that there are.
import { call } from "./api.js";
import { $, make, onSubmit, price, row, say, working } from "./page.js";

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const on = (moment) => day.format(new Date(moment));

function everySoOften({ unit, count }) {
  return count === 1 ? `a ${unit}` : `every ${count} ${unit}s`;
}

function benefits({ percent_off: off, free_shipping_above: ships, early_access_hours: early, more_wishlists: lists }) {
  return [
    off && `${off.percent_ppm / 10000} % off`,
    ships && `free shipping above ${Object.entries(ships).map(([currency, amount]) => price({ amount, currency })).join(" or ")}`,
    early && `early access by ${early} hours`,
    lists && `${lists} more wishlists`,
  ].filter(Boolean).join(", ");
}

const states = {
  trialing: (m) => `You are trying ${m.plan.name} until ${on(m.ends_at)}.`,
  active: (m) => `You are a member of ${m.plan.name}; this period lasts until ${on(m.ends_at)}.`,
  past_due: (m) => `Your period ended on ${on(m.ends_at)}. What ${m.plan.name} gives you goes on until ${on(m.benefits_until)}.`,
  paused: (m) => `Your membership of ${m.plan.name} is paused${m.withheld ? " while its payment is disputed" : ` until ${on(m.paused_until)}`}.`,
  cancelled: (m) => `Your membership of ${m.plan.name} has ended.`,
  lapsed: (m) => `Your membership of ${m.plan.name} has run out.`,
};

// mine is the membership of who is signed in, null where there never was one.
async function mine() {
  try {
    return await call("GET", "/me/membership");
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

function toPay(order, next = order.next_action) {
  return `${price(order.totals.grand_total)} are to be paid for order ${order.number}.${next?.text ? ` ${next.text}` : ""}${next?.reference ? ` Reference: ${next.reference}` : ""}`;
}

// goPay leads to where an order is paid; false where that is nowhere.
function goPay(next) {
  if (next?.type === "redirect" || next?.type === "hosted_fields") location.assign(next.url);
  else if (next?.type === "form_post") {
    const fields = Object.entries(next.fields).map(([name, value]) => make("input", { type: "hidden", name, value }));
    const form = make("form", { method: "post", action: next.url }, ...fields);
    document.body.append(form);
    form.submit();
  } else return false;
  return true;
}

const back = `${location.origin}/account#membership`;

// waysToPay fills the list of the form.
async function waysToPay(plan) {
  const { data: ways } = await call("GET", `/me/membership/payment-methods?plan=${plan.id}`);
  $("#join-method").replaceChildren(...ways.map(({ method, name }) => make("option", { value: method, textContent: name })));
}

// costs tells what a better plan is to be paid for now, and what that is made of.
function costs({ totals, set_off: off, ends_at: ends }) {
  const sum = (amount) => price({ ...totals.items, amount });
  const promotions = totals.discount.amount - off.amount.amount;
  const parts = [
    off.amount.amount && `less ${price(off.amount)} for ${off.unused_days} unused ${off.unused_days === 1 ? "day" : "days"} of ${off.plan}`,
    promotions && `less ${sum(promotions)} by promotions`,
    totals.fee.amount && `plus ${price(totals.fee)} for the way to pay`,
    !totals.tax_included && totals.tax.amount && `plus ${price(totals.tax)} tax`,
  ].filter(Boolean);
  const made = parts.length > 0 ? `: ${price(totals.items)} ${parts.join(", ")}` : "";
  return `You pay ${price(totals.grand_total)} now${made}. It lasts until ${on(ends)}.`;
}

// showCosts says what the form is about to order, where that is not the price alone.
async function showCosts() {
  const { path, plan } = wanted;
  const up = path === "/me/membership/upgrade";
  $("#join-cost").textContent = up ? costs(await call("GET", `${path}?plan=${plan.id}&payment_method=${$("#join-method").value}`)) : "";
}

$("#join-method").addEventListener("change", () => working($("#join button"), showCosts));

let wanted = null; // the plan that the form is about, and how it is asked for

function offer(plan, is) {
  const live = is && !["cancelled", "lapsed"].includes(is.status);
  const amount = plan.prices[0];
  const detail = [amount && `${price(amount)} ${everySoOften(plan.interval)}`, benefits(plan.benefits)].filter(Boolean).join(" · ");
  if (live && is.plan.id === plan.id) return row(plan.name, detail);
  const ask = (path, label) => row(plan.name, detail, label, async () => {
    wanted = { path, plan };
    await waysToPay(plan);
    await showCosts();
    $("#join").hidden = false;
    $("#join-plan").textContent = `${label}: ${plan.name}`;
    $("#join select").focus();
  });
  if (!live) return ask("/me/membership", "Join");
  if (plan.rank > is.plan_rank) return ask("/me/membership/upgrade", "Change now");
  return row(plan.name, detail, "Change with the next period", async () => {
    await call("POST", "/me/membership/downgrade", { plan_id: plan.id });
    await showMembership();
    say(`From the next period on you are a member of ${plan.name}.`);
  });
}

export async function showMembership() {
  const [is, { data: plans }] = await Promise.all([mine(), call("GET", "/plans")]);
  $("#membership").hidden = !is && plans.length === 0;
  const has = is?.benefits && benefits(is.benefits);
  $("#member-state").textContent = is ? `${states[is.status](is)}${has ? ` You have ${has}.` : ""}${is.cancel_at_period_end && is.status === "active" ? " It ends then." : ""}` : "You are not a member yet.";
  const order = is?.renewal_order_id && await call("GET", `/orders/${is.renewal_order_id}`);
  const due = order?.status === "pending" ? order : null;
  $("#member-due").textContent = due ? toPay(due) : "";
  $("#member-pay").hidden = !due || due.next_action?.type === "bank_transfer";
  $("#member-pay").onclick = (event) => working(event.target, async () => goPay((await call("POST", `/orders/${due.id}/pay`, { return_url: back })).next_action));
  const { data: cards } = await call("GET", "/me/payment-methods");
  $("#member-cards").replaceChildren(...cards.map(({ method, label }) => row(label, "Renewals are paid with it.", "Remove", async () => {
    await call("DELETE", `/me/payment-methods/${method}`);
    await showMembership();
  })));
  $("#member-pause").hidden = is?.status !== "active" || is.cancel_at_period_end;
  $("#member-cancel").hidden = !is || !["trialing", "active", "past_due", "paused"].includes(is.status) || is.cancel_at_period_end;
  $("#member-resume").hidden = !is || is.withheld || is.status !== "paused" && !(is.cancel_at_period_end && ["trialing", "active"].includes(is.status));
  $("#plans").replaceChildren(...plans.map((plan) => offer(plan, is)));
  if (location.hash === "#membership") $("#membership").scrollIntoView();
}

// showPaid is for who comes back from paying: what they paid for begins a moment later.
export async function showPaid() {
  if (new URLSearchParams(location.search).get("payment_status") !== "captured") return;
  history.replaceState(null, "", location.pathname + location.hash);
  say("Thank you, it is paid.");
  const before = $("#member-state").textContent;
  for (let tries = 0; tries < 20 && $("#member-state").textContent === before; tries++) {
    await new Promise((done) => setTimeout(done, 500));
    await showMembership();
  }
}

for (const [id, said] of [["pause", "Your membership is paused."], ["cancel", "Your membership ends with its period."], ["resume", "Your membership goes on."]]) {
  $(`#member-${id}`).addEventListener("click", (event) => working(event.target, async () => {
    await call("POST", `/me/membership/${id}`);
    await showMembership();
    say(said);
  }));
}

onSubmit($("#join"), async ({ payment_method, ...values }) => {
  const billing = Object.fromEntries(Object.entries(values).filter(([, value]) => value).map(([name, value]) => [name.replace("billing/", ""), value]));
  const { order, payment } = await call("POST", wanted.path, { plan_id: wanted.plan.id, payment_method, billing, return_url: back });
  if (goPay(payment?.next_action)) return;
  $("#join").hidden = true;
  await showMembership();
  document.dispatchEvent(new Event("ordered"));
  say(order?.status === "pending" ? toPay(order, payment.next_action) : "Thank you.");
});
