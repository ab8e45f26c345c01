// @ts-check
/** An act's documents, one per language: taken in with their hash as long as it is a draft. */

import { grouped } from "../lib/ceremony.js";
import { h, list, set, write } from "../lib/dom.js";
import { LANGUAGES, NOTHING } from "../lib/i18n.js";
import { languageName } from "../lib/questions.js";
import { Refused } from "../lib/socket.js";

/** @typedef {import("../lib/page.js").Page} Page */

export class ProjectDocuments {
  /** @param {Page} page @param {() => string} act @param {(words: import("../lib/i18n.js").Saying) => void} say */
  constructor(page, act, say) {
    this.page = page;
    this.act = act;
    this.say = say;
    this.rows = h("ul", { class: "rows documents" });
    this.language = h("select", { class: "select", "data-t-label": "projects.language" });
    this.file = h("input", { class: "input", type: "file", accept: "application/pdf", "data-t-label": "projects.file", onchange: () => void this.#take() });
    this.none = h("p", { class: "muted small", "data-t": "officer.no-documents" });
    this.more = h("div", { class: "documents-more" }, this.language, this.file);
    this.element = h("div", { class: "project-documents" }, h("h3", { class: "small strong", "data-t": "projects.documents" }), this.rows, this.none, this.more);
  }

  /** @param {import("../lib/ceremony.js").Act} act */
  draw(act) {
    const { page } = this;
    const draft = act.step === "drafted";
    list(this.rows, Object.entries(act.documents ?? {}), ([tag]) => tag, ([tag]) => h("li", { class: "document" }, h("span", { class: "strong" }), h("code", { class: "document-hash" }),
      h("button", { type: "button", class: "button button-quiet", "data-t": "projects.detach", onclick: () => void this.#detach(tag) })), (row, [tag, { digest, pages }]) => {
      write(row.children[0], languageName(tag, page.i18n.tag));
      write(row.children[1], page.t("projects.document", { n: pages, hash: grouped(digest) }));
      /** @type {HTMLElement} */ (row.children[2]).hidden = !draft;
      set(row.children[2], "aria-label", page.t("word.labelled", { label: page.t("projects.detach"), text: languageName(tag, page.i18n.tag) }));
      page.i18n.apply(row);
    });
    this.none.hidden = this.rows.childElementCount > 0;
    this.more.hidden = !draft;
    list(this.language, Object.keys(LANGUAGES), (tag) => tag, (tag) => h("option", { value: tag }), (option, tag) => write(option, languageName(tag, page.i18n.tag)));
  }

  /** @param {string} language */
  async #detach(language) {
    await this.page.send({ type: "ceremony.detach", act: this.act(), language }).then(() => this.say(NOTHING), (refusal) => this.say(() => this.page.refusal(refusal)));
  }

  async #take() {
    const file = this.file.files?.[0];
    if (!file) return;
    const { page } = this;
    this.say(() => page.t("projects.uploading", { file: file.name }));
    try {
      const taken = await upload(page, `/${page.me?.conference}/documents/${this.act()}/${this.language.value}`, file);
      this.say(() => page.t("projects.uploaded", { file: file.name, n: taken.pages }));
    } catch (refusal) {
      this.say(() => page.refusal(refusal));
    }
    this.file.value = "";
  }
}

/** Sends a file's bytes with the link shown. Rejects with Refused. @param {Page} page @param {string} path @param {Blob} body @returns {Promise<any>} what the server told */
export async function upload(page, path, body) {
  const answer = await fetch(path, { method: "POST", body, headers: { Authorization: `Bearer ${page.token}` } }).catch(() => null);
  if (!answer) throw new Refused("node-unreachable");
  const told = await answer.json().catch(() => ({}));
  if (told.refused || (!answer.ok && !told.wrong)) throw new Refused(told.refused ?? "unexpected", told.params ?? { code: String(answer.status) });
  return told;
}
