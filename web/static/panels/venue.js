// @ts-check
/** The venue's page: one operator sends one source, and sees what the others send. */

import { DOT, find, h, list, write } from "../lib/dom.js";
import { copyButton } from "./copy.js";
import { openDesk } from "./desk.js";
import { lines } from "./lines.js";
import { others, receive } from "./others.js";
import { own } from "./own.js";
import { sourcesOf, tallyOf } from "./tally.js";

const page = await openDesk(["operator"]);
const { source } = own(page);
others(find(document, "[data-others]"), page, receive(page, 4));
strip();
names();
lines(find(document, "[data-lines]"), page);
credentials();

/** The tally, large enough for the back of the control room. */
function strip() {
  const root = find(document, "[data-strip]");
  const tally = /** @type {import("../lib/components.js").HallTally} */ (root.querySelector("hall-tally"));
  page.watch((view) => tallyOf(view, source), (state) => {
    root.dataset.state = state;
    find(document, "[data-own]").dataset.tally = state;
    tally.show(state, page.t(`tally.${state}`));
  });
}

function names() {
  page.watch((view) => view.conference, () => {
    const me = sourcesOf(page.store.view).find(({ id }) => id === source);
    if (me) page.i18n.say(find(document, ".desk-name"), me.name);
  });
  page.watch((view) => view.stage?.tiles, (tiles) => {
    const { sources = {} } = page.store.view.conference ?? {};
    const said = (tiles ?? []).map((/** @type {{source: string}} */ tile) => page.words(sources[tile.source]?.name));
    write(find(document, "[data-others-names]"), said.join(DOT));
  });
}

/** For OBS, FFmpeg or a hardware encoder instead of this page. */
function credentials() {
  const root = find(document, "[data-credentials]");
  const whip = new URL(page.me?.whip ?? "", location.href).href;
  const rows = [{ key: "venue.whip-url", text: whip }, { key: "venue.whip-token", text: page.token }];
  list(root, rows, ({ key }) => key, ({ key, text }) => {
    return h("div", { class: "field" }, h("dt", { class: "label", "data-t": key }), h("dd", { class: "copy" }, h("code", {}, text), copyButton(page, () => text)));
  });
  page.i18n.apply(root);
}
