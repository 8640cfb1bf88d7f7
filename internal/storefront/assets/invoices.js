// The invoices and credit notes of an order on the account page. Links to them are good for a quarter of an hour, so
// they are asked for when somebody wants to see them, and again by who comes back later.
import { call } from "./api.js";
import { make, price, say, working } from "./page.js";

const good = 14 * 60 * 1000; // milliseconds

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });

const titles = { invoice: "Invoice", credit_note: "Credit note" };

// hasInvoices reports whether something of an order is billed: what is paid for, or has left.
export function hasInvoices(order) {
  return order.vendor_orders.some((part) => part.paid || part.shipments.length > 0);
}

// showInvoices lists the documents of an order in its line, or takes the list away again.
export async function showInvoices(order, line) {
  const shown = line.querySelector(".papers");
  if (shown) shown.remove();
  else {
    const papers = await ask(order);
    if (papers.length === 0) say("This order has no invoice here so far. It comes a moment after an order is paid or has left.");
    else line.append(make("ul", { className: "papers" }, ...papers.map((paper) => entry(order, paper))));
  }
  line.querySelector("button").ariaExpanded = String(line.querySelector(".papers") !== null);
}

async function ask(order) {
  const { data } = await call("GET", `/orders/${order.id}/invoices`);
  return data.map((paper) => ({ ...paper, asked: Date.now() }));
}

function entry(order, paper) {
  const { kind, number, issued_on: on, seller, total } = paper;
  const sum = price(kind === "credit_note" ? { ...total, amount: -total.amount } : total);
  const text = make("span", { className: "soft", textContent: `${day.format(new Date(on))} · ${seller.trading_as || seller.address.name} · ${sum}` });
  return make("li", {}, link(order, paper, "page_url", `${titles[kind]} ${number}`), " ", link(order, paper, "pdf_url", "PDF"), make("br"), text);
}

function link(order, paper, form, text) {
  const onclick = (event) => {
    if (Date.now() - paper.asked < good) return;
    event.preventDefault();
    const tab = window.open("", "_blank"); // now, as a browser lets nobody open one after a request
    if (tab) tab.opener = null;
    working(event.currentTarget, async () => {
      try {
        Object.assign(paper, (await ask(order)).find(({ id }) => id === paper.id));
      } catch (problem) {
        tab?.close();
        throw problem;
      }
      (tab || window).location.replace(paper[form]);
    });
  };
  return make("a", { href: paper[form], target: "_blank", rel: "noopener", textContent: text, ariaLabel: form === "pdf_url" ? `PDF of ${paper.number}` : null, onclick });
}
