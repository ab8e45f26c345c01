// @ts-check
/** A hall's screen: the other halls edge to edge, a thin line below. Nobody touches it. */

import { find, set, write } from "../lib/dom.js";
import { PlaySession } from "../lib/session.js";
import { following, itemsOf, running } from "../lib/programme.js";
import { mountCeremony } from "./ceremony.js";
import { mountClocks } from "./clocks.js";
import { mountCode } from "./code.js";
import { isCalm, tieSession, watchLine } from "./line.js";
import { mountOnAir } from "./on_air.js";
import { say, Screen } from "./screen.js";
import { Sound } from "./sound.js";
import { insist, openUnattended } from "./unattended.js";

const root = find(document, ".wall");
const word = find(root, ".screen-word");
const page = await openUnattended((page, error) => say(word, "line-lost", page.t("wall.link-fault"), page.refusal(error)));
const { whep = "", venue = "" } = page.me ?? {};
const session = new PlaySession({ url: whep, token: page.token, slots: 4, iceServers: () => page.me?.ice_servers ?? [] });
const sound = new Sound(page, session, { remembers: false });
tieSession(page, session);
insist(session);

/** Between two pictures a hair of black; a picture may lose a seventh to stand edge to edge. */
const screen = new Screen(find(root, ".wall-screen"), page, session, { gap: 2, crop: 1.25 });
mountClocks(find(root, ".wall-here"), page, { only: ({ id }) => id === venue });
mountClocks(find(root, ".wall-others"), page, { only: ({ id }) => id !== venue });
mountOnAir(find(root, ".wall-on-air"), page);
mountCeremony(find(root, ".ceremony"), page, { place: venue, form: "ledger" });
mountCode(find(root, ".wall-code"), page);
mountLine();
mountWord();
mountSound();

/** Between the cities' clocks: what runs. */
function mountLine() {
  const draw = () => {
    const { view } = page.store;
    const items = itemsOf(view);
    const now_ms = page.clock.now();
    const now = running(view, items, now_ms);
    const next = following(now, items, now_ms);
    const what = find(root, ".wall-what");
    if (now.item) page.i18n.say(what, now.item.title);
    else write(what, next ? [page.words(next.title), page.i18n.distance(next.start_ms - now_ms)].join(page.t("word.pause")) : "");
    find(root, ".rehearsal").hidden = !view.conference?.rehearsal;
    document.title = `${page.t("wall.title")} · ${page.words(view.conference?.venues?.[venue]?.city)}`;
  };
  page.tick(draw);
  page.watch((view) => view.stage?.item, draw);
  page.watch((view) => view.conference, draw);
}

/** What stands where no picture is, and the state of the line when it is not well. */
function mountWord() {
  const state = find(root, ".wall-state");
  let line = /** @type {import("./line.js").LineState} */ ("connecting");
  let words = "";
  const draw = () => {
    state.hidden = isCalm(line);
    write(state, isCalm(line) ? "" : words);
    word.hidden = screen.scene.tiles.length > 0;
    if (session.refusal && !session.refusal.passing) say(word, "line-lost", page.t("wall.link-fault"), page.refusal(session.refusal));
    else if (line === "live") say(word, "camera-off", page.t("wall.waiting"), page.t("wall.alone"));
    else say(word, "clock", page.t("wall.waiting"), words);
  };
  watchLine(page, session, (...now) => {
    [line, words] = now;
    draw();
  });
  page.watch((view) => view.stage, draw);
}

/** One page per hall is its loudspeaker; without a gesture the browser may hold the sound back: then the wall says so. */
function mountSound() {
  const ask = find(root, ".wall-ask");
  const draw = () => {
    ask.hidden = !sound.blocked && !sound.silenced;
    set(ask, "data-quiet", sound.silenced);
    write(find(ask, "span"), page.t(sound.silenced ? "wall.sound-elsewhere" : "wall.any-key"));
  };
  sound.addEventListener("change", draw);
  for (const gesture of ["keydown", "pointerdown"]) addEventListener(gesture, () => sound.start());
  // Two walls of one hall would be heard twice. While the server is away, its last word counts.
  sound.silence(true);
  page.socket?.addEventListener("sound", (event) => sound.silence(!(/** @type {CustomEvent} */ (event).detail.on)));
  draw();
}
