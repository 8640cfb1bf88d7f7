import { call, Problem, signedIn } from "./api.js";
import { hasInvoices, showInvoices } from "./invoices.js";
import { showMembership, showPaid } from "./membership.js";
import { $, make, onSubmit, row, say, working } from "./page.js";
import { proven } from "./prove.js";

const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function onClick(selector, fn) {
  $(selector).addEventListener("click", (event) => working(event.target, fn));
}

async function showUser() {
  const me = await call("GET", "/me");
  $("#who").textContent = me.name ? `${me.name} (${me.username})` : me.username;
  $("#mailbox").textContent = `${me.email}, ${me.email_verified ? "verified" : "not verified yet"}`;
  $("#resend").hidden = me.email_verified;
  for (const field of ["name", "phone"]) $(`#profile [name=${field}]`).value = me[field] || "";
}

onClick("#resend", async () => {
  await call("POST", "/auth/verify-email/resend");
  say("The mail is on its way.");
});

onClick("#sign-out", async () => {
  await call("POST", "/auth/logout");
  location.assign("/account/sign-in");
});

onSubmit($("#profile"), async (values) => {
  await call("PATCH", "/me", values);
  await showUser();
  say("Saved.");
});

onSubmit($("#email"), async ({ email }) => {
  await proven("POST", "/me/email", { email });
  $("#email").reset();
  say("We have sent a link to that address. It becomes yours when you open the link.");
});

onSubmit($("#password"), async (values) => {
  await call("POST", "/auth/password/change", values);
  $("#password").reset();
  say("Your password has been changed. All other sessions have ended.");
  await showSessions();
});

async function showSessions() {
  const { data } = await call("GET", "/me/sessions");
  $("#sessions").replaceChildren(...data.map((s) => row(
    s.device || s.user_agent || "Unknown device",
    `${s.current ? "This session" : `Last used ${when.format(new Date(s.last_seen_at))}`}${s.address ? ` · ${s.address}` : ""}`,
    s.current ? "" : "Sign out",
    async () => {
      await call("DELETE", `/me/sessions/${s.id}`);
      await showSessions();
    },
  )));
}

onClick("#end-others", async () => {
  await call("DELETE", "/me/sessions");
  await showSessions();
  say("All other sessions have ended.");
});

async function showFactors() {
  const { totp, recovery_codes_left: left, passkeys } = await call("GET", "/me/mfa");
  $("#passkeys").replaceChildren(...passkeys.map((key) => row(
    key.name,
    `Added ${when.format(new Date(key.created_at))}`,
    "Remove",
    async () => {
      await proven("DELETE", `/me/mfa/passkeys/${key.id}`);
      await showFactors();
    },
  )));
  $("#totp-state").textContent = totp ? `An authenticator app is set up. ${left} recovery codes are left.` : "No authenticator app is set up.";
  $("#add-totp").hidden = totp;
  for (const id of ["#remove-totp", "#new-codes"]) $(id).hidden = !totp;
}

onClick("#add-passkey", async () => {
  const { session, options } = await proven("POST", "/me/mfa/passkeys/start");
  let credential;
  try {
    credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey || options) });
  } catch {
    throw new Problem(0, { detail: "No passkey was made." });
  }
  await proven("POST", "/me/mfa/passkeys", { session, name: navigator.platform || "Passkey", credential: credential.toJSON() });
  await showFactors();
  say("The passkey is ready: use it on the sign-in page.");
});

onClick("#add-totp", async () => {
  const { secret, qr_svg: qr } = await proven("POST", "/me/mfa/totp");
  $("#totp-qr").src = `data:image/svg+xml;base64,${btoa(qr)}`;
  $("#totp-secret").textContent = secret;
  $("#add-totp").hidden = true;
  $("#totp").hidden = false;
});

function showCodes(codes) {
  $("#codes").replaceChildren(...codes.map((code) => make("li", { textContent: code })));
  $("#recovery").hidden = false;
}

onSubmit($("#totp"), async ({ code }) => {
  const { recovery_codes: codes } = await proven("POST", "/me/mfa/totp/confirm", { code: code.trim() });
  $("#totp").hidden = true;
  showCodes(codes);
  await showFactors();
});

onClick("#new-codes", async () => {
  const { recovery_codes: codes } = await proven("POST", "/me/mfa/recovery-codes");
  showCodes(codes);
  await showFactors();
});

onClick("#remove-totp", async () => {
  await proven("DELETE", "/me/mfa/totp");
  $("#recovery").hidden = true;
  await showFactors();
});

async function showIdentities() {
  const [{ data: mine }, { data: providers }] = await Promise.all([call("GET", "/me/identities"), call("GET", "/auth/oidc")]);
  $("#h-identities").parentElement.hidden = mine.length + providers.length === 0;
  $("#identities").replaceChildren(...mine.map((identity) => row(identity.provider_name, identity.email, "Disconnect", async () => {
    await proven("DELETE", `/me/identities/${identity.id}`);
    await showIdentities();
  })));
  $("#connect").replaceChildren(...providers.filter((p) => !mine.some((i) => i.provider === p.slug)).map((p) => make("button", {
    type: "button",
    textContent: `Connect ${p.name}`,
    onclick: (event) => working(event.target, async () => {
      location.assign((await proven("POST", `/me/identities/${p.slug}/start`, { return_to: "/account" })).url);
    }),
  })));
}

// What a topic is called here.
const topicLabels = { security: "Access to my account (always)", account: "My account", orders: "My orders", wishlist: "My wishlists", offers: "Offers" };

async function showPreferences() {
  const { topics } = await call("GET", "/me/notification-preferences");
  $("#topics").replaceChildren(...topics.map(({ topic, email, required }) => make("label", { className: "check" },
    make("input", { type: "checkbox", name: topic, checked: email, disabled: required }), ` ${topicLabels[topic] || topic}`)));
}

onSubmit($("#preferences"), async (values) => {
  const topics = [...$("#topics").querySelectorAll("input:not(:disabled)")].map(({ name }) => ({ topic: name, email: values[name] }));
  await call("PATCH", "/me/notification-preferences", { topics });
  say("Saved.");
});

async function showOrders() {
  const { data } = await call("GET", "/me/orders?limit=20");
  $("#no-orders").hidden = data.length > 0;
  const lists = await Promise.all(data.map(async (order) => [lineOf(order), ...await goodsOf(order)]));
  $("#my-orders").replaceChildren(...lists.flat());
  if (location.hash === "#orders") $("#orders").scrollIntoView();
}

document.addEventListener("ordered", () => showOrders());

function lineOf(order) {
  const detail = [when.format(new Date(order.created_at)), order.next_action?.text, order.next_action?.reference].filter(Boolean).join(" · ");
  const line = row(`${order.number} · ${order.status}`, detail, hasInvoices(order) && "Invoice", () => showInvoices(order, line));
  return line;
}

// goodsOf are the files and licence keys that came with an order.
async function goodsOf(order) {
  if (!order.vendor_orders.some((part) => part.shipments.some((s) => s.kind === "digital"))) return [];
  const at = `/orders/${order.id}/digital-goods`;
  const { data } = await call("GET", at);
  return data.map((good) => {
    const over = good.revoked_at || good.expires_at && new Date(good.expires_at) < new Date();
    if (good.kind === "licence_key") {
      const line = row(good.title, good.masked_key, !over && "Show the key", async () => {
        const { key } = await call("POST", `${at}/${good.id}/reveal`);
        line.querySelector(".soft").textContent = key;
      });
      return line;
    }
    const used = good.download_limit ? `downloaded ${good.downloads} of ${good.download_limit} times` : `downloaded ${good.downloads} times`;
    const left = !over && (!good.download_limit || good.downloads < good.download_limit);
    return row(good.title, `${good.name}, ${used}`, left && "Download", async () => {
      location.assign((await call("POST", `${at}/${good.id}/download`)).url);
      await showOrders();
    });
  });
}

async function showExport() {
  let latest;
  try {
    latest = await call("GET", "/me/export");
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    return;
  }
  const state = $("#export-state");
  if (latest.state === "ready") state.replaceChildren(make("a", { href: latest.url, textContent: "Fetch the copy of your data" }));
  else state.textContent = latest.state === "expired" ? "" : "The copy of your data is being made. We mail you when it is ready.";
}

onClick("#export", async () => {
  await proven("POST", "/me/export");
  await showExport();
});

$("#erase").addEventListener("click", () => $("#sure").showModal());
$("#sure").addEventListener("close", () => working($("#erase"), async () => {
  if ($("#sure").returnValue !== "yes") return;
  await proven("DELETE", "/me");
  location.assign("/");
}));

if (await signedIn()) {
  await showUser();
  $("#account").hidden = false;
  for (const show of [showOrders, () => showMembership().then(showPaid), showFactors, showIdentities, showSessions, showPreferences, showExport]) {
    show().catch((problem) => say(problem.message, true));
  }
} else {
  location.replace(`/account/sign-in?return_to=${encodeURIComponent(location.pathname)}`);
}
