// What is worth a second look needs a fresh proof of who asks.
import { call, Problem } from "./api.js";
import { $ } from "./page.js";

// proven makes a call, and asks for a proof first where the shop wants one.
export async function proven(method, path, body) {
  try {
    return await call(method, path, body);
  } catch (problem) {
    if (problem.code !== "step_up_required") throw problem;
    await prove();
    return call(method, path, body);
  }
}

// prove asks until the proof is good or the person gives up.
function prove() {
  const dialog = $("#prove");
  const form = dialog.querySelector("form");
  form.reset();
  $("#prove-wrong").textContent = "";
  $("#prove-code").hidden = true;
  dialog.showModal();
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const end = (settle, value) => {
      ended.abort();
      dialog.close();
      settle(value);
    };
    const giveUp = () => end(reject, new Problem(0, { detail: "Nothing was changed." }));
    dialog.addEventListener("cancel", giveUp, { signal: ended.signal });
    $("#prove-cancel").addEventListener("click", giveUp, { signal: ended.signal });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const { password, otp } = Object.fromEntries(new FormData(form));
      try {
        await call("POST", "/auth/step-up", { password, ...(otp && { otp: otp.trim() }) });
        end(resolve);
      } catch (problem) {
        $("#prove-code").hidden = problem.code !== "mfa_required" && $("#prove-code").hidden;
        $("#prove-wrong").textContent = problem.code === "mfa_required" ? "" : problem.message;
      }
    }, { signal: ended.signal });
  });
}
