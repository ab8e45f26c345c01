// @ts-check
/**
 * The way to the stage of somebody who asked: invited first, then the own picture and sound that nobody else gets, then,
 * agreed to, publishing with the page's own link; on stage; and down again at any moment.
 */

import { find, set, write } from "../lib/dom.js";
import { PublishSession } from "../lib/session.js";
import { Capture } from "./capture.js";
import { devices } from "./devices.js";
import { tieSession } from "./line.js";
import { meter } from "./meter.js";
import { preview } from "./own.js";
import { LAYERS, publish } from "./publish.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {"invited" | "agreed" | "refused" | "on_stage"} Step */
/** @typedef {{question: string, step: Step, source: string}} Invitation */

/** How long it is said that one is back from the stage, ms. */
const THANKS_MS = 8_000;
/** In this tab somebody agreed: it publishes again after a reload; another device of theirs asks first. */
const AGREED = "twinhall-guest";

class Guest {
  /** @param {HTMLElement} root @param {Page} page @param {() => void} rejoin opens the page's pictures anew, so that one does not hear oneself */
  constructor(root, page, rejoin) {
    this.root = root;
    this.page = page;
    this.rejoin = rejoin;
    /** @type {Invitation | null} */
    this.invitation = null;
    /** @type {Capture | null} */
    this.capture = null;
    /** @type {PublishSession | null} */
    this.session = null;
    this.looking = false;
    /** Whether the page's pictures are a guest's: without the own sound. */
    this.seated = false;
    this.fault = "";
    this.thanked = false;
    page.watchMine((mine) => mine.qa?.stage, (stage) => this.#turn(stage ?? null));
  }

  /** @param {Invitation | null} invitation */
  #turn(invitation) {
    const before = this.invitation;
    this.invitation = invitation?.step === "refused" ? null : invitation;
    if (!this.invitation && !before) return;
    this.#build();
    this.#seat(this.invitation?.step === "agreed" || this.invitation?.step === "on_stage");
    if (this.invitation && this.seated && agreedHere(this.invitation.question)) this.#publish();
    if (!this.invitation) this.#end(before?.step === "agreed" || before?.step === "on_stage");
    this.#draw();
    if (this.invitation && before?.step !== this.invitation.step) find(this.root, ".guest-title").focus();
  }

  /** @param {boolean} seated */
  #seat(seated) {
    if (seated === this.seated) return;
    this.seated = seated;
    this.rejoin();
  }

  /** Once per page: the parts, and what makes them live. */
  #build() {
    if (this.root.childElementCount) return;
    const parts = /** @type {HTMLTemplateElement} */ (document.querySelector("#guest-parts"));
    this.root.append(parts.content.cloneNode(true));
    this.page.i18n.apply(this.root);
    this.#on("preview", () => this.#look());
    this.#on("agree", () => this.#agree());
    this.#on("here", () => this.#publish());
    this.#on("decline", () => this.#answer(false));
    this.#on("step-down", () => this.#answer(false));
  }

  /** @param {string} act @param {() => void} react */
  #on(act, react) {
    find(this.root, `[data-act=${act}]`).addEventListener("click", react);
  }

  /** The own picture and sound: for oneself alone until one agrees. */
  #look() {
    this.looking = true;
    this.capture ??= this.#capture();
    void this.capture.start();
    this.#draw();
  }

  #capture() {
    const { page, root } = this;
    const capture = new Capture(navigator.mediaDevices);
    Object.assign(capture.processing, { echo: true, noise: true, gain: true });
    const session = new PublishSession({ url: (page.me?.whep ?? "").replace("/whep/", "/whip/"), token: page.token, iceServers: () => page.me?.ice_servers ?? [], layers: LAYERS });
    tieSession(page, session);
    preview(capture, page);
    meter(find(root, "[data-meter]"), capture, page);
    devices(find(root, "[data-devices]"), find(root, "[data-said]"), capture, page);
    publish(find(root, "[data-publish]"), { session, capture, name: () => page.t("guest.you"), onAir: () => this.invitation?.step === "on_stage" }, page);
    session.addEventListener("state", () => this.#draw());
    capture.addEventListener("change", () => {
      if (this.invitation && this.seated && agreedHere(this.invitation.question)) this.#publish();
      this.#draw();
    });
    this.session = session;
    return capture;
  }

  async #agree() {
    if (this.invitation) remember(this.invitation.question);
    await this.#answer(true);
  }

  /** @param {boolean} yes */
  async #answer(yes) {
    const { invitation, page } = this;
    if (!invitation) return;
    this.fault = "";
    await page.send({ type: "qa.consent", question: invitation.question, yes }).catch((error) => {
      this.fault = page.refusal(error);
    });
    this.#draw();
  }

  /** Sends what there is: the Source is the person's, the link is the page's. */
  #publish() {
    if (this.invitation) remember(this.invitation.question);
    if (!this.looking) this.#look();
    const { capture, session } = this;
    if (!capture || !session || !(capture.tracks.video || capture.tracks.audio)) return;
    if (session.state === "idle" || session.state === "ended") {
      session.tracks = { ...capture.tracks };
      session.start();
    }
  }

  /** Nobody is seen any more. @param {boolean} thanks whether one was on the way or there */
  #end(thanks) {
    forget();
    this.session?.leave({ known: true });
    void this.capture?.stop();
    this.looking = false;
    this.fault = "";
    if (!thanks) return;
    this.thanked = true;
    setTimeout(() => {
      this.thanked = false;
      this.#draw();
    }, THANKS_MS);
  }

  #draw() {
    const { root, page, invitation, session, capture } = this;
    root.hidden = !invitation && !this.thanked;
    if (root.hidden) return;
    const step = invitation?.step ?? "back";
    const sending = session?.state === "live";
    const lost = this.seated && this.looking && !sending;
    set(root, "data-step", step);
    const tally = step === "on_stage" ? "on-air" : step === "agreed" ? "next" : "off";
    const shape = /** @type {import("../lib/components.js").HallTally} */ (find(root, "hall-tally"));
    shape.show(tally, page.t(`tally.${tally}`));
    shape.hidden = tally === "off";
    write(find(root, ".guest-title"), page.t(`guest.${step}`));
    write(find(root, ".guest-words"), this.fault || page.t(`guest.${step}-words`));
    write(find(root, ".guest-question"), step === "invited" ? page.mine.view.qa?.asked?.[invitation?.question ?? ""]?.text ?? "" : "");
    find(root, "[data-guest-own]").hidden = !this.looking;
    find(root, "[data-publish]").hidden = !lost;
    const ready = Boolean(capture?.tracks.video || capture?.tracks.audio);
    const shown = {
      preview: step === "invited" && !this.looking,
      agree: step === "invited" && this.looking,
      here: this.seated && !this.looking,
      decline: step === "invited",
      "step-down": this.seated,
    };
    for (const [act, there] of Object.entries(shown)) find(root, `[data-act=${act}]`).hidden = !there;
    set(find(root, "[data-act=agree]"), "disabled", !ready);
  }
}

/** @param {string} question */
function remember(question) {
  try {
    sessionStorage.setItem(AGREED, question);
  } catch {
    // Storage is closed to us: after a reload the page asks again.
  }
}

function forget() {
  try {
    sessionStorage.removeItem(AGREED);
  } catch {
    // Nothing was kept then.
  }
}

/** @param {string} question */
function agreedHere(question) {
  try {
    return sessionStorage.getItem(AGREED) === question;
  } catch {
    return false;
  }
}

/**
 * The invitation stands over the page from the moment it comes until one is back. @param {HTMLElement} root @param {Page} page
 * @param {() => void} [rejoin] opens the page's pictures anew
 */
export function mountGuest(root, page, rejoin = () => undefined) {
  return new Guest(root, page, rejoin);
}
