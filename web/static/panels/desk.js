// @ts-check
/** What every working page starts with: the way in, the head with event, clocks and line, and "?". */

import { find, h, write } from "../lib/dom.js";
import { Page } from "../lib/page.js";
import { Refused } from "../lib/socket.js";
import { mountClocks } from "./clocks.js";
import { mountLanguageField } from "./languages.js";
import { tieSession, watchLine } from "./line.js";

/** A node that does not answer, or not now, is asked again after this. */
const AGAIN_MS = 3000;

/**
 * Opens the page for one of `roles`; resolves once the conference's first whole view is there.
 * A link that is not for this page ends here, in words.
 * @param {string[]} roles
 */
export async function openDesk(roles) {
  const page = await Page.open();
  head(page);
  await enter(page, roles);
  const socket = page.connect();
  socket.addEventListener("bye", (event) => {
    const { reason } = /** @type {CustomEvent} */ (event).detail;
    closed(page, "desk.closed", reason === "replaced" ? "bye.replaced" : "refused.link-revoked");
  });
  await new Promise((resolve) => page.store.watch((view) => Boolean(view.stage && view.conference), (there) => there && resolve(page)));
  return page;
}

/** @param {Page} page */
function head(page) {
  const root = find(document, ".desk-head");
  mountClocks(find(root, "[data-clocks]"), page, { seconds: true });
  find(root, "[data-act=keys]").addEventListener("click", () => page.keys.show());
  mountLanguageField(/** @type {HTMLSelectElement} */ (find(root, "[data-language]")), page.i18n);
  page.watch((view) => view.conference, (conference) => {
    if (!conference) return;
    page.i18n.say(find(root, "[data-event]"), conference.title);
    find(root, "[data-rehearsal]").hidden = !conference.rehearsal;
    document.title = `${page.t(`${document.body.className.replace("page-", "")}.title`)} · ${page.words(conference.title)}`;
  });
}

/**
 * @param {Page} page
 * @param {string[]} roles
 */
async function enter(page, roles) {
  for (;;) {
    try {
      const { role } = await page.enter();
      if (!roles.includes(role)) throw new Refused("link-foreign");
      find(document, "#main").inert = false;
      return;
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal;
      if (!refusal.passing) {
        closed(page, "desk.refused", `refused.${refusal.code}`);
        await new Promise(() => undefined);
      }
      write(find(document, "[data-line]"), page.refusal(refusal));
      await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
  }
}

/**
 * The page is over: why, and what to do now.
 * @param {Page} page
 * @param {string} title
 * @param {string} why
 */
function closed(page, title, why) {
  const words = h("p", { class: "lead", "data-t": why });
  const notice = h("div", { class: "notice desk-closed", role: "alert" }, h("h2", { "data-t": title }), words);
  find(document, "#main").replaceChildren(notice);
  find(document, "#main").inert = false;
  page.i18n.apply(notice);
}

/**
 * Ties the page's playing session to its socket; the head says when something is away, and nothing while all is well.
 * @param {Page} page
 * @param {import("../lib/session.js").Session} session
 */
export function keepLine(page, session) {
  const words = find(document, "[data-line]");
  tieSession(page, session);
  watchLine(page, session, (state, what) => {
    write(words, state === "live" ? "" : what);
    words.dataset.state = state;
  });
}
