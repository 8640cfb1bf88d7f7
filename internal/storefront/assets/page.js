// What every page does with its notice and its forms.
import { Problem } from "./api.js";

export const $ = (selector) => document.querySelector(selector);

// say shows a message on top of the page; nothing hides it.
export function say(text, bad = false) {
  const notice = $("#notice");
  notice.textContent = text || "";
  notice.classList.toggle("bad", bad);
  notice.hidden = !text;
}

// make builds an element: text is text, never markup.
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// price tells an amount of minor units as people write it.
export function price({ amount, currency }) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

// row is a line of a list with what can be done about it.
export function row(title, detail, label, act) {
  const text = make("span", {}, title, make("br"), make("span", { className: "soft", textContent: detail }));
  const button = label && make("button", { type: "button", textContent: label, onclick: (event) => working(event.target, act) });
  return make("li", {}, text, ...(button ? [button] : []));
}

// working runs fn while the button cannot be pressed again, and says what went wrong.
export async function working(button, fn) {
  say("");
  button.disabled = true;
  try {
    return await fn();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    say(problem.message, true);
  } finally {
    button.disabled = false;
  }
}

// onSubmit sends a form's values to fn. Problems of a field are shown at the field.
export function onSubmit(form, fn) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearWrong(form);
    const values = Object.fromEntries(new FormData(form));
    for (const box of form.querySelectorAll("input[type=checkbox]")) values[box.name] = box.checked;
    await working(form.querySelector("button"), async () => {
      try {
        await fn(values);
      } catch (problem) {
        if (!(problem instanceof Problem) || !showWrong(form, problem.fields)) throw problem;
      }
    });
  });
}

function clearWrong(form) {
  for (const note of form.querySelectorAll(".wrong")) note.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

// showWrong reports whether every problem has found its field.
function showWrong(form, fields) {
  let all = fields.length > 0;
  let first;
  for (const { pointer, detail } of fields) {
    const input = form.elements[pointer.replace(/^\//, "")];
    if (!input) {
      all = false;
      continue;
    }
    input.setAttribute("aria-invalid", "true");
    input.after(make("span", { className: "wrong", textContent: detail }));
    first ||= input;
  }
  first?.focus();
  return all;
}
