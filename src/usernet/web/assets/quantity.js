// Amounts: as people read them, and as a slider has them. What was typed is never written anew.

const RATES = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, tbit: 1e12, bps: 8, kbps: 8e3, mbps: 8e6, gbps: 8e9 };
const TIMES = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 6e10, h: 3.6e12 };

const digits = (number) => {
  const decimals = number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  return String(Number(number.toFixed(decimals)));
};
const prefixed = (number, steps) => {
  const [size, unit] = steps.find(([size]) => number >= size * 0.9995) ?? steps.at(-1);
  return `${digits(number / size)} ${unit}`;
};

export const rate = (bits) => prefixed(bits, [[1e9, "Gbit/s"], [1e6, "Mbit/s"], [1e3, "kbit/s"], [1, "bit/s"]]);
export const duration = (ns) => (ns ? prefixed(ns, [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]]) : "0 ms");
export const share = (part) => (part ? `${digits(part * 100)} %` : "0 %");
export const seconds = (value) => {
  const whole = Math.floor(value), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes % 60)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

const read = (text, units) => {
  const match = /^\s*([\d.]+(?:e[+-]?\d+)?)\s*([a-z%]*)\s*$/i.exec(text ?? "");
  const unit = match && units[match[2].toLowerCase()];
  return match && (unit || Number(match[1]) === 0) ? Number(match[1]) * (unit || 1) : null;
};
const three = (number) => String(Number(number.toPrecision(3)));

// A scale: where a text stands on a slider from 0 to 1000 (null: nowhere), and what a place is called.
export const SCALES = {
  rate: {
    at: (text) => { const bits = read(text, RATES); return bits ? 1000 * Math.log10(bits / 1e3) / 7 : null; },
    text: (at) => { const bits = 1e3 * 10 ** (7 * at / 1000); return at >= 1000 ? "none"
      : bits >= 1e9 ? `${three(bits / 1e9)}gbit` : bits >= 1e6 ? `${three(bits / 1e6)}mbit` : `${three(bits / 1e3)}kbit`; },
    none: 1000,
  },
  delay: time(5e9, 3),
  jitter: time(1e9, 3),
  queue: time(2e9, 3),
  loss: {
    at: (text) => { const p = read(text, { "%": 0.01 }); return p === null ? null : 1000 * Math.cbrt(p); },
    text: (at) => (at <= 0 ? "none" : `${three(100 * (at / 1000) ** 3)}%`),
    none: 0,
  },
};

function time(most, power) {
  return {
    at: (text) => { const ns = read(text, TIMES); return ns === null ? null : 1000 * Math.min(1, ns / most) ** (1 / power); },
    text: (at) => { const ns = most * (at / 1000) ** power; return at <= 0 ? "none"
      : ns >= 1e9 ? `${three(ns / 1e9)}s` : ns >= 1e6 ? `${three(ns / 1e6)}ms` : `${three(ns / 1e3)}us`; },
    none: 0,
  };
}

export const rateText = (bits) => (bits >= 1e9 ? `${three(bits / 1e9)}gbit` : bits >= 1e6 ? `${three(bits / 1e6)}mbit` : `${three(Math.max(bits, 1e3) / 1e3)}kbit`);
