// @ts-check
/** Everyone of whom a name or a signature is kept, to find and to erase. Read only when the organiser opens it. */

import { find, h, list, write } from "../lib/dom.js";
import { confirm, dialog } from "../lib/keys.js";
import { Refused } from "../lib/socket.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** `act` and `party` of a signatory, who may have signed unnamed. @typedef {{person: string, name: string, role: string, act?: string, party?: number}} Kept */

const SHOWN_MOST = 50;

/**
 * @param {HTMLElement} root a `details`
 * @param {Page} page
 */
export function names(root, page) {
  const box = /** @type {HTMLDetailsElement} */ (root);
  const search = h("input", { class: "input", type: "search", id: "names-search", autocomplete: "off", oninput: () => draw() });
  const rows = h("ul", { class: "rows names-rows" });
  const more = h("p", { class: "muted small", role: "status" });
  box.append(h("div", { class: "field" }, h("label", { for: "names-search", "data-t": "names.search" }), search), rows, more);
  page.i18n.apply(box);
  /** @type {Kept[]} */
  let known = [];

  async function load() {
    try {
      known = await asked(page, "names");
      draw();
    } catch (refused) {
      write(more, page.refusal(refused));
    }
  }

  const called = (/** @type {Kept} */ { name }) => name || page.t("officer.unnamed");

  /** The role, and what a signatory signs for. @param {Kept} kept */
  function place({ role, act = "", party = 0 }) {
    const of = page.store.view.ceremony?.acts?.[act];
    return [page.t(`role.${role}`), page.words(of?.title), page.words(of?.parties[party]?.names)].filter(Boolean).join(page.t("word.comma"));
  }

  function draw() {
    const wanted = search.value.trim().toLocaleLowerCase();
    const says = (/** @type {Kept} */ kept) => [kept.name, kept.act ? place(kept) : ""].join(" ").toLocaleLowerCase();
    const found = known.filter((kept) => says(kept).includes(wanted)).sort((a, b) => called(a).localeCompare(called(b), page.i18n.tag));
    list(rows, found.slice(0, SHOWN_MOST), ({ person }) => person, (kept) => made(kept), fill);
    const left = found.length - SHOWN_MOST;
    write(more, left > 0 ? page.t("names.more", { n: left }) : found.length ? "" : page.t(known.length ? "names.none" : "names.empty"));
  }

  /** @param {Kept} kept */
  function made(kept) {
    const button = h("button", { class: "button button-quiet", type: "button", onclick: () => erase(kept) });
    return h("li", { class: "names-row" }, h("span", { class: "names-name" }, h("span", { class: "strong" }), " ", h("span", { class: "muted" })), button);
  }

  /** @param {HTMLElement} row @param {Kept} kept */
  function fill(row, kept) {
    const name = called(kept);
    write(find(row, ".strong"), name);
    write(find(row, ".muted"), place(kept));
    const button = find(row, "button");
    write(button, page.t("names.erase"));
    button.setAttribute("aria-label", page.t("names.erase-of", { name }));
  }

  /** @param {Kept} kept */
  async function erase(kept) {
    const { person } = kept;
    const name = kept.name || `${called(kept)} (${place(kept)})`;
    const words = { title: page.t("names.ask", { name }), body: page.t("names.ask-body", { name }), act: page.t("names.erase") };
    if (!(await confirm(page.i18n, words))) return;
    try {
      const { traces } = await asked(page, "erase", { person });
      tell(page.t("names.erased"), traces.length ? page.t("names.traces", { files: traces.join(page.t("word.comma")) }) : page.t("names.no-trace"));
    } catch (refused) {
      tell(words.title, page.refusal(refused));
    }
    void load();
  }

  /** @param {string} title @param {string} body */
  function tell(title, body) {
    dialog(title, [h("p", {}, body)], [h("button", { class: "button", value: "close" }, page.t("word.close"))]).showModal();
  }

  box.addEventListener("toggle", () => box.open && void load());
  page.i18n.addEventListener("change", () => box.open && draw());
}

/**
 * GET, or POST when there is a body. Rejects with Refused.
 * @param {Page} page @param {string} what @param {Record<string, string>} [body] @returns {Promise<any>}
 */
async function asked(page, what, body) {
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(`/${page.me?.conference}/${what}`, {
      method: body ? "POST" : "GET",
      headers: { Authorization: `Bearer ${page.token}` },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Refused("node-unreachable");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(told.refused ?? "unexpected", told.params ?? {});
  return told;
}
