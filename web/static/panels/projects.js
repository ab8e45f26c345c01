// @ts-check
/** The organiser's acts: what is signed, by whom, under which documents; written here or taken from a spreadsheet. */

import { actsOf, recordedItems } from "../lib/ceremony.js";
import { DOT, find, h, list, write } from "../lib/dom.js";
import { stepWords, tallyOfAct } from "./actlist.js";
import { importer } from "./importer.js";
import { editAct } from "./projectform.js";
import { ProjectDocuments } from "./projectdocuments.js";
import { recordButton } from "./records.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */
/** @typedef {import("../lib/page.js").Page} Page */

/** @param {HTMLElement} root @param {Page} page */
export function projects(root, page) {
  const rows = find(root, "[data-acts]");
  const say = page.sayer(find(root, "[data-said]"));
  /** @type {Map<string, ProjectDocuments>} */
  const documents = new Map();
  find(root, "[data-act=add]").addEventListener("click", () => void editAct(page, null));
  importer(root, page);

  /** @param {Act} made */
  function row(made) {
    const papers = new ProjectDocuments(page, () => made.id, say);
    documents.set(made.id, papers);
    const edit = h("button", { type: "button", class: "button", "data-act": "edit", "data-t": "projects.edit", onclick: () => {
      const now = actsOf(page.store.view).find(({ id }) => id === made.id);
      if (now) void editAct(page, now);
    } });
    const element = h("li", { class: "project" },
      h("details", { class: "project-more" },
        h("summary", { class: "project-head" }, h("span", { class: "project-title" }), h(/** @type {any} */ ("hall-tally"), { state: "off" })),
        h("p", { class: "project-facts muted small" }),
        h("ol", { class: "project-parties" }),
        papers.element,
        h("div", { class: "buttons" }, edit, recordButton(page, () => made.id, say))));
    page.i18n.apply(element);
    return element;
  }

  /** @param {HTMLElement} element @param {Act} act */
  function fill(element, act) {
    page.i18n.say(find(element, ".project-title"), act.title);
    /** @type {import("../lib/components.js").HallTally} */ (find(element, "hall-tally")).show(tallyOfAct(act), stepWords(page, act));
    const item = page.words(page.store.view.conference?.items?.[act.item]?.title);
    write(find(element, ".project-facts"), [page.t(`officer.kind.${act.kind}`), item, page.t("officer.round", { n: act.round }), page.words(act.sector)].filter(Boolean).join(DOT));
    list(find(element, ".project-parties"), act.parties.map((party, index) => ({ party, index })), ({ index }) => String(index), () => h("li", {}, h("span"), h("span", { class: "muted" })), (line, { party }) => {
      page.i18n.say(/** @type {Element} */ (line.firstElementChild), party.names);
      const city = page.words(page.store.view.conference?.venues?.[party.venue]?.city);
      write(/** @type {Element} */ (line.lastElementChild), ["", party.name ?? page.t("officer.unnamed"), page.words(party.title), city].filter((part, n) => n === 0 || part).join(DOT));
    });
    find(element, "[data-act=edit]").hidden = act.step === "void" || act.step === "sealed";
    find(element, "[data-act=record]").hidden = !act.record;
    documents.get(act.id)?.draw(act);
  }

  /** @param {string} item */
  function whole(item) {
    const button = recordButton(page, () => `ceremony/${item}`, say);
    button.removeAttribute("data-t");
    return button;
  }

  page.watch((view) => view.ceremony?.acts, () => {
    const acts = actsOf(page.store.view);
    find(root, "[data-none]").hidden = acts.length > 0;
    list(rows, acts, ({ id }) => id, row, fill);
    list(find(root, "[data-wholes]"), recordedItems(acts), (item) => item, whole, (button, item) => {
      write(button, page.t("projects.whole", { title: page.words(page.store.view.conference?.items?.[item]?.title) }));
    });
  });
}
