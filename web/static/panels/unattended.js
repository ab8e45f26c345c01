// @ts-check
/** Pages without a person before them (walls, confidence): they enter by themselves, stay awake, and take new versions. */

import { Page } from "../lib/page.js";
import { Wake } from "../lib/wake.js";

const RETRY_MS = 3_000;
/** A wall hangs for days; the credentials for a TURN server end after one. */
const REFRESH_MS = 6 * 3_600_000;

/**
 * Opens the page, enters by its link (again and again while the server is away) and connects.
 * @param {(page: Page, error: unknown) => void} tell called when it did not work, with what happened
 * @returns {Promise<Page>} once it is in
 */
export async function openUnattended(tell) {
  const page = await Page.open();
  new Wake();
  addEventListener("hashchange", () => location.reload());
  for (;;) {
    try {
      await page.enter();
      break;
    } catch (error) {
      tell(page, error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  followVersion(page);
  setInterval(() => page.enter().catch(() => null), REFRESH_MS);
  return page;
}

/** Starts the session, and starts it again when it was refused: nobody stands here to press a button. @param {import("../lib/session.js").Session} session */
export function insist(session) {
  session.addEventListener("state", () => {
    if (session.state === "refused") setTimeout(() => session.start(), RETRY_MS);
  });
  session.start();
}

/** After the line was down the server may be a newer one: then the page loads itself anew. @param {Page} page */
function followVersion(page) {
  const version = page.me?.version;
  let first = true;
  page.connect().addEventListener("state", async (event) => {
    if (/** @type {CustomEvent} */ (event).detail !== "live") return;
    if (first) {
      first = false;
      return;
    }
    const me = await page.enter().catch(() => null);
    if (me && me.version !== version) location.reload();
  });
  page.socket?.addEventListener("bye", () => setTimeout(() => location.reload(), RETRY_MS));
}
