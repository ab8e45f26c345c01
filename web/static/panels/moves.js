// @ts-check
/** What a moderator may do with a question, and the way from one column of the board to another. Pure. */

/**
 * A question as desks get it (`rooms/questions/rows.py`).
 * @typedef {object} Row
 * @property {number} seq @property {number} at_ms @property {number} moved_ms @property {number} rev
 * @property {string} text @property {string} lang @property {string} state
 * @property {Record<string, string>} [texts] @property {boolean} [detected]
 * @property {string} [by] @property {string} [person] @property {string} [venue] @property {boolean} [anonymous]
 * @property {{person: string, name?: string}} [claimed] @property {string} [reason] @property {string} [note]
 * @property {string} [into] @property {string[]} [merged] @property {string} [guest] @property {string} [undo]
 * @property {{speaker?: string, venue?: string}} [for] @property {string} [how] @property {string} [answer]
 */
/** @typedef {"review" | "published" | "shortlisted" | "on_air" | "done"} Column */
/** @typedef {"claim" | "release" | "publish" | "decline" | "merge" | "translate" | "shortlist" | "air" | "answer" | "archive" | "undo" | "invite" | "bring" | "send_back"} Act */
/** @typedef {Record<string, any>} Qa the view's section `qa` of a desk */

/** As they stand from left to right. @type {readonly Column[]} */
export const COLUMNS = ["review", "published", "shortlisted", "on_air", "done"];

/** @type {Record<string, Column>} */
const COLUMN_OF = {
  submitted: "review", in_review: "review", published: "published", shortlisted: "shortlisted", on_air: "on_air",
  answered: "done", declined: "done", merged: "done", withdrawn: "done", archived: "done",
};
const UNREVIEWED = ["submitted", "in_review"];
const WAITING = ["published", "shortlisted"];
const CLAIMABLE = [...UNREVIEWED, ...WAITING];

/** In which states the server takes a move. @type {Partial<Record<Act, string[]>>} */
const FROM = {
  claim: CLAIMABLE,
  publish: [...UNREVIEWED, "declined", "shortlisted"],
  decline: CLAIMABLE,
  merge: CLAIMABLE,
  translate: [...CLAIMABLE, "on_air", "answered"],
  shortlist: WAITING,
  air: WAITING,
  answer: [...CLAIMABLE, "on_air"],
  archive: ["answered", "declined", "withdrawn", "merged"],
};

/** @param {string} state @returns {Column} */
export function columnOf(state) {
  return COLUMN_OF[state];
}

/** The questions of each column in order, and how many there are in all. @param {Qa} qa @returns {Record<Column, {count: number, ids: string[]}>} */
export function columnsOf(qa) {
  const { columns, items, queue } = qa;
  const joined = (/** @type {string[]} */ states, /** @type {(row: Row) => number} */ key) => ({
    count: states.reduce((sum, state) => sum + columns[state].count, 0),
    ids: states.flatMap((state) => columns[state].ids).sort((a, b) => key(items[a]) - key(items[b])),
  });
  return {
    review: joined(UNREVIEWED, ({ seq }) => seq),
    published: { count: columns.published.count, ids: queue },
    shortlisted: columns.shortlisted,
    on_air: columns.on_air,
    done: joined(["answered", "declined", "merged", "withdrawn"], ({ moved_ms }) => -moved_ms),
  };
}

/** Whether another moderator has the question in hand. @param {Row} row @param {string} me */
export function isHeld(row, me) {
  return Boolean(row.claimed && row.claimed.person !== me);
}

/** Whether an act is possible now, as far as this page knows. @param {Act} act @param {Row} row @param {string} me */
export function may(act, row, me) {
  if (act === "claim") return !row.claimed && CLAIMABLE.includes(row.state);
  if (act === "release") return row.claimed?.person === me;
  if (act === guestAct(row)) return true;
  if (act === "send_back") return row.guest === "invited" || row.guest === "agreed";
  if (isHeld(row, me)) return false;
  if (act === "undo") return Boolean(row.undo);
  return FROM[act]?.includes(row.state) ?? false;
}

/** The next step of the asker to the stage or back from it; none while the asker is being asked. @param {Row} row @returns {Act | null} */
export function guestAct({ guest, state }) {
  if (guest === "on_stage") return "send_back";
  if (guest === "agreed") return "bring";
  if (guest === "invited") return null;
  return [...WAITING, "on_air"].includes(state) ? "invite" : null;
}

/**
 * The acts that bring a question into another column; none when there is no way. A last act that needs
 * words of the moderator (decline, answer) opens its form.
 * @param {Row} row @param {Column} to @returns {Act[]}
 */
export function way(row, to) {
  const from = columnOf(row.state);
  if (from === to) return [];
  if (to === "done") return from === "review" ? ["decline"] : ["answer"];
  if (row.undo && columnOf(row.undo) === to && COLUMNS.indexOf(to) < COLUMNS.indexOf(from)) return ["undo"];
  if (to === "published") return FROM.publish?.includes(row.state) ? ["publish"] : [];
  if (to === "shortlisted" || to === "on_air") {
    const last = to === "on_air" ? "air" : "shortlist";
    if (WAITING.includes(row.state)) return [last];
    return from === "review" ? ["publish", last] : [];
  }
  return [];
}

/** What a swipe or a long arrow does: one column on. @param {Row} row @returns {Act | null} */
export function onwards({ state }) {
  return { review: /** @type {Act} */ ("publish"), published: /** @type {Act} */ ("shortlist"), shortlisted: /** @type {Act} */ ("air"), on_air: /** @type {Act} */ ("answer"), done: null }[columnOf(state)];
}

/** And the other way: taken back, else declined. @param {Row} row @returns {Act | null} */
export function backwards(row) {
  if (columnOf(row.state) === "review") return "decline";
  return row.undo ? "undo" : null;
}

/**
 * Questions that `row` may be merged into, the most alike first.
 * @param {Qa} qa @param {string} id @returns {string[]}
 */
export function alike(qa, id) {
  const row = qa.items[id];
  const others = ["submitted", "in_review", "published", "shortlisted", "on_air"].flatMap((state) => qa.columns[state].ids).filter((other) => other !== id);
  const mine = pieces(row);
  const scores = new Map(others.map((other) => [other, shared(mine, pieces(qa.items[other]))]));
  return others.sort((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0) || (qa.votes[b] ?? 0) - (qa.votes[a] ?? 0));
}

/** Pairs of letters, which tell likeness in every script. @param {Row} row */
function pieces({ text, texts = {} }) {
  const letters = [...[text, ...Object.values(texts)].join("\n").toLowerCase()];
  return new Set(letters.slice(1).map((letter, n) => letters[n] + letter));
}

/** Their share that both have (Jaccard). @param {Set<string>} some @param {Set<string>} others */
function shared(some, others) {
  const both = [...some].filter((piece) => others.has(piece)).length;
  return both / (some.size + others.size - both || 1);
}
