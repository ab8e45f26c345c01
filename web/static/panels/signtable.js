// @ts-check
/** The signing tables of an act, each drawn as those who sit there see it: seats from the left, whose they are, and how each pad is. */

import { atTable } from "../lib/ceremony.js";
import { DOT, h, icon, list, set, write } from "../lib/dom.js";
import { StrokePlayer } from "./strokes.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */
/** @typedef {import("../lib/ceremony.js").Party} Party */
/** What a desk knows of a seat's tablet. @typedef {{venue: string, awake_ms?: number, offset_ms?: number, bound_ms?: number, device?: string}} Pad */

/** A pad that said nothing for so long sleeps, ms. */
const AWAKE_MS = 10_000;

/** How a pad is: its tally and the words. @param {import("../lib/page.js").Page} page @param {Pad | undefined} pad @param {number} now_ms @returns {["ready" | "hold" | "lost", string]} */
function padState({ t }, pad, now_ms) {
  if (pad?.awake_ms === undefined) return ["lost", t("officer.pad.never")];
  const silent_ms = now_ms - pad.awake_ms;
  if (silent_ms > AWAKE_MS) return ["hold", t("officer.pad.asleep", { n: Math.round(silent_ms / 1_000) })];
  return ["ready", t("officer.pad.awake")];
}

export class SigningTables {
  /** @param {HTMLElement} root @param {import("../lib/page.js").Page} page @param {import("../lib/inks.js").Inks} inks @param {(refusal: unknown) => void} refused */
  constructor(root, page, inks, refused) {
    this.root = root;
    this.page = page;
    this.inks = inks;
    this.refused = refused;
    /** @type {Map<string, StrokePlayer>} */
    this.players = new Map();
    /** @type {Act | null} */
    this.act = null;
    /** What the officer has said of a hall, by act and venue, until the view says so too: a box does not jump back meanwhile. @type {Map<string, boolean>} */
    this.said = new Map();
  }

  /** @param {Act} act */
  draw(act) {
    this.act = act;
    const { page } = this;
    const { seats = {}, ready = {} } = page.store.view.ceremony ?? {};
    const venues = [...new Set(act.parties.map(({ venue }) => venue))];
    list(this.root, venues, (venue) => venue, (venue) => this.#hall(venue), (hall, venue) => {
      const [head, table] = /** @type {HTMLElement[]} */ ([...hall.children]);
      page.i18n.say(/** @type {Element} */ (head.firstElementChild), page.store.view.conference?.venues?.[venue]?.city);
      this.#ready(/** @type {HTMLInputElement} */ (head.querySelector("input")), venue, Boolean(ready[act.id]?.[venue]));
      const here = atTable(Object.keys(seats).filter((seat) => seats[seat].venue === venue));
      const rows = act.parties.some(({ seat }) => seat) ? here : act.parties.flatMap(({ venue: at }, index) => (at === venue ? [`party ${index}`] : []));
      list(table, rows, (seat) => seat, (seat) => this.#seat(seat), (element, seat) => this.#fill(element, seat, seats[seat]));
    });
  }

  /** @param {string} venue */
  #hall(venue) {
    const on = h("input", { type: "checkbox", onchange: (/** @type {Event} */ event) => this.#say(venue, /** @type {HTMLInputElement} */ (event.target).checked) });
    const hall = h("section", { class: "table" }, h("div", { class: "table-head" }, h("h3", { class: "table-city" }), h("label", { class: "check" }, on, h("span", { "data-t": "officer.hall-ready" }))), h("ol", { class: "table-seats" }));
    this.page.i18n.apply(hall);
    return hall;
  }

  /** @param {HTMLInputElement} box @param {string} venue @param {boolean} on */
  #ready(box, venue, on) {
    const key = `${this.act?.id} ${venue}`;
    if (this.said.get(key) === on) this.said.delete(key);
    box.checked = this.said.get(key) ?? on;
    box.disabled = !["seated", "ready"].includes(this.act?.step ?? "");
    set(box, "aria-label", this.page.t("word.labelled", { label: this.page.t("officer.hall-ready"), text: this.page.words(this.page.store.view.conference?.venues?.[venue]?.city) }));
  }

  /** @param {string} venue @param {boolean} on whether its hall is ready */
  #say(venue, on) {
    const key = `${this.act?.id} ${venue}`;
    this.said.set(key, on);
    void this.page.send({ type: "ceremony.ready", act: this.act?.id, venue, on }).catch((refusal) => {
      this.said.delete(key);
      this.refused(refusal);
      if (this.act) this.draw(this.act);
    });
  }

  /** @param {string} seat */
  #seat(seat) {
    const player = new StrokePlayer(this.inks);
    this.players.set(seat, player);
    const move = (/** @type {number} */ by) => h("button", { type: "button", class: "button button-quiet button-icon", "data-by": String(by), onclick: () => this.#swap(seat, by) }, icon(by < 0 ? "left" : "right"));
    return h("li", { class: "seat" }, h("div", { class: "seat-ink", "data-ground": "foyer" }, player.canvas),
      h("p", { class: "seat-party" }), h("p", { class: "seat-person muted" }), h(/** @type {any} */ ("hall-tally"), { state: "off", class: "seat-pad" }), h("p", { class: "seat-clock muted small figures" }),
      h("div", { class: "seat-moves" }, move(-1), move(1)));
  }

  /** @param {HTMLElement} element @param {string} seat @param {Pad | undefined} pad */
  #fill(element, seat, pad) {
    const { act, page } = this;
    if (!act) return;
    const index = act.parties.findIndex((party, n) => party.seat === seat || seat === `party ${n}`);
    const party = /** @type {Party | undefined} */ (act.parties[index]);
    const [, name, person, tally, clock, moves] = /** @type {HTMLElement[]} */ ([...element.children]);
    if (party) this.players.get(seat)?.follow(act.id, index, act.take);
    set(element, "data-free", !party);
    set(element, "data-signed", party?.signed_ms !== undefined || party?.pressed_ms !== undefined);
    if (party) page.i18n.say(name, party.names);
    if (!name.textContent || !party) write(name, page.t(party ? "ceremony.to-be-named" : "officer.free"));
    write(person, party ? this.#stand(party) : "");
    const [state, words] = padState(page, pad, page.clock.now());
    /** @type {import("../lib/components.js").HallTally} */ (tally).show(pad ? state : "off", pad ? words : "");
    write(clock, pad?.bound_ms === undefined ? "" : page.t("officer.clock", { offset: this.#offset(pad.offset_ms ?? 0), bound: page.i18n.number(Math.ceil(pad.bound_ms)) }));
    moves.hidden = !party?.seat || !["locked", "seated", "ready"].includes(act.step);
    for (const button of moves.children) set(button, "aria-label", page.t(/** @type {HTMLElement} */ (button).dataset.by === "-1" ? "officer.seat-left" : "officer.seat-right", { name: name.textContent ?? "" }));
  }

  /** @param {Party} party */
  #stand(party) {
    const { page } = this;
    const zone = page.store.view.conference?.venues?.[party.venue]?.zone;
    const at_ms = party.signed_ms ?? party.pressed_ms;
    const stands = at_ms !== undefined ? page.i18n.time(at_ms, zone, true) : page.t(party.confirmed ? "officer.confirmed" : "officer.not-confirmed");
    return [party.name ?? page.t("officer.unnamed"), stands].join(DOT);
  }

  /** Seconds where a clock is far off, ms where it is near. @param {number} offset_ms */
  #offset(offset_ms) {
    const { i18n } = this.page;
    const far = Math.abs(offset_ms) >= 1_000;
    return i18n.number(far ? offset_ms / 1_000 : offset_ms, { style: "unit", unit: far ? "second" : "millisecond", signDisplay: "always", maximumFractionDigits: far ? 1 : 0 });
  }

  /** The party of a seat changes places with its neighbour, or takes a free one. @param {string} seat @param {number} by */
  #swap(seat, by) {
    const { act } = this;
    const { seats = {} } = this.page.store.view.ceremony ?? {};
    const here = atTable(Object.keys(seats).filter((each) => seats[each].venue === seats[seat]?.venue));
    const other = here[here.indexOf(seat) + by];
    if (!act || !other) return;
    const turned = act.parties.map((party) => (party.seat === seat ? other : party.seat === other ? seat : party.seat));
    this.#send({ type: "ceremony.seat", seats: turned });
  }

  /** @param {{type: string} & Record<string, any>} command */
  #send(command) {
    void this.page.send({ ...command, act: this.act?.id }).catch(this.refused);
  }
}
