// @ts-check
/** A signatory's tablet: read, say who you are, sign when all pads open. Everything on it is for one hand at one table. */

import { countdown, NOTHING } from "../lib/i18n.js";
import { find, h, list, set, write } from "../lib/dom.js";
import { confirm } from "../lib/keys.js";
import { Page } from "../lib/page.js";
import { beforeSeat, phaseOf } from "../lib/pad.js";
import { Refused } from "../lib/socket.js";
import { Wake } from "../lib/wake.js";
import { followAct } from "./ceremony.js";
import { mountJoining } from "./joining.js";
import { mountLanguageField } from "./languages.js";
import { DocumentReader } from "./paddocument.js";
import { Hand, readings } from "./padhand.js";
import { recordButton } from "./records.js";
import { seal, tellSeal } from "./seal.js";

/** @typedef {import("../lib/pad.js").Phase} Phase */

/** How often an unreachable server is tried again, ms. */
const RETRY_MS = 3_000;
/** How often the pad says that it is awake, ms. */
const STAND_BY_MS = 4_000;
/** And how soon it tries again while it cannot, ms. */
const AGAIN_MS = 300;

const page = await Page.open();
const root = find(document, ".pad");
const part = (/** @type {string} */ name) => find(root, `.pad-${name}`);

addEventListener("hashchange", () => location.reload());
mountLanguageField(/** @type {HTMLSelectElement} */ (find(document, "#pad-language")), page.i18n);
await enter();

async function enter() {
  try {
    const { role } = await page.enter();
    if (role !== "signatory") throw new Refused("link-foreign");
  } catch (error) {
    if (!(error instanceof Refused && error.passing)) return closed(page.refusal(error));
    write(part("fault"), page.refusal(error));
    setTimeout(enter, RETRY_MS);
    return;
  }
  write(part("fault"), "");
  const socket = page.connect();
  socket.addEventListener("bye", (event) => closed(page.t(/** @type {CustomEvent} */ (event).detail.reason === "replaced" ? "bye.replaced" : "refused.link-revoked")));
  open();
}

function open() {
  const wake = new Wake(page.clock);
  const hand = new Hand(part("signing"), page);
  const reader = new DocumentReader(part("document"), page);
  let fault = NOTHING;
  const say = (/** @type {unknown} */ refusal) => {
    fault = refusal ? () => page.refusal(refusal) : NOTHING;
    draw();
  };
  const act = (/** @type {string} */ name, /** @type {() => void} */ react) => find(root, `[data-act=${name}]`).addEventListener("click", () => {
    fault = NOTHING;
    react();
  });
  /** @type {import("../lib/pad.js").Before | null} */
  let last = null;
  const before = () => (last = beforeSeat(page.store.view, page.mine.view, last));
  const of = () => {
    const now = before();
    return now && { act: now.act.id, take: now.act.take, party: now.party };
  };
  const send = (/** @type {string} */ type, /** @type {object} */ more = {}) => void page.send({ type, ...of(), ...more }).catch(say);

  act("confirm", () => send("ceremony.confirm"));
  act("clear", () => hand.clear());
  act("give", () => hand.give());
  act("again", () => {
    hand.clear();
    send("ceremony.clear");
  });
  act("press", () => send("ceremony.press", { at_ms: Math.round(page.clock.now()), ...readings(page) }));
  part("asleep").addEventListener("click", () => wake.wake());
  const record = recordButton(page, () => before()?.act.id ?? "", (words) => {
    fault = words;
    draw();
  });
  part("fault").after(record);
  hand.addEventListener("change", () => draw());
  hand.addEventListener("refused", (event) => say(/** @type {CustomEvent} */ (event).detail));
  wake.addEventListener("change", () => draw());
  page.socket?.addEventListener("state", () => draw());
  mountJoining(part("joining"), page);

  function draw() {
    const now = before();
    const now_ms = page.clock.now();
    hand.follow(now);
    const phase = phaseOf(now, now_ms, hand.given);
    root.dataset.phase = phase;
    root.dataset.kind = now?.act.kind ?? "";
    hand.pen.setOpen(phase === "sign" && wake.awake);
    drawHead(phase, now, now_ms);
    drawParty(now);
    drawActs(phase, hand.drawn, now?.act.step === "signing");
    drawSeal(phase, now);
    record.hidden = phase !== "sealed" || !now?.act.record;
    reader.show(now?.act.id ?? "", now?.act.documents);
    part("asleep").hidden = wake.awake || phase === "nothing";
    write(part("fault"), fault() || (page.socket?.state === "reconnecting" ? page.t(hand.drawn && !hand.given ? "pad.kept" : hand.given ? "pad.kept-given" : "line.lost") : ""));
  }

  followAct(page, () => before()?.act ?? null, draw);
  page.watchMine((mine) => mine.ceremony, draw);
  standBy(wake);
}

/** While somebody looks at it, the pad says that it is awake and how its clock stands. A second tablet asks before it takes the seat. @param {Wake} wake */
function standBy(wake) {
  let over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const tell = async () => {
    clearTimeout(timer);
    const ready = wake.awake && page.socket?.state === "live" && page.clock.synchronised;
    const stood = ready && (await page.send({ type: "ceremony.stand_by", ...readings(page), ...(over && { over }) }).then(() => true, (refusal) => taken(refusal)));
    over = stood === "over";
    clearTimeout(timer);
    timer = setTimeout(tell, stood === true ? STAND_BY_MS : AGAIN_MS);
  };
  /** @param {Refused} refusal @returns {Promise<"over" | false>} */
  const taken = async ({ code }) => {
    if (code !== "seat-taken") return false;
    if (await confirm(page.i18n, { title: page.t("pad.taken"), body: page.t("pad.taken-body"), act: page.t("pad.take") })) return "over";
    wake.rest();
    return false;
  };
  wake.addEventListener("change", () => wake.awake && void tell());
  page.socket?.addEventListener("state", () => void tell());
  void tell();
}

/** @param {Phase} phase @param {import("../lib/pad.js").Before | null} now @param {number} now_ms */
function drawHead(phase, now, now_ms) {
  const { conference } = page.store.view;
  const { venue = "" } = page.me ?? {};
  const seat = page.mine.view.ceremony?.seat ?? "";
  const place = page.words(conference?.venues?.[venue]?.city);
  write(part("seat"), seat ? page.t("pad.seat", { place, n: seat.split("-").at(-1) }) : place);
  root.querySelector(".rehearsal")?.toggleAttribute("hidden", !conference?.rehearsal);
  const word = page.t(`pad.state.${phase}`);
  const left = phase === "counting" ? countdown((now?.act.opens_ms ?? 0) - now_ms) : "";
  write(part("word"), word);
  write(part("count"), left);
  const said = now ? inTwo(now.act.title) : { first: page.words(conference?.title), beside: "" };
  write(part("title"), said.first);
  write(part("beside"), said.beside);
  write(part("words"), page.t(`pad.words.${phase}`));
  document.title = [word, said.first].join(" · ");
}

/** A text in the page's language and in the other hall's. @param {import("../lib/i18n.js").Words | undefined} words */
function inTwo(words) {
  const first = page.words(words);
  const other = page.i18n.language === "zh" ? words?.de ?? words?.en : words?.zh ?? words?.zh_Hans;
  return { first, beside: other && other !== first ? other : "" };
}

/** @param {import("../lib/pad.js").Before | null} now */
function drawParty(now) {
  const party = now?.act.parties[now.party];
  const { first, beside } = inTwo(party?.names);
  write(part("for"), now ? page.t(`pad.for.${now.act.kind}`) : "");
  write(part("party"), first || (now ? page.t("ceremony.to-be-named") : ""));
  write(part("party-beside"), beside);
  write(part("person"), party ? [party.name ?? page.t("officer.unnamed"), page.words(party.title), page.words(party.authority)].filter(Boolean).join(page.t("word.comma")) : "");
  const others = now?.act.parties.map((each, index) => ({ ...each, index })) ?? [];
  list(part("parties"), others, ({ index }) => String(index), () => h("li", {}, h("span", { class: "act-tick", "aria-hidden": "true" }), h("span"), h("span", { class: "unseen" })), (row, each) => {
    const done = each.signed_ms !== undefined || each.pressed_ms !== undefined;
    set(row, "data-signed", done);
    page.i18n.say(/** @type {Element} */ (row.children[1]), each.names);
    write(/** @type {Element} */ (row.lastElementChild), page.t(done ? "pad.has-signed" : "pad.has-not-signed"));
  });
}

/** @param {Phase} phase @param {boolean} drawn @param {boolean} open whether somebody still signs */
function drawActs(phase, drawn, open) {
  const shown = { confirm: phase === "read", clear: phase === "sign", give: phase === "sign", press: phase === "press", again: phase === "signed" && open && root.dataset.kind !== "unveiling" };
  for (const [name, there] of Object.entries(shown)) find(root, `[data-act=${name}]`).hidden = !there;
  for (const name of ["clear", "give"]) set(find(root, `[data-act=${name}]`), "disabled", !drawn);
}

/** @param {Phase} phase @param {import("../lib/pad.js").Before | null} now */
function drawSeal(phase, now) {
  const place = part("seal");
  if (phase !== "sealed" || !now) return place.replaceChildren();
  if (!place.firstElementChild) place.append(seal(now.act.kind));
  tellSeal(/** @type {HTMLElement} */ (place.firstElementChild), page.t("ceremony.seal-alt"));
}

/** @param {string} words */
function closed(words) {
  root.dataset.phase = "closed";
  root.replaceChildren(h("p", { class: "pad-closed title", role: "alert" }, words));
}
