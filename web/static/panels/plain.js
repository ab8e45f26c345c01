// @ts-check
/** Pages that are words only: the list of conferences, the page that is not there. */

import { Page } from "../lib/page.js";
import { mountLanguageButtons } from "./languages.js";

const page = await Page.open();
const languages = document.querySelector(".plain-languages");
if (languages instanceof HTMLElement) mountLanguageButtons(languages, page.i18n);

/** The conferences' own words stand in the HTML in all languages. */
function turn() {
  for (const element of document.querySelectorAll("[data-words]")) {
    page.i18n.say(element, JSON.parse(element.getAttribute("data-words") ?? "{}"));
  }
  for (const element of document.querySelectorAll("[data-day]")) element.textContent = page.i18n.day(element.getAttribute("data-day") ?? "");
  const title = document.querySelector("h1");
  document.title = `${title?.textContent ?? ""} · ${page.t("product.name")}`;
}

page.i18n.addEventListener("change", turn);
turn();
