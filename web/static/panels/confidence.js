// @ts-check
/** For those on stage: what is on air (small), the item's remaining time and the clock (huge), what comes next. */

import { find, set, write } from "../lib/dom.js";
import { countdown } from "../lib/i18n.js";
import { following, itemsOf, running } from "../lib/programme.js";
import { PlaySession } from "../lib/session.js";
import { mountCeremony } from "./ceremony.js";
import { mountClocks, venuesOf } from "./clocks.js";
import { isCalm, tieSession, watchLine } from "./line.js";
import { comes } from "./now.js";
import { say, Screen } from "./screen.js";
import { shortlist } from "./shortlist.js";
import { insist, openUnattended } from "./unattended.js";

/** Questions beside the one on air: what a glance from a lectern takes in. */
const QUESTIONS = 2;
/** The last minute is said by shape as well: two bars stand beside the time. */
const LAST_MS = 60_000;

const root = find(document, ".confidence");
const word = find(root, ".screen-word");
const page = await openUnattended((page, error) => say(word, "line-lost", page.t("confidence.title"), page.refusal(error)));
const { whep = "", venue = "" } = page.me ?? {};
const session = new PlaySession({ url: whep, token: page.token, slots: 4, iceServers: () => page.me?.ice_servers ?? [] });
tieSession(page, session);
insist(session);
const screen = new Screen(find(root, ".confidence-screen"), page, session);
mountClocks(find(root, ".confidence-clocks"), page, { seconds: true });
mountTime();
mountTally();
shortlist(find(root, "[data-shortlist]"), page, { most: QUESTIONS });
mountCeremony(find(root, ".ceremony"), page, { place: venue, form: "foot" });
mountLine();

function mountTime() {
  const draw = () => {
    const { view } = page.store;
    const now_ms = page.clock.now();
    const items = itemsOf(view);
    const now = running(view, items, now_ms);
    const next = following(now, items, now_ms);
    const left_ms = now.end_ms - now_ms;
    const zone = venuesOf(view).find(({ id }) => id === venue)?.zone;
    write(find(root, ".confidence-left"), now.item ? countdown(left_ms) : page.i18n.time(now_ms, zone));
    write(find(root, ".confidence-left-words"), !now.item ? "" : page.t(left_ms < 0 ? "time.over" : "time.left"));
    set(find(root, ".confidence-time"), "data-state", now.item ? (left_ms < 0 ? "over" : left_ms < LAST_MS ? "last" : "well") : "idle");
    if (now.item) page.i18n.say(find(root, ".confidence-item"), now.item.title);
    else write(find(root, ".confidence-item"), page.t("confidence.idle"));
    write(find(root, ".confidence-next"), next ? page.words(next.title) : page.t("confidence.nothing-next"));
    write(find(root, ".confidence-when"), next ? comes(page, now, next, now_ms) : "");
    find(root, ".rehearsal").hidden = !view.conference?.rehearsal;
    document.title = `${page.t("confidence.title")} · ${page.words(view.conference?.venues?.[venue]?.city)}`;
  };
  page.tick(draw);
  page.watch((view) => view.stage, draw);
  page.watch((view) => view.conference, draw);
}

/** Whether this hall is on air. */
function mountTally() {
  const tally = /** @type {import("../lib/components.js").HallTally} */ (find(root, ".confidence-tally"));
  const draw = () => {
    const { conference, stage } = page.store.view;
    const onAir = (stage?.tiles ?? []).some((/** @type {{source: string}} */ { source }) => conference?.sources?.[source]?.venue === venue);
    tally.show(onAir ? "on-air" : "off", page.t(onAir ? "confidence.you" : "confidence.not-you"));
  };
  page.watch((view) => view.stage?.tiles, draw);
  page.watch((view) => view.conference, draw);
}

function mountLine() {
  const state = find(root, ".wall-state");
  const draw = () => {
    word.hidden = screen.scene.tiles.length > 0;
    say(word, "camera-off", page.t(session.state === "live" ? "stage.silent-hall" : "stage.waiting"), "");
  };
  watchLine(page, session, (line, words) => {
    state.hidden = isCalm(line);
    write(state, isCalm(line) ? "" : words);
    draw();
  });
  page.watch((view) => view.stage, draw);
}
