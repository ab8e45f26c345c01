// @ts-check
/** The organiser's downloads of all questions. The link's secret goes in a header, so a page fetches them. */

import { h } from "../lib/dom.js";
import { Refused } from "../lib/socket.js";

const KINDS = { csv: "CSV", jsonl: "JSON Lines", xlsx: "XLSX" };

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function exports(root, page) {
  const said = h("p", { class: "muted", role: "status" });
  const buttons = Object.entries(KINDS).map(([kind, name]) => h("button", { class: "button", type: "button", "data-kind": kind, onclick: () => take(kind) }, name));
  const say = page.sayer(said);
  root.append(h("div", { class: "buttons" }, ...buttons), said);

  /** @param {string} kind */
  async function take(kind) {
    say(() => page.t("exports.waits"));
    try {
      const file = `${page.me?.conference}-${page.me?.room}-questions.${kind}`;
      save(await fetched(page, `/${page.me?.conference}/export/qa.${kind}?room=${page.me?.room}`), file);
      say(() => page.t("exports.done", { file }));
    } catch (refusal) {
      say(() => page.refusal(refusal));
    }
  }
}

/** What stands at `path`, with the link shown. Rejects with Refused. @param {import("../lib/page.js").Page} page @param {string} path @returns {Promise<Blob>} */
export async function fetched(page, path) {
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(path, { headers: { Authorization: `Bearer ${page.token}` } });
  } catch {
    throw new Refused("node-unreachable");
  }
  if (answer.ok) return answer.blob();
  const told = await answer.json().catch(() => ({}));
  throw new Refused(told.refused ?? "unexpected", told.params ?? { code: String(answer.status) });
}

/** Into the person's downloads. @param {Blob} content @param {string} file */
export function save(content, file) {
  const url = URL.createObjectURL(content);
  const link = h("a", { href: url, download: file });
  link.click();
  URL.revokeObjectURL(url);
}
