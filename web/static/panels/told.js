// @ts-check
/** One line below a desk: what was done, with its way back; or why it was not, and what helps. */

import { h, set, write } from "../lib/dom.js";
/** Acts that show themselves on their card. @type {readonly string[]} */
const QUIET = ["claim", "release"];

/**
 * @param {HTMLElement} root
 * @param {import("../lib/page.js").Page} page
 * @param {import("./acts.js").Acts} acts
 * @param {{point?: (id: string) => void, takeOver?: (id: string) => void}} [ways] of a desk with a board
 */
export function told(root, page, acts, { point, takeOver } = {}) {
  const [words, what] = [h("span", { class: "told-words" }), h("span", { class: "told-what", dir: "auto" })];
  const button = (/** @type {string} */ key, /** @type {() => void} */ onclick) => h("button", { class: "button", type: "button", "data-t": key, hidden: true, onclick });
  let about = "";
  const undo = button("board.undo-last", () => void acts.undo());
  const show = button("board.show", () => point?.(about));
  const over = button("board.take-over", () => takeOver?.(about));
  root.append(h("p", { role: "status" }, words, " ", what), undo, show, over);
  page.i18n.apply(root);

  /** @param {string} id @param {string} said @param {"done" | "refused" | "waits"} state @param {string} [code] */
  const say = (id, said, state, code = "") => {
    about = id;
    write(words, said);
    write(what, acts.row(id)?.text ?? "");
    set(what, "lang", acts.row(id)?.lang ?? null);
    set(root, "data-told", state);
    root.hidden = false;
    over.hidden = code !== "question-claimed" || !takeOver;
    show.hidden = state !== "refused" || !over.hidden || !point || !acts.row(id);
    undo.hidden = state !== "done" || !acts.last;
  };
  const waits = () => {
    const [id] = acts.busy.keys();
    if (id && page.socket && page.socket.state !== "live") say(id, page.t("board.waits"), "waits");
  };

  acts.addEventListener("done", (event) => {
    const { id, act } = /** @type {CustomEvent} */ (event).detail;
    if (!QUIET.includes(act)) say(id, page.t(`board.done.${act}`), "done");
    else if (root.dataset.told !== "done") root.hidden = true;
  });
  acts.addEventListener("refused", (event) => {
    const { id, refusal } = /** @type {CustomEvent} */ (event).detail;
    say(id, page.refusal(refusal), "refused", refusal.code);
  });
  acts.addEventListener("busy", waits);
  page.socket?.addEventListener("state", waits);
}
