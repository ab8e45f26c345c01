// @ts-check
/** The form of an act: what it is, when, and its parties with their names in four languages; who signs for each. */

import { actsOf } from "../lib/ceremony.js";
import { h, list, set, write } from "../lib/dom.js";
import { LANGUAGES } from "../lib/i18n.js";
import { dialog } from "../lib/keys.js";
import { itemsOf } from "../lib/programme.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */
/** @typedef {import("../lib/ceremony.js").Words} Words */
/** @typedef {import("../lib/page.js").Page} Page */

const KINDS = ["signing", "appointment", "unveiling", "initiative"];
const INSTRUMENTS = ["none", "paper", "qes", "ca"];
const TAGS = /** @type {(keyof typeof LANGUAGES)[]} */ (["en", "zh", "de", "fr"]);
const PARTIES_LEAST = 2;
const PARTIES_MOST = 6;

/** What a form says of words: languages that are empty, or say what English says and would fall back to it, are left out. @param {FormData} data @param {string} name @returns {Words | null} null: nothing is written */
export function wordsOf(data, name) {
  const said = TAGS.map((tag) => [tag, String(data.get(`${name}.${tag}`) ?? "").trim()]).filter(([tag, text], _, [[, english]]) => text && (tag === "en" || text !== english));
  return said.length ? Object.fromEntries(said) : null;
}

/** The command that a form stands for, and who signs, by party. @param {FormData} data @param {string} act its id @param {number} count parties */
export function draftOf(data, act, count) {
  const parties = Array.from({ length: count }, (_, n) => ({
    venue: String(data.get(`${n}.venue`)),
    names: wordsOf(data, `${n}.names`) ?? {},
    ...optional("title", wordsOf(data, `${n}.title`)),
    ...optional("authority", wordsOf(data, `${n}.authority`)),
  }));
  const names = Array.from({ length: count }, (_, n) => String(data.get(`${n}.name`) ?? "").trim());
  const command = { type: "ceremony.draft", act, kind: String(data.get("kind")), item: String(data.get("item")), round: Math.max(1, Math.round(Number(data.get("round")) || 1)),
    instrument: String(data.get("instrument")), title: wordsOf(data, "title") ?? {}, ...optional("sector", wordsOf(data, "sector")), parties };
  return { command, names };
}

/** @param {string} name @param {Words | null} words */
function optional(name, words) {
  return words ? { [name]: words } : {};
}

/** An id that no act has yet. @param {readonly Act[]} acts */
export function freshId(acts) {
  for (let n = acts.length + 1; ; n += 1) if (!acts.some(({ id }) => id === `act-${n}`)) return `act-${n}`;
}

/** Opens the form. @param {Page} page @param {Act | null} act null: a new one */
export async function editAct(page, act) {
  const { t } = page;
  const id = act?.id ?? freshId(actsOf(page.store.view));
  const locked = Boolean(act) && act?.step !== "drafted";
  const said = h("p", { class: "field-fault", role: "alert" });
  const parties = h("ol", { class: "form-parties" });
  let count = act?.parties.length ?? PARTIES_LEAST;
  const add = h("button", { type: "button", class: "button", onclick: () => turn(count + 1) }, t("projects.add-party"));
  const remove = h("button", { type: "button", class: "button", onclick: () => turn(count - 1) }, t("projects.remove-party"));
  const turn = (/** @type {number} */ wished) => {
    count = Math.min(PARTIES_MOST, Math.max(PARTIES_LEAST, wished));
    list(parties, Array.from({ length: count }, (_, n) => n), String, (n) => party(page, n, act, locked));
    set(add, "disabled", locked || count >= PARTIES_MOST);
    set(remove, "disabled", locked || count <= PARTIES_LEAST);
  };
  turn(count);
  const items = itemsOf(page.store.view);
  const body = h("fieldset", { class: "form-act", disabled: locked },
    h("div", { class: "form-row" },
      choice(t("projects.kind"), "kind", KINDS.map((kind) => [kind, t(`officer.kind.${kind}`)]), act?.kind ?? "signing"),
      choice(t("projects.item"), "item", items.map((item) => [item.id, page.words(item.title)]), act?.item ?? items.find(({ kind }) => kind === "signing")?.id ?? ""),
      h("label", { class: "field" }, h("span", { class: "label" }, t("projects.round")), h("input", { class: "input", type: "number", name: "round", min: 1, max: 100, value: act?.round ?? 1 })),
      choice(t("officer.instrument"), "instrument", INSTRUMENTS.map((one) => [one, t(`officer.instrument.${one}`)]), act?.instrument ?? "none")),
    worded(page, t("projects.title-of"), "title", act?.title, true),
    worded(page, t("projects.sector"), "sector", act?.sector));
  const element = dialog(act ? page.words(act.title) : t("projects.add"), [body, parties, h("div", { class: "form-buttons" }, add, remove), said], [
    h("button", { class: "button", value: "no", formnovalidate: true }, t("word.cancel")),
    h("button", { class: "button button-primary", value: "yes" }, t("projects.save")),
  ]);
  element.classList.add("dialog-wide");
  const form = /** @type {HTMLFormElement} */ (element.querySelector("form"));
  form.addEventListener("submit", (event) => {
    const pressed = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (pressed?.value !== "yes") return;
    event.preventDefault();
    void save(page, form, { id, act, count, locked }).then(() => element.close("yes"), (refusal) => write(said, page.refusal(refusal)));
  });
  element.showModal();
}

/** @param {Page} page @param {HTMLFormElement} form @param {{id: string, act: Act | null, count: number, locked: boolean}} of */
async function save(page, form, { id, act, count, locked }) {
  const { command, names } = draftOf(new FormData(form), id, count);
  if (!locked) await page.send(command);
  for (const [party, name] of names.entries()) {
    if (name && name !== act?.parties[party]?.name) await page.send({ type: "ceremony.name", act: id, party, name });
  }
}

/** @param {Page} page @param {number} n @param {Act | null} act @param {boolean} locked */
function party(page, n, act, locked) {
  const { t } = page;
  const known = act?.parties[n];
  const venues = Object.entries(page.store.view.conference?.venues ?? {}).map(([venue, { city }]) => [venue, page.words(city)]);
  return h("li", { class: "form-party" }, h("h3", {}, t("projects.party", { n: n + 1 })),
    h("div", { class: "form-row" },
      h("fieldset", { class: "form-bare", disabled: locked }, choice(t("projects.venue"), `${n}.venue`, venues, known?.venue ?? venues[n % venues.length]?.[0] ?? "")),
      h("label", { class: "field" }, h("span", { class: "label" }, t("projects.signatory")), h("input", { class: "input", name: `${n}.name`, maxlength: 200, value: known?.name ?? "", autocomplete: "off" }))),
    h("fieldset", { class: "form-bare", disabled: locked },
      worded(page, t("projects.names"), `${n}.names`, known?.names, true),
      worded(page, t("projects.office"), `${n}.title`, known?.title),
      worded(page, t("projects.authority"), `${n}.authority`, known?.authority)));
}

/** A text in four languages; English first, which the others fall back to. @param {Page} page @param {string} label @param {string} name @param {Words} [words] @param {boolean} [required] */
function worded(page, label, name, words = {}, required = false) {
  return h("fieldset", { class: "field worded" }, h("legend", {}, label), h("div", { class: "worded-row" },
    ...TAGS.map((tag) => h("input", { class: "input", name: `${name}.${tag}`, lang: LANGUAGES[tag].tag, value: tag === "en" || words[tag] !== words.en ? words[tag] ?? "" : "", placeholder: LANGUAGES[tag].name, "aria-label": `${label}, ${LANGUAGES[tag].name}`, maxlength: 300, required: required && tag === "en", autocomplete: "off" }))));
}

/** @param {string} label @param {string} name @param {string[][]} options value and words @param {string} value */
function choice(label, name, options, value) {
  const select = h("select", { class: "select", name }, ...options.map(([option, words]) => h("option", { value: option }, words)));
  select.value = value;
  return h("label", { class: "field" }, h("span", { class: "label" }, label), select);
}
