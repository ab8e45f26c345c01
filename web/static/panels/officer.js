// @ts-check
/** The protocol officer's page: the acts in their order, the one at hand with its tables and pads, and what the screens show. */

import { actOf, actsOf, isDone } from "../lib/ceremony.js";
import { find, write } from "../lib/dom.js";
import { NOTHING } from "../lib/i18n.js";
import { ActDesk } from "./actdesk.js";
import { ActList } from "./actlist.js";
import { followAct } from "./ceremony.js";
import { openDesk } from "./desk.js";
import { beside } from "./officerside.js";

const page = await openDesk(["protocol_officer"]);
/** The act at hand, as the officer chose it. */
let chosen = "";
const desk = new ActDesk(find(document, "[data-desk]"), page, page.inks);
const acts = new ActList(find(document, "[data-acts]"), page, (id) => choose(id));
const side = beside(find(document, ".officer-side"), page, () => current(), desk.say);

followAct(page, current, draw);
page.tick(draw);
line();
keys();

/** @param {string} id */
function choose(id) {
  chosen = id;
  desk.say(NOTHING);
  draw();
}

/** What was chosen, else what is shown, else the first that is not done. */
function current() {
  const { view } = page.store;
  const all = actsOf(view);
  return actOf(view, chosen) ?? actOf(view, view.ceremony?.shown) ?? all.find((act) => !isDone(act) && act.step !== "void") ?? all.at(-1) ?? null;
}

function draw() {
  const { board } = page.store.view.ceremony ?? {};
  const act = current();
  write(find(document, "[data-count]"), board ? page.t("ceremony.count", { n: board.signed, of: board.of }) : "");
  find(document, "[data-none]").hidden = Boolean(act);
  acts.draw(act?.id ?? "");
  desk.draw(act);
  side(act);
}

/** What is lost is said in the head, as on every desk. */
function line() {
  const words = find(document, "[data-line]");
  const tell = () => write(words, page.socket?.state === "reconnecting" ? page.t(navigator.onLine ? "line.lost" : "line.offline") : "");
  page.socket?.addEventListener("state", tell);
}

function keys() {
  const step = (/** @type {number} */ by) => {
    const all = actsOf(page.store.view);
    const next = all[all.findIndex(({ id }) => id === current()?.id) + by];
    if (next) choose(next.id);
  };
  page.keys.add("j", "officer.key-next", () => step(1));
  page.keys.add("k", "officer.key-before", () => step(-1));
  for (const [key, move] of /** @type {const} */ ([["l", "lock"], ["s", "seat"], ["a", "arm"], ["g", "go"], ["h", "hold"], ["c", "resume"], ["r", "retake"], ["p", "paper"], ["v", "void"], ["x", "exchange"], ["u", "unveil"], ["e", "seal"]])) {
    page.keys.add(key, `officer.move.${move}`, () => void desk.move(move));
  }
  page.keys.add("b", "officer.show-board", () => void page.send({ type: "ceremony.show" }).catch((refusal) => desk.say(() => page.refusal(refusal))));
}
