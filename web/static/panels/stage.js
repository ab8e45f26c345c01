// @ts-check
/** The stage: both halls in one connection, the programme's sound, where it stands, and the panels beside it. */

import "./people.js";
import "./programme.js";
import "./questions.js";
import { DOT, find, icon, set, write } from "../lib/dom.js";
import { mountPanels } from "../lib/panels.js";
import { PlaySession } from "../lib/session.js";
import { PictureAge } from "./age.js";
import { mountCeremony } from "./ceremony.js";
import { mountClocks, venuesOf } from "./clocks.js";
import { mountGuest } from "./guest.js";
import { isCalm, tieSession, watchLine } from "./line.js";
import { mountNow } from "./now.js";
import { mountOnAir } from "./on_air.js";
import { say, Screen } from "./screen.js";
import { Sound } from "./sound.js";

/** @typedef {import("../lib/page.js").Page} Page */

/** Starts the stage; call it in the join's gesture, so that the sound may play. @param {HTMLElement} element @param {Page} page @param {{whep: string, ice_servers?: RTCIceServer[]}} way */
export function openStage(element, page, { whep, ice_servers = [] }) {
  const session = new PlaySession({ url: whep, token: page.token, iceServers: () => ice_servers });
  session.start();
  const sound = new Sound(page, session);
  return { session, sound, show: () => showStage(element, page, session, sound) };
}

/** @param {HTMLElement} element @param {Page} page @param {PlaySession} session @param {Sound} sound */
function showStage(element, page, session, sound) {
  tieSession(page, session);
  const screen = new Screen(find(element, ".stage-screen"), page, session);
  mountClocks(find(element, ".stage-clocks"), page, { own: true });
  mountNow(find(element, ".stage-now"), page);
  mountOnAir(find(element, ".stage-on-air"), page);
  mountCeremony(find(element, ".ceremony"), page);
  mountSound(element, page, sound);
  mountState(element, page, session, screen);
  mountFull(element, page);
  mountSide(element, page);
  mountGuest(find(element, ".guest"), page, () => session.rejoin());
  fitScreen(element, screen, page);
}

/** @param {HTMLElement} element @param {Page} page @param {Sound} sound */
function mountSound(element, page, sound) {
  const button = find(element, ".stage-mute");
  const range = /** @type {HTMLInputElement} */ (find(element, ".stage-volume"));
  const start = find(element, ".stage-start-sound");
  const draw = () => {
    const off = sound.muted || sound.volume === 0;
    set(button, "aria-label", page.t(off ? "stage.unmute" : "stage.mute"));
    set(button, "title", page.t(off ? "stage.unmute" : "stage.mute"));
    button.replaceChildren(icon(off ? "muted" : "sound"));
    range.value = String(off ? 0 : sound.volume);
    start.hidden = !sound.blocked;
  };
  button.addEventListener("click", () => sound.toggleMute());
  start.addEventListener("click", () => sound.start());
  range.addEventListener("input", () => sound.setVolume(Number(range.value)));
  sound.addEventListener("change", draw);
  page.i18n.addEventListener("change", draw);
  page.keys.add("m", "keys.mute", () => sound.toggleMute());
  draw();
}

/** Connection in words, the picture's age, people per place; and a word on the screen when there is no picture. @param {HTMLElement} element @param {Page} page @param {PlaySession} session @param {Screen} screen */
function mountState(element, page, session, screen) {
  const line = find(element, ".stage-line");
  const notice = find(element, ".stage-notice");
  const word = find(element, ".stage-word");
  const age = new PictureAge(page.clock, () => screen.shown[0]);
  /** @type {import("./line.js").LineState} */
  let state = "connecting";
  let words = "";
  const live = /** @type {import("../lib/components.js").HallTally} */ (find(element, ".stage-live"));
  const tell = () => {
    live.hidden = !screen.scene.tiles.some(({ source }) => page.store.view.media?.sources?.[source]?.live);
    live.show("on-air", page.t("stage.live"));
    const calm = isCalm(state);
    write(line, words);
    set(line, "data-state", state);
    notice.hidden = calm || (!session.refusal && state === "rejoining" && session.tries < 1);
    line.hidden = !notice.hidden;
    write(find(notice, ".stage-notice-words"), session.refusal && !session.refusal.passing ? page.refusal(session.refusal) : words);
    const empty = !screen.scene.tiles.length;
    word.hidden = !empty;
    if (state === "live") say(word, "camera-off", page.t("stage.silent-hall"), page.t("stage.empty"));
    else say(word, "clock", page.t("stage.waiting"), words);
  };
  watchLine(page, session, (...now) => {
    [state, words] = now;
    tell();
  });
  page.watch((view) => view.stage, tell);
  page.watch((view) => view.media?.sources, tell);
  page.watch((view) => view.people, (people) => write(find(element, ".stage-people"), peopleWords(page, people)));
  page.tick(() => {
    const age_ms = age.read();
    find(element, ".stage-age").dataset.ms = age_ms === null ? "" : age_ms.toFixed(0);
    write(find(element, ".stage-age"), age_ms === null ? "" : page.t("stage.age", { s: page.i18n.seconds(Math.ceil(age_ms / 100) * 100) }));
  });
}

/** `64 in Changzhou · 38 in Frankfurt · 412 online` @param {Page} page @param {any} people */
function peopleWords(page, people) {
  if (!people) return "";
  const halls = venuesOf(page.store.view)
    .filter(({ id }) => people.venues?.[id])
    .map(({ id, city }) => page.t("stage.people", { n: people.venues[id], place: page.words(city) }));
  return [...halls, page.t("stage.remote", { n: people.remote ?? 0 })].join(DOT);
}

/** @param {HTMLElement} element @param {Page} page */
function mountFull(element, page) {
  const button = find(element, ".stage-full");
  const can = typeof element.requestFullscreen === "function";
  const turn = () => (document.fullscreenElement ? document.exitFullscreen() : element.requestFullscreen()).catch(() => undefined);
  const draw = () => {
    const full = document.fullscreenElement === element;
    set(element, "data-full", full);
    set(button, "aria-label", page.t(full ? "stage.window" : "stage.full"));
    set(button, "title", page.t(full ? "stage.window" : "stage.full"));
    button.replaceChildren(icon(full ? "window" : "full"));
  };
  button.hidden = !can;
  button.addEventListener("click", turn);
  document.addEventListener("fullscreenchange", draw);
  page.i18n.addEventListener("change", draw);
  if (can) page.keys.add("f", "keys.full", turn);
  draw();
}

/** Panels: a column on a wide page, a sheet on a phone. @param {HTMLElement} element @param {Page} page */
function mountSide(element, page) {
  const button = find(element, ".stage-panel");
  mountPanels(/** @type {import("../lib/components.js").HallTabs} */ (find(element, "hall-tabs")), page);
  const draw = () => {
    const closed = element.hasAttribute("data-side-closed");
    set(button, "aria-expanded", String(!closed));
    set(button, "aria-label", page.t(closed ? "stage.panel-show" : "stage.panel-hide"));
    set(button, "title", page.t(closed ? "stage.panel-show" : "stage.panel-hide"));
  };
  const turn = () => {
    element.toggleAttribute("data-side-closed");
    draw();
  };
  button.addEventListener("click", turn);
  page.i18n.addEventListener("change", draw);
  page.keys.add("p", "keys.panel", turn);
  draw();
}

/** Pictures as large as the window allows: the screen takes the height they can use, the words the rest. @param {HTMLElement} element @param {Screen} screen @param {Page} page */
function fitScreen(element, screen, page) {
  const main = find(element, ".stage-main");
  const fit = () => {
    const most = Number.parseFloat(getComputedStyle(main).maxHeight);
    const words = find(element, ".stage-under").scrollHeight + find(element, ".stage-on-air").offsetHeight + find(element, ".ceremony").offsetHeight;
    const room = (Number.isNaN(most) ? main.clientHeight : most) - words;
    const { clientWidth } = main;
    const height = Math.max(120, Math.min(Math.max(room, 0), screen.wanted(clientWidth, Math.max(room, 120))));
    screen.element.style.setProperty("block-size", `${Math.round(height)}px`);
  };
  new ResizeObserver(fit).observe(main);
  for (const part of [".stage-under", ".stage-on-air", ".ceremony"]) new ResizeObserver(fit).observe(find(element, part));
  page.watch((view) => view.stage, fit);
  page.watch((view) => view.media?.showing, fit);
}
