// @ts-check
/** The box to ask in: one line that grows, the language told or chosen, anonymous where the room allows, and the rules in words. */

import { characters } from "../lib/asking.js";
import { h, set, write } from "../lib/dom.js";
import { askingLanguage, languageName, languagesToAskIn, rulesOf } from "../lib/questions.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {{text: string, language: string, anonymous: boolean, question: string}} Draft `question`: the one that is changed, or "" */

/** Characters of a question, as a reader counts them; the count is told when so few are left. */
const MOST = 300;
const NEAR = 60;
/** What a box takes in at all: no script needs so many signs for its characters. */
const SIGNS = 3_000;

class Ask {
  /** @param {Page} page @param {import("../lib/asking.js").Asking} asking */
  constructor(page, asking) {
    this.page = page;
    this.asking = asking;
    this.question = "";
    this.key = `twinhall-draft ${page.me?.conference} ${page.me?.person}`;
    this.text = h("textarea", { class: "input ask-text", id: "ask-text", rows: 1, maxlength: SIGNS, dir: "auto", enterkeyhint: "send", "data-t-hint": "ask.hint", "aria-describedby": "ask-rule ask-fault" });
    this.button = h("button", { class: "button button-primary" });
    this.cancel = h("button", { type: "button", class: "button button-quiet", "data-t": "word.cancel", hidden: true, onclick: () => this.#clear() });
    this.language = h("select", { class: "select", id: "ask-language" });
    this.anonymous = h("input", { type: "checkbox" });
    this.anonymousBox = h("label", { class: "check" }, this.anonymous, h("span", { "data-t": "ask.anonymous" }));
    this.name = h("input", { class: "input", id: "ask-name", autocomplete: "name", maxlength: 120, "data-t-hint": "ask.name-hint" });
    this.nameBox = h("div", { class: "ask-name", hidden: true }, h("label", { class: "unseen", for: "ask-name", "data-t": "lobby.name" }), this.name);
    this.left = h("span", { class: "ask-left figures muted small" });
    this.rule = h("p", { class: "ask-rule muted small", id: "ask-rule", role: "status" });
    this.fault = h("p", { class: "field-fault ask-fault", id: "ask-fault", role: "alert", hidden: true });
    this.form = h("form", { class: "ask", novalidate: true, onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
      h("label", { class: "unseen", for: "ask-text", "data-t": "ask.label" }),
      this.fault,
      h("div", { class: "ask-line" }, this.text, this.button),
      h("div", { class: "ask-more" }, this.nameBox,
        h("label", { class: "unseen", for: "ask-language", "data-t": "ask.language" }), this.language, this.anonymousBox, this.left, this.cancel),
      this.rule);
    this.#follow();
  }

  #follow() {
    const { page, text } = this;
    text.addEventListener("input", () => this.#typed());
    text.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.question) this.#clear();
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    for (const news of ["focusin", "focusout", "change"]) this.form.addEventListener(news, () => this.#draw());
    this.form.addEventListener("change", () => this.#keep());
    this.asking.addEventListener("change", () => this.#draw());
    this.stops = [page.watch((view) => view.qa?.rules, () => this.#drawChoices()), page.watch((view) => view.qa?.doors, () => this.#draw()), page.tick(() => this.#draw())];
    page.keys.add("q", "keys.ask", () => this.#focus());
    this.name.value = page.me?.name ?? "";
    this.#fill(this.#kept());
  }

  end() {
    this.stops?.forEach((stop) => stop());
  }

  #focus() {
    /** @type {import("../lib/components.js").HallTabs | null} */ (this.form.closest("hall-tabs"))?.choose("questions");
    this.text.focus();
  }

  /** Writes one of the own questions anew. @param {{id: string, text: string, lang: string}} question */
  edit({ id, text, lang }) {
    this.#say("");
    this.#fill({ text, language: this.#offers(lang) ? lang : "", anonymous: false, question: id });
    this.#keep();
    this.text.focus();
  }

  /** The server did not take it: the words come back, and why. @param {any} command @param {unknown} refusal */
  giveBack({ text, language = "", anonymous = false, question = "" }, refusal) {
    const words = this.page.refusal(refusal);
    const free = !this.text.value.trim();
    if (free) this.#fill({ text, language, anonymous, question });
    this.#keep();
    this.#say(free ? words : this.page.t("word.labelled", { label: this.page.t("word.quoted", { text }), text: words }));
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const { page } = this;
    const text = this.text.value;
    const has = characters(text);
    if (!has) return this.#say(page.t("refused.question-empty"));
    if (has > MOST) return this.#say(page.t("refused.question-too-long", { most: MOST, has }));
    if (this.button.ariaDisabled === "true") return this.#say(this.rule.textContent ?? "");
    this.#call();
    const words = { text, page_language: askingLanguage(page.i18n.tag), ...(this.language.value && { language: this.language.value }) };
    const command = this.question ? { type: "qa.edit", question: this.question, ...words } : { type: "qa.ask", ...words, anonymous: this.anonymous.checked && !this.anonymousBox.hidden };
    this.#clear();
    page.send(command).catch(() => undefined);
  }

  /** Who came without a name may give one with the question. */
  #call() {
    const name = this.name.value.trim();
    if (this.nameBox.hidden || !name || name === this.page.me?.name) return;
    this.page.enter({ name }).catch((error) => this.#say(this.page.refusal(error)));
  }

  #typed() {
    this.#say("");
    this.#keep();
    this.#draw();
  }

  #clear() {
    this.#say("");
    this.#fill({ text: "", language: this.language.value, anonymous: this.anonymous.checked, question: "" });
    this.#keep();
  }

  /** @param {string} words */
  #say(words) {
    write(this.fault, words);
    this.fault.hidden = !words;
    set(this.text, "aria-invalid", words ? "true" : null);
  }

  /** @param {Draft} draft */
  #fill({ text, language, anonymous, question }) {
    this.text.value = text;
    this.question = question;
    this.anonymous.checked = anonymous;
    this.#drawChoices();
    this.language.value = this.#offers(language) ? language : "";
    this.#draw();
  }

  /** @param {string} language */
  #offers(language) {
    return [...this.language.options].some(({ value }) => value === language);
  }

  #drawChoices() {
    const { page } = this;
    const { languages, anonymous } = rulesOf(page.store.view.qa);
    const chosen = this.language.value;
    const options = languagesToAskIn(languages).map((tag) => new Option(languageName(tag, page.i18n.tag), tag));
    this.language.replaceChildren(new Option(page.t("ask.detected"), ""), ...options);
    this.language.value = this.#offers(chosen) ? chosen : "";
    this.anonymousBox.hidden = !anonymous || Boolean(this.question);
    this.nameBox.hidden = page.me?.role !== "on_site";
    this.#draw();
  }

  #draw() {
    const { page, text } = this;
    const closed = page.store.view.qa?.doors?.asking === false && !this.question;
    const has = text.value ? characters(text.value) : 0;
    const waits = this.#waits();
    set(this.form, "data-open", this.form.contains(document.activeElement) || Boolean(text.value) || Boolean(this.question));
    text.disabled = closed;
    set(this.button, "aria-disabled", closed || waits ? "true" : null);
    write(this.button, page.t(this.question ? "ask.save" : "ask.send"));
    this.cancel.hidden = !this.question;
    write(this.rule, this.question ? page.t("ask.editing") : waits || this.#rules());
    const left = MOST - has;
    write(this.left, left > NEAR ? "" : page.t(left < 0 ? "ask.over" : "ask.left", { n: Math.abs(left) }));
    set(this.left, "data-over", left < 0);
    this.#grow();
  }

  /** Why nobody can ask right now, or "". */
  #waits() {
    const { page, asking } = this;
    const { qa } = page.store.view;
    const rules = rulesOf(qa);
    if (this.question || !qa) return "";
    if (!qa.doors?.asking) return page.t("ask.closed");
    if ((asking.own.used ?? 0) >= rules.cap) return page.t("ask.used-up", { n: rules.cap });
    if (asking.asks.some(({ certain }) => !certain)) return page.t("ask.on-its-way");
    const wait_ms = (asking.own.last_ms ?? 0) + 1_000 * rules.cooldown_s - page.clock.now();
    return wait_ms > 0 && asking.own.last_ms ? page.t("ask.wait", { n: Math.ceil(wait_ms / 1_000) }) : "";
  }

  /** What holds for a question that is asked now. */
  #rules() {
    const { page, asking } = this;
    const rules = rulesOf(page.store.view.qa);
    const { used = 0 } = asking.own;
    return page.i18n.sentences([
      page.t(rules.moderation === "before" ? "ask.reviewed" : "ask.at-once"),
      used ? page.t("ask.more-left", { n: rules.cap - used }) : "",
      rules.languages.length ? page.t("ask.languages", { languages: rules.languages.map((tag) => languageName(tag, page.i18n.tag)).join(page.t("word.comma")) }) : "",
    ]);
  }

  /** The box is as tall as its words. */
  #grow() {
    this.text.style.setProperty("block-size", "auto");
    if (this.text.value) this.text.style.setProperty("block-size", `${this.text.scrollHeight + this.text.offsetHeight - this.text.clientHeight}px`);
  }

  /** @returns {Draft} what an earlier page of this tab left in the box */
  #kept() {
    const none = { text: "", language: "", anonymous: false, question: "" };
    try {
      return { ...none, ...JSON.parse(sessionStorage.getItem(this.key) ?? "{}") };
    } catch {
      return none;
    }
  }

  #keep() {
    const draft = { text: this.text.value, language: this.language.value, anonymous: this.anonymous.checked, question: this.question };
    try {
      if (draft.text) sessionStorage.setItem(this.key, JSON.stringify(draft));
      else sessionStorage.removeItem(this.key);
    } catch {
      // Storage is closed to us: the draft lives as long as the page.
    }
  }
}

/** @param {Page} page @param {import("../lib/asking.js").Asking} asking */
export function mountAsk(page, asking) {
  return new Ask(page, asking);
}
