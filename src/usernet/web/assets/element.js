// Elements: made from a tag, its properties and what is inside.

let named = 0;

export const el = (tag, properties = {}, ...inside) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...inside.filter((one) => one != null));
  return made;
};
export const byId = (id) => document.getElementById(id);
export const newId = (what) => `${what}-${++named}`;
export const setText = (element, text) => { if (element.textContent !== text) element.textContent = text; };

// Takes an element away; who had the focus in it goes on at what comes after it, or at another place.
export const removeFrom = (element, otherwise) => {
  const next = element.nextElementSibling ?? otherwise, focused = element.contains(document.activeElement);
  element.remove();
  if (focused) next.querySelector("input, button, summary").focus();
};
