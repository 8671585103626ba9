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
