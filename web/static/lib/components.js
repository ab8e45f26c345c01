// @ts-check
/** Custom elements that enhance plain HTML: tally, level meter, tabs. Import once per page. */

import { h, set, style } from "./dom.js";

/**
 * `<hall-tally state="on-air">On air</hall-tally>`: the words stay, the shape before them comes.
 * States: on-air (filled square), next (hollow), ready (check), hold (two bars), lost (broken line), off (words only).
 */
export class HallTally extends HTMLElement {
  /** @type {string | null} */
  words = null;

  connectedCallback() {
    if (!this.querySelector(".shape")) this.prepend(h("span", { class: "shape", "aria-hidden": "true" }));
  }

  /** @param {string} state @param {string} words */
  show(state, words) {
    set(this, "state", state);
    if (this.words !== words) this.replaceChildren(h("span", { class: "shape", "aria-hidden": "true" }), words);
    this.words = words;
  }
}

/** Levels that mean something, dBFS: loud, and so near full scale that it clips. */
const FLOOR_DB = -60;
const LOUD_DB = -9;
const CLIP_DB = -1;

/** `<hall-meter aria-label="...">`: `level(rms_db, peak_db)` in dBFS, from -60 to 0. */
export class HallMeter extends HTMLElement {
  connectedCallback() {
    set(this, "role", "meter");
    set(this, "aria-valuemin", FLOOR_DB);
    set(this, "aria-valuemax", 0);
    if (!this.children.length) this.append(h("span", { class: "level" }), h("span", { class: "peak" }));
  }

  /** @param {number} rms_db @param {number} [peak_db] */
  level(rms_db, peak_db = rms_db) {
    const share = (/** @type {number} */ db) => Math.min(1, Math.max(0, (db - FLOOR_DB) / -FLOOR_DB));
    style(this, { "--level": share(rms_db).toFixed(3), "--peak": `${(share(peak_db) * 100).toFixed(1)}%` });
    set(this, "data-loud", peak_db > LOUD_DB);
    set(this, "data-clipping", peak_db > CLIP_DB);
    set(this, "aria-valuenow", Math.round(Math.max(FLOOR_DB, rms_db)));
  }
}

let tabsMade = 0;

/** `<hall-tabs>`: `add(id)` gives `{tab, panel}`; arrows, Home and End move, as the ARIA pattern says. Event `choose` (detail id). */
export class HallTabs extends HTMLElement {
  name = `tabs-${++tabsMade}`;
  bar = h("div", { role: "tablist", onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event) });

  connectedCallback() {
    if (!this.bar.isConnected) this.prepend(this.bar);
  }

  /** @param {string} id */
  add(id) {
    const panelId = `${this.name}-${id}`;
    const tab = h("button", { type: "button", role: "tab", id: `${panelId}-tab`, "aria-controls": panelId, onclick: () => this.choose(id) });
    const panel = h("div", { role: "tabpanel", id: panelId, "aria-labelledby": tab.id, tabindex: "0", hidden: true });
    tab.dataset.id = id;
    this.bar.append(tab);
    this.append(panel);
    if (!this.chosen) this.choose(id);
    else this.#mark();
    return { tab, panel };
  }

  get chosen() {
    return this.dataset.chosen ?? "";
  }

  /** @param {string} id */
  choose(id) {
    this.dataset.chosen = id;
    this.#mark();
    this.dispatchEvent(new CustomEvent("choose", { detail: id }));
  }

  #tabs() {
    return /** @type {HTMLElement[]} */ ([...this.bar.children]);
  }

  #mark() {
    for (const tab of this.#tabs()) {
      const chosen = tab.dataset.id === this.chosen;
      set(tab, "aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !chosen;
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const tabs = this.#tabs();
    const at = tabs.findIndex((tab) => tab.dataset.id === this.chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    this.choose(next.dataset.id ?? "");
    next.focus();
  }
}

customElements.define("hall-tally", HallTally);
customElements.define("hall-meter", HallMeter);
customElements.define("hall-tabs", HallTabs);
