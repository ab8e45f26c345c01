// @ts-check
/** The phone in a hall: the code from its screen is shown once, then questions and nothing else. */

import { find, h, write } from "../lib/dom.js";
import { Page } from "../lib/page.js";
import { following, itemsOf, running } from "../lib/programme.js";
import { Refused } from "../lib/socket.js";
import { mountGuest } from "./guest.js";
import { mountLanguageField } from "./languages.js";
import { comes } from "./now.js";
import { mountQuestions } from "./questions.js";

/** How often an unreachable server is tried again, ms. */
const RETRY_MS = 3_000;
/** How long it is said that a code came too late, ms. */
const SAID_MS = 10_000;

const page = await Page.open();
const main = find(document, "#main");
const line = find(document, ".phone-line");

addEventListener("hashchange", () => location.reload());
mountLanguageField(/** @type {HTMLSelectElement} */ (find(document, "#phone-language")), page.i18n);
mountHead();
await enter();

async function enter() {
  try {
    const { role } = await page.enter();
    if (role !== "on_site") throw new Refused("link-foreign");
  } catch (error) {
    if (!(error instanceof Refused && error.passing)) return closed(page.refusal(error));
    tell(page.refusal(error));
    setTimeout(enter, RETRY_MS);
    return;
  }
  const socket = page.connect();
  socket.addEventListener("state", () => tellLine(socket.state));
  socket.addEventListener("bye", (event) => closed(page.t(/** @type {CustomEvent} */ (event).detail.reason === "replaced" ? "bye.replaced" : "refused.link-revoked")));
  showPresence();
  const stop = page.store.watch((view) => Boolean(view.qa), (there) => {
    if (!there) return;
    queueMicrotask(() => stop());
    open();
  });
}

function open() {
  const panel = h("div");
  main.replaceChildren(panel);
  mountQuestions(panel, page);
  mountGuest(find(document, ".guest"), page);
}

/** Whoever saw the hall's screen is in the hall, as far as a code can tell. */
function showPresence() {
  const code = page.takeCode();
  if (!code) return;
  page.send({ type: "qa.show_presence" }, { code }).catch((error) => {
    if (!(error instanceof Refused) || error.code !== "code-wrong") return;
    tell(page.refusal(error));
    setTimeout(() => tell(""), SAID_MS);
  });
}

/** Hall, its clock, what runs. */
function mountHead() {
  const draw = () => {
    const { view } = page.store;
    const venue = view.conference?.venues?.[page.me?.venue ?? ""];
    const now_ms = page.clock.now();
    const items = itemsOf(view);
    const now = running(view, items, now_ms);
    const after = following(now, items, now_ms);
    page.i18n.say(find(document, ".phone-hall"), venue?.city);
    write(find(document, ".phone-time"), page.i18n.time(now_ms, venue?.zone));
    if (now.item) page.i18n.say(find(document, ".phone-now"), now.item.title);
    else if (after) write(find(document, ".phone-now"), [page.words(after.title), comes(page, now, after, now_ms)].join(page.t("word.pause")));
    else page.i18n.say(find(document, ".phone-now"), view.conference?.title);
    document.title = [page.t("questions.title"), page.words(view.conference?.title)].join(" · ");
  };
  page.tick(draw);
  page.watch((view) => view.conference, draw);
  page.watch((view) => view.stage?.item, draw);
}

/** @param {import("../lib/socket.js").SocketState} state */
function tellLine(state) {
  const lost = state === "reconnecting";
  tell(lost ? page.t(navigator.onLine ? "line.lost" : "line.offline") : "");
}

/** @param {string} words */
function tell(words) {
  write(line, words);
  line.hidden = !words;
}

/** @param {string} words */
function closed(words) {
  tell("");
  main.replaceChildren(h("p", { class: "phone-closed", role: "alert" }, words));
}
