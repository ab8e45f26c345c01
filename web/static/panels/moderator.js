// @ts-check
/** The moderator's page: the stage, the programme, who is in which hall. */

import { find } from "../lib/dom.js";
import { openDesk } from "./desk.js";
import { here } from "./here.js";
import { others, receive } from "./others.js";
import { late, rundown } from "./rundown.js";
import { program } from "./tally.js";

/** A desk sees every source, the stage is made of some of them. */
const SLOTS = 8;

const page = await openDesk(["moderator"]);
others(find(document, "[data-others]"), page, receive(page, SLOTS), { select: stage });
rundown(find(document, "[data-rundown]"), page);
late(find(document, "[data-late]"), page);
here(find(document, "[data-here]"), page);

/** What is on air, on the slots that this desk has. @param {import("../lib/store.js").View} view */
function stage(view) {
  const { layout, sources } = program(view);
  const tiles = /** @type {{source: string, slot: string}[]} */ (view.stage?.tiles ?? []);
  return { layout, tiles: sources.flatMap((source) => tiles.filter((tile) => tile.source === source)) };
}
