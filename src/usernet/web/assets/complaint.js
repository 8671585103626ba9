// Complaints: what the line refuses, told beside the field that it is about.

import { el, newId } from "/assets/element.js";

export const told = (error) => [error.told?.message ?? error.message, error.told?.allowed].filter(Boolean).join(": ");

// A field with its name, and a place beside it for what is wrong with it.
export const labelled = (title, input, className = "") => {
  input.id = newId("field");
  const error = el("p", { id: `${input.id}-error`, className: "error", role: "alert", hidden: true });
  input.setAttribute("aria-describedby", error.id);
  return { input, error, element: el("div", { className: `labelled ${className}` }, el("label", { htmlFor: input.id, textContent: title }), input, error) };
};
export const text = (placeholder, properties = {}) => el("input", { type: "text", placeholder, autocomplete: "off", spellcheck: false, ...properties });
export const choice = (options, properties = {}) => el("select", properties, ...options.map(([value, name]) => el("option", { value, textContent: name })));

export const complain = ({ input, error }, text) => {
  input.setAttribute("aria-invalid", "true");
  error.textContent = text;
  error.hidden = false;
};

export const forgive = ({ input, error }) => {
  input.removeAttribute("aria-invalid");
  error.hidden = true;
};
