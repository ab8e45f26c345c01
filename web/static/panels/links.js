// @ts-check
/** The organiser's links: one per role and place, to copy, to show as a QR code, to withdraw and to renew. */

import { find, h, icon, keepPlace, list, set, write } from "../lib/dom.js";
import { confirm, dialog } from "../lib/keys.js";
import { copyButton } from "./copy.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {{id: string, role: string, venue?: string, source?: string, name: string, url: string, whip?: string, qr: string, revoked: boolean}} Link */

/** From the many to the few. */
const ROLES = ["attendee", "on_site", "speaker", "operator", "signatory", "wall", "confidence", "protocol_officer", "moderator", "director", "organiser"];

/**
 * @param {HTMLElement} root
 * @param {Page} page
 */
export function links(root, page) {
  /** @type {Link[]} */
  let known = [];

  async function load() {
    try {
      known = await fetched(page);
    } catch {
      return root.replaceChildren(again());
    }
    root.removeAttribute("aria-busy");
    keepPlace(root, draw, sameLink);
  }

  /** What the same link offers first, now that it is withdrawn or another one. @param {Element} at @returns {HTMLElement | null} */
  function sameLink(at) {
    const [id] = /** @type {HTMLElement | null} */ (at.closest(".link"))?.dataset.key?.split(" ") ?? [];
    return id ? root.querySelector(`.link[data-key^="${CSS.escape(id)} "] .button:not([hidden])`) : null;
  }

  function again() {
    const button = h("button", { class: "button", type: "button", "data-t": "word.retry", onclick: load });
    const notice = h("div", { class: "notice", role: "alert" }, h("p", { "data-t": "links.lost" }), button);
    page.i18n.apply(notice);
    return notice;
  }

  function draw() {
    const roles = [...ROLES, ...new Set(known.map(({ role }) => role).filter((role) => !ROLES.includes(role)))];
    const groups = roles.map((role) => ({ role, rows: known.filter((link) => link.role === role) })).filter(({ rows }) => rows.length);
    if (!root.querySelector(".link-group")) root.replaceChildren();
    list(root, groups, ({ role }) => role, ({ role }) => h("section", { class: "link-group", "aria-labelledby": `role-${role}` },
      h("div", { class: "link-role" }, h("h3", { id: `role-${role}` }), h("p", { class: "muted small" })), h("ul", { class: "rows" })),
    (group, { role, rows }) => {
      write(find(group, "h3"), page.t(`role.${role}`));
      write(find(group, "p"), page.t(`role.${role}-words`));
      list(find(group, "ul"), rows, ({ id, url }) => `${id} ${url}`, (link) => made(page, link), (row, link) => fill(row, link, page));
    });
  }

  page.watch((view) => view.links, () => void load());
  page.watch((view) => view.conference, () => known.length && draw());
}

/** @param {Page} page @returns {Promise<Link[]>} */
async function fetched(page) {
  const answer = await fetch(`/${page.me?.conference}/links`, { headers: { Authorization: `Bearer ${page.token}` } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** What the link is for, in the page's language. @param {Link} link @param {Page} page */
function nameOf({ id, source, venue, role }, page) {
  const { sources = {}, venues = {} } = page.store.view.conference ?? {};
  if (role === "signatory") return page.t("pad.seat", { place: page.words(venues[venue ?? ""]?.city), n: id.split("-").at(-1) ?? "" });
  return page.words(sources[source ?? ""]?.name) || page.words(venues[venue ?? ""]?.city) || page.t(`role.${role}-all`);
}

/** @param {Page} page @param {Link} link */
function made(page, link) {
  const act = (/** @type {string} */ name, /** @type {() => void} */ onclick) => h("button", { class: "button button-quiet", type: "button", "data-act": name, onclick });
  const qr = act("qr", () => code(page, link));
  qr.append(icon("qr", "icon-small"), h("span", { "data-t": "links.qr" }));
  return h("li", { class: "link" },
    h("p", { class: "link-name" }, h("span", { class: "strong" }), " ", h("span", { class: "link-state" })),
    h("a", { class: "link-url small", href: link.url, target: "_blank", rel: "noopener" }, shortened(link.url)),
    h("div", { class: "link-acts" }, copyButton(page, () => link.url), qr,
      act("renew", () => ask(page, link, "renew")), act("revoke", () => ask(page, link, "revoke"))));
}

/** The address without most of its secret, which nobody reads out. @param {string} url */
function shortened(url) {
  const [place, token = ""] = url.split("#");
  return `${place.replace(/^https?:\/\//, "")}#${token.slice(0, 6)}…`;
}

/** @param {HTMLElement} row @param {Link} link @param {Page} page */
function fill(row, link, page) {
  const name = nameOf(link, page);
  const revoked = page.store.view.links?.[link.id]?.revoked ?? link.revoked;
  write(find(row, ".strong"), name);
  write(find(row, ".link-state"), revoked ? page.t("links.revoked") : "");
  set(row, "data-revoked", revoked);
  for (const button of /** @type {HTMLElement[]} */ ([...row.querySelectorAll("[data-act]")])) {
    const act = button.dataset.act ?? "";
    if (act !== "qr") write(button, page.t(`links.${act}`));
    button.setAttribute("aria-label", page.t("word.labelled", { label: page.t(`links.${act}`), text: [page.t(`role.${link.role}`), name].join(page.t("word.pause")) }));
  }
  find(row, "[data-act=revoke]").hidden = revoked || link.role === "organiser";
  for (const use of [".link-acts .button:first-child", "[data-act=qr]", ".link-url"]) find(row, use).hidden = revoked;
  page.i18n.apply(row);
}

/** @param {Page} page @param {Link} link @param {"renew" | "revoke"} act */
async function ask(page, link, act) {
  const params = { role: page.t(`role.${link.role}`), name: nameOf(link, page) };
  const words = { title: page.t(`links.ask-${act}`, params), body: page.t(`links.ask-${act}-body`, params), act: page.t(`links.${act}`) };
  if (!(await confirm(page.i18n, words))) return;
  try {
    await page.send({ type: `links.${act}`, invite: link.id }, { room: null });
  } catch (refused) {
    const close = h("button", { class: "button", value: "close" }, page.t("word.close"));
    dialog(words.title, [h("p", {}, page.refusal(refused))], [close]).showModal();
  }
}

/** @param {Page} page @param {Link} link */
function code(page, link) {
  const image = h("img", { class: "qr", src: `data:image/svg+xml,${encodeURIComponent(link.qr)}`, alt: page.t("links.qr-alt", { name: nameOf(link, page) }) });
  const close = h("button", { class: "button", value: "close" }, page.t("word.close"));
  const url = h("p", { class: "small link-whole" }, link.url);
  dialog(`${page.t(`role.${link.role}`)} · ${nameOf(link, page)}`, [image, url], [close]).showModal();
}
