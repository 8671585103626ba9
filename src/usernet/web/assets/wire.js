// What goes between this page and the line: calls, and what happens.

const KEPT = "usernet-token";

export class Refused extends Error {
  constructor(status, told) {
    super(told.message);
    this.status = status;
    this.told = told;
  }
}

export class Wire {
  constructor(ask) {
    this.ask = ask; // for a token, when one is needed, or another than the one that was given
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given) {
      sessionStorage.setItem(KEPT, given);
      history.replaceState(null, "", location.pathname);
    }
  }

  async fetch(path, options = {}) {
    for (;;) {
      const token = sessionStorage.getItem(KEPT);
      const headers = { ...options.headers };
      if (token) headers.Authorization = `Bearer ${token}`;
      const response = await fetch(`/api/v1${path}`, { ...options, headers });
      if (response.status !== 401) return response;
      this.asked ??= this.ask(Boolean(token)).finally(() => { this.asked = null; });
      const given = await this.asked; // one question for all that wait
      sessionStorage.setItem(KEPT, /^[!-~]*$/.test(given) ? given : "?"); // what no header can hold is wrong, too
    }
  }

  async call(method, path, body, headers = {}) {
    const options = { method, headers: { ...headers } };
    if (body !== undefined) {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    const response = await this.fetch(path, options);
    const told = await response.json();
    if (!response.ok) throw new Refused(response.status, told.error);
    return told;
  }

  get(path) { return this.call("GET", path); }

  // Makes another config of the present one, in place; anew where somebody else has changed it meanwhile.
  async rewrite(change) {
    for (;;) {
      const response = await this.fetch("/config");
      const table = await response.json();
      change(table);
      try {
        return await this.call("PUT", "/config", table, { "If-Match": response.headers.get("ETag") });
      } catch (error) {
        if (error.told?.kind !== "generation") throw error;
      }
    }
  }

  async save(path, name) {
    const response = await this.fetch(path);
    if (!response.ok) throw new Refused(response.status, (await response.json()).error);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  // Calls back with everything that happens, for ever; begin is called at each new connection.
  async watch(begin, happened, lost) {
    for (let wait = 300; ; wait = Math.min(wait * 1.6, 3000)) {
      try {
        const response = await this.fetch("/events");
        if (response.ok) {
          begin();
          wait = 300;
          await this.#read(response.body.getReader(), happened);
        }
      } catch (error) {
        if (!(error instanceof TypeError) && error.name !== "AbortError") console.error(error);
      }
      lost();
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  async #read(reader, happened) {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const match = /^event: (.*)\ndata: (.*)$/m.exec(part);
        if (match) happened(match[1], JSON.parse(match[2]));
      }
    }
  }
}
