// @ts-check
/** The moderator's page: the board of questions; beside it the stage, the balance, who is here and the programme. */

import { find } from "../lib/dom.js";
import { Acts } from "./acts.js";
import { balance } from "./balance.js";
import { openDesk } from "./desk.js";
import { here } from "./here.js";
import { others, receive } from "./others.js";
import { QuestionBoard } from "./questionboard.js";
import { doors } from "./questiondoors.js";
import { search } from "./questionsearch.js";
import { late, rundown } from "./rundown.js";
import { program } from "./tally.js";
import { told } from "./told.js";

/** A desk sees every source, the stage is made of some of them. */
const SLOTS = 8;

const page = await openDesk(["moderator"]);
questions(find(document, "[data-board]"));
others(find(document, "[data-others]"), page, receive(page, SLOTS), { select: stage });
rundown(find(document, "[data-rundown]"), page);
late(find(document, "[data-late]"), page);
here(find(document, "[data-here]"), page);
balance(find(document, "[data-balance]"), page);

/** @param {HTMLElement} root */
function questions(root) {
  const acts = new Acts(page);
  const board = new QuestionBoard(root, page, acts);
  search(root, page, board);
  told(find(root, "[data-told-line]"), page, acts, { point: (id) => board.point(id), takeOver: (id) => void board.start("take_over", id) });
  doors(find(root, "[data-doors]"), page, (refusal) => acts.dispatchEvent(new CustomEvent("refused", { detail: { id: "", refusal } })));
  page.keys.add("z", "board.undo-last", () => void acts.undo());
}

/** What is on air, on the slots that this desk has. @param {import("../lib/store.js").View} view */
function stage(view) {
  const { layout, sources } = program(view);
  const tiles = /** @type {{source: string, slot: string}[]} */ (view.stage?.tiles ?? []);
  return { layout, tiles: sources.flatMap((source) => tiles.filter((tile) => tile.source === source)) };
}
