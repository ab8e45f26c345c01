// @ts-check
/** A document as the pictures of its pages, drawn by the server from the very bytes whose hash stands beside them. */

import { grouped } from "../lib/ceremony.js";
import { h, list, set, write } from "../lib/dom.js";
import { languageName } from "../lib/questions.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {{act: string, language: string, digest: string, pages: number}} Document */

/** Pages ahead of the one that is read are fetched before they are seen, px. */
const AHEAD = "600px";
/** A page that did not come is asked for again after this, ms. */
const AGAIN_MS = 3_000;

export class DocumentReader {
  /** @param {HTMLElement} root @param {Page} page */
  constructor(root, page) {
    this.page = page;
    this.tongues = h("div", { class: "buttons document-tongues", role: "group", "data-t-label": "pad.versions" });
    this.pages = h("ol", { class: "document-pages", tabindex: "0", "data-t-label": "pad.document" });
    this.hash = h("p", { class: "document-hash figures" });
    this.none = h("p", { class: "document-none muted", "data-t": "pad.no-document" });
    root.append(this.tongues, this.pages, this.none, this.hash);
    page.i18n.apply(root);
    this.language = "";
    /** The version that the reader asked for; else it is the page's own language. */
    this.chosen = "";
    this.shown = "";
    this.seeing = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => isIntersecting && this.#fetch(/** @type {HTMLElement} */ (target))), { root: this.pages, rootMargin: AHEAD });
  }

  /** @param {string} act @param {Record<string, {digest: string, pages: number}>} [documents] by language */
  show(act, documents = {}) {
    const tags = Object.keys(documents);
    if (!tags.includes(this.chosen)) this.chosen = "";
    this.language = this.chosen || (tags.find((tag) => tag === this.page.i18n.language) ?? tags[0] ?? "");
    this.none.hidden = tags.length > 0;
    this.pages.hidden = !tags.length;
    this.tongues.hidden = tags.length < 2;
    list(this.tongues, tags, (tag) => tag, (tag) => h("button", { type: "button", class: "button button-quiet", onclick: () => {
      this.chosen = tag;
      this.show(act, documents);
    } }), (button, tag) => {
      write(button, languageName(tag, this.page.i18n.tag));
      set(button, "aria-pressed", String(tag === this.language));
    });
    const document = documents[this.language];
    write(this.hash, document ? this.page.t("pad.hash", { hash: grouped(document.digest) }) : "");
    if (document) this.#pages({ act, language: this.language, ...document });
  }

  /** @param {Document} document */
  #pages({ act, language, digest, pages }) {
    const name = `${act} ${language} ${digest}`;
    if (name === this.shown) return;
    this.shown = name;
    this.seeing.disconnect();
    this.#forget();
    const places = Array.from({ length: pages }, (_, index) => h("li", { class: "document-page", "aria-busy": "true",
      "data-src": `/${this.page.me?.conference}/documents/${act}/${language}/${index + 1}.png`, "data-digest": digest, "data-page": String(index + 1) }));
    this.pages.replaceChildren(...places);
    places.forEach((place) => this.seeing.observe(place));
  }

  /** @param {HTMLElement} place */
  async #fetch(place) {
    this.seeing.unobserve(place);
    const { src = "", digest = "", page = "" } = place.dataset;
    const answer = await fetch(src, { headers: { Authorization: `Bearer ${this.page.token}` } }).catch(() => null);
    if (!place.isConnected) return;
    if (!answer?.ok) return void setTimeout(() => place.isConnected && this.seeing.observe(place), AGAIN_MS);
    const drawnFrom = answer.headers.get("X-Document");
    place.removeAttribute("aria-busy");
    if (drawnFrom && drawnFrom !== digest) return place.replaceChildren(h("p", { class: "document-foreign", role: "alert" }, this.page.t("pad.document-foreign")));
    place.replaceChildren(h("img", { src: URL.createObjectURL(await answer.blob()), alt: this.page.t("pad.page", { n: page }) }));
  }

  #forget() {
    for (const image of this.pages.querySelectorAll("img")) URL.revokeObjectURL(image.src);
  }
}
