// @ts-check
/** The speaker's green room: check, see the stage, stand by, be on air, and know how long. */

import { find, h, list, set, write } from "../lib/dom.js";
import { countdown } from "../lib/i18n.js";
import { following, itemsOf, running } from "../lib/programme.js";
import { openDesk } from "./desk.js";
import { mountJoining } from "./joining.js";
import { others, receive } from "./others.js";
import { own } from "./own.js";
import { shortlist } from "./shortlist.js";
import { tallyOf } from "./tally.js";

/** What is left turns to a warning here. */
const LAST_MS = 60_000;

const page = await openDesk(["speaker"]);
// Before a laptop's loudspeakers the halls would hear themselves: a person starts with echo cancellation, a hall without.
const { capture, session, source } = own(page, { echo: true });
others(find(document, "[data-others]"), page, receive(page, 4), { listening: true });
cue();
checks();
shortlist(find(document, "[data-shortlist]"), page);
mountJoining(find(document, "[data-joining]"), page);

/** Waiting, stand by, on air: in words that a nervous person reads at a glance. */
function cue() {
  const root = find(document, "[data-cue]");
  const [state, words, item, count] = [".cue-state", ".cue-words", ".cue-item", ".cue-count"].map((name) => find(root, name));
  const draw = () => {
    const now_ms = page.clock.now();
    const tally = tallyOf(page.store.view, source);
    const items = itemsOf(page.store.view);
    const now = running(page.store.view, items, now_ms);
    const isMine = (/** @type {import("./lateness.js").Item | null} */ one) => Boolean(one?.sources?.includes(source));
    const mine = items.find((one) => isMine(one) && one.end_ms > now_ms && one !== now.item);
    const next = (now.called && isMine(now.item)) || isMine(following(now, items, now_ms));
    const cued = tally === "on-air" ? "on-air" : tally === "next" || next ? "next" : "off";
    root.dataset.state = cued;
    find(document, "[data-own]").dataset.tally = cued === "off" ? "" : cued;
    /** @type {import("../lib/components.js").HallTally} */ (find(document, "[data-tally]")).show(cued, page.t(`tally.${cued}`));
    write(state, page.t(`speaker.${cued}`));
    write(words, cued === "off" && mine ? page.t("speaker.comes", { item: page.words(mine.title), time: page.i18n.time(mine.start_ms) }) : page.t(`speaker.${cued}-words`));
    const left_ms = now.end_ms - now_ms;
    write(item, now.item ? page.words(now.item.title) : "");
    write(count, now.item ? `${countdown(left_ms)} ${page.t(left_ms < 0 ? "time.over" : "time.left")}` : "");
    set(count, "data-last", Boolean(now.item) && left_ms < LAST_MS);
  };
  page.watch((view) => view.stage, draw);
  page.watch((view) => view.conference, draw);
  page.tick(draw);
}

/** Camera, sound, line: each with a word, before it matters. */
function checks() {
  const root = find(document, "[data-checks]");
  const draw = () => {
    const line = { live: "ready", connecting: "hold", rejoining: "lost", idle: "hold" }[/** @type {string} */ (session.state)] ?? "lost";
    const rows = [
      { id: "camera", state: device("video"), words: capture.label("video") || page.t(`capture.${capture.absence("video")}`) },
      { id: "sound", state: device("audio"), words: capture.label("audio") || page.t(`capture.${capture.absence("audio")}`) },
      { id: "line", state: line, words: page.t(`speaker.line-${line}`) },
    ];
    list(root, rows, ({ id }) => id, () => h("li", { class: "check-row" }, h("span", { class: "muted" }), h("span", { class: "check-what" }), h(/** @type {any} */ ("hall-tally"), { state: "off" })), (row, { id, state, words }) => {
      write(/** @type {Element} */ (row.children[0]), page.t(`speaker.check-${id}`));
      write(/** @type {Element} */ (row.children[1]), words);
      /** @type {import("../lib/components.js").HallTally} */ (row.children[2]).show(state, page.t(state === "hold" ? "health.waits" : `tally.${state}`));
    });
  };
  /** @param {"video" | "audio"} kind */
  const device = (kind) => (capture.tracks[kind] ? "ready" : capture.permission === "asking" ? "hold" : "lost");
  capture.addEventListener("change", draw);
  session.addEventListener("state", draw);
  page.i18n.addEventListener("change", draw);
  draw();
}
