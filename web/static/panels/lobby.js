// @ts-check
/** The attendee's page: the lobby, and behind the join click the stage. */

import { find, h, list, set, write } from "../lib/dom.js";
import { applyGround, chooseGround, chosenGround, Page } from "../lib/page.js";
import { following, itemsOf, running } from "../lib/programme.js";
import { Refused } from "../lib/socket.js";
import { mountClocks, venuesOf } from "./clocks.js";
import { mountLanguageButtons, mountLanguageField } from "./languages.js";
import { mountProgramme } from "./programme.js";
import { openStage } from "./stage.js";

/** How often an unreachable server is tried again, ms. */
const RETRY_MS = 3_000;
/** How often a lobby without a socket looks what is live, ms. */
const LOOK_MS = 20_000;

const page = await Page.open();
const lobby = find(document, "#lobby");
const stage = find(document, "#stage");
const form = /** @type {HTMLFormElement} */ (find(lobby, ".join-form"));
const name = /** @type {HTMLInputElement} */ (find(lobby, "#name"));
const join = /** @type {HTMLButtonElement} */ (find(lobby, ".join-button"));
const fault = find(lobby, ".join-fault");
/** Whether the fault that is told passes by itself. */
let waiting = false;

mountEvent();
mountClocks(find(lobby, ".lobby-clocks"), page);
mountWhen(find(lobby, ".lobby-when"));
mountProgramme(find(lobby, ".lobby-programme"), page);
mountLanguageButtons(find(lobby, ".lobby-languages"), page.i18n);
mountLanguageField(/** @type {HTMLSelectElement} */ (find(stage, ".stage-language")), page.i18n);
mountGround();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  enterStage();
});
addEventListener("hashchange", () => location.reload());
if (typeof RTCPeerConnection !== "function") tellFault("line.no-webrtc");
await show();
if (page.store.view.media && !page.socket) lookAgain();

/** Title, day, motto: the conference's words in the page's language. */
function mountEvent() {
  page.watch((view) => view.conference, (conference) => {
    if (!conference) return;
    document.title = page.words(conference.title);
    page.i18n.say(find(lobby, "h1"), conference.title);
    page.i18n.say(find(stage, ".stage-title"), conference.title);
    page.i18n.say(find(lobby, ".lobby-motto"), conference.motto);
    const cities = venuesOf(page.store.view).map(({ city }) => page.words(city)).join(page.t("word.comma"));
    const day = conference.rehearsal ? conference.today : conference.day;
    write(find(lobby, ".lobby-day"), `${page.i18n.day(day)} · ${page.t("lobby.and-online", { cities })}`);
    for (const mark of document.querySelectorAll(".rehearsal")) /** @type {HTMLElement} */ (mark).hidden = !conference.rehearsal;
    write(find(lobby, ".lobby-held"), conference.rehearsal ? page.t("lobby.held-as", { day: page.i18n.day(conference.day) }) : "");
  });
  page.watch((view) => view.media?.sources, drawLive);
  page.watch((view) => view.conference?.sources, drawLive);
}

/** Which halls send right now. */
function drawLive() {
  const { conference, media } = page.store.view;
  const box = find(lobby, ".lobby-live");
  box.hidden = !media;
  const live = venuesOf(page.store.view).filter(({ id }) => Object.entries(conference?.sources ?? {}).some(([source, { venue }]) => venue === id && media?.sources?.[source]?.live));
  set(find(lobby, ".lobby-clocks"), "data-live", live.length > 1);
  list(find(box, ".lobby-live-halls"), live, ({ id }) => id, () => h("li"), (row, { city }) => page.i18n.say(row, city));
  const tally = /** @type {import("../lib/components.js").HallTally} */ (find(box, "hall-tally"));
  tally.show(live.length ? "on-air" : "off", page.t(live.length ? "lobby.live-now" : "lobby.live-none"));
}

/** The viewer's own clock, and how far the opening is. @param {HTMLElement} element */
function mountWhen(element) {
  const [here, when] = [h("p"), h("p")];
  element.replaceChildren(here, when);
  const draw = () => {
    const now_ms = page.clock.now();
    const items = itemsOf(page.store.view);
    const now = running(page.store.view, items, now_ms);
    const after = following(now, items, now_ms);
    const own = page.i18n.time(now_ms);
    here.hidden = venuesOf(page.store.view).some(({ zone }) => page.i18n.time(now_ms, zone) === own);
    write(here, page.t("lobby.where-you-are", { time: own }));
    write(when, now.item ? page.t("word.labelled", { label: page.t("word.now"), text: page.words(now.item.title) }) : !items.length ? "" : after ? page.t("lobby.opens", { when: page.i18n.distance(after.start_ms - now_ms) }) : page.t("lobby.over"));
  };
  page.tick(draw);
  page.watch((view) => view.conference, draw);
}

/** Until this page has a socket, its HTML tells what is live. */
function lookAgain() {
  setTimeout(async () => {
    if (page.socket) return;
    await page.reread().catch(() => undefined);
    lookAgain();
  }, LOOK_MS);
}

function mountGround() {
  for (const button of document.querySelectorAll(".choose-ground")) {
    button.addEventListener("click", () => {
      const dark = button.closest("[data-ground]")?.getAttribute("data-ground") === "hall";
      chooseGround(dark ? "light" : "dark");
    });
  }
}

/** The document's own ground, for dialogs and the edges of the window. @param {"hall" | "foyer"} ground */
function turnGround(ground) {
  document.documentElement.dataset.groundFree = ground;
  applyGround(chosenGround());
}

/** The way in: the link is shown to the server at once, so that the lobby knows what is live. */
async function show() {
  try {
    const me = await page.enter();
    if (me.name && !name.value) name.value = me.name;
    page.attend(false);
    page.connect().addEventListener("bye", (event) => bye(/** @type {CustomEvent} */ (event).detail.reason));
    admit(true);
  } catch (error) {
    if (error instanceof Refused && error.passing) {
      admit(true);
      tellFault("", page.refusal(error));
      waiting = true;
      setTimeout(show, RETRY_MS);
    } else refuse(/** @type {{code?: string}} */ (error).code ?? "unexpected");
  }
}

/** @param {boolean} open */
function admit(open) {
  form.hidden = !open;
  find(lobby, ".join-refused").hidden = open;
  if (open && waiting) clearFault();
  waiting = false;
}

/** The link does not open this page: the programme stays, words say how to join. @param {string} code */
function refuse(code) {
  admit(false);
  const box = find(lobby, ".join-refused");
  const missing = code === "link-missing";
  const [title, words, more] = [".refused-title", ".refused-words", ".refused-more"].map((part) => find(box, part));
  set(title, "data-t", missing ? "lobby.no-link-title" : "lobby.join-title");
  set(words, "data-t", missing ? "lobby.no-link" : page.t(`refused.${code}`) === `refused.${code}` ? "refused.link-unknown" : `refused.${code}`);
  set(more, "data-t", "lobby.reading");
  page.i18n.apply(box);
}

/** @param {string} key @param {string} [words] */
function tellFault(key, words) {
  fault.hidden = false;
  set(fault, "data-t", words ? null : key);
  write(fault, words ?? page.t(key));
}

function clearFault() {
  fault.hidden = true;
  set(fault, "data-t", null);
  set(name, "aria-invalid", null);
}

/** The join click: sound and picture start within it, the name goes to the server meanwhile. */
async function enterStage() {
  clearFault();
  if (!name.value.trim()) return wrongName("refused.name-empty");
  join.disabled = true;
  set(join, "data-t", "lobby.joining");
  page.i18n.apply(form);
  let opened = page.me && openStage(stage, page, page.me);
  try {
    const me = await page.enter({ name: name.value.trim() });
    page.connect();
    opened ??= openStage(stage, page, me);
    opened.show();
    turnToStage();
  } catch (error) {
    opened?.session.leave();
    const code = /** @type {{code?: string}} */ (error).code ?? "unexpected";
    if (code.startsWith("link-")) refuse(code);
    else if (code.startsWith("name-")) wrongName(`refused.${code}`);
    else tellFault("", page.refusal(error));
  }
  join.disabled = false;
  set(join, "data-t", "word.join");
  page.i18n.apply(form);
}

/** @param {string} key */
function wrongName(key) {
  tellFault(key);
  set(name, "aria-invalid", "true");
  name.focus();
}

function turnToStage() {
  lobby.hidden = true;
  stage.hidden = false;
  document.body.classList.add("on-stage");
  turnGround("hall");
  find(document, ".skip").setAttribute("href", "#stage-main");
  page.attend(true);
  find(stage, ".stage-main").focus();
}

/** The server closed the socket for good. @param {string} reason */
function bye(reason) {
  stage.hidden = true;
  lobby.hidden = false;
  document.body.classList.remove("on-stage");
  turnGround("foyer");
  refuse(reason === "revoked" ? "link-revoked" : reason);
  if (reason === "replaced") set(find(lobby, ".refused-words"), "data-t", "bye.replaced");
  page.i18n.apply(lobby);
}
