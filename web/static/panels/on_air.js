// @ts-check
/** The question on air over the picture, in two languages, with who asked it and where, as far as the room allows. */

import { h } from "../lib/dom.js";
import { questionsOf } from "../lib/questions.js";
import { drawQuestion, questionCard } from "./question.js";

/** From so many characters on a text is long, and stands smaller; Han signs are twice as wide. */
const LONG = 70;
const VERY_LONG = 160;

/** @param {HTMLElement} element @param {import("../lib/page.js").Page} page @returns {() => void} */
export function mountOnAir(element, page) {
  const card = questionCard("div");
  element.append(h("div", { class: "on-air-box" }, card));
  element.hidden = true;
  const draw = () => {
    const { qa } = page.store.view;
    const [question] = questionsOf(qa, [qa?.on_air ?? ""]);
    element.hidden = !question;
    if (!question) return;
    drawQuestion(card, page, question, { two: true });
    element.dataset.length = lengthOf([...card.querySelectorAll(".question-text, .question-beside:not([hidden])")].map(({ textContent }) => textContent ?? ""));
  };
  const stops = [page.watch((view) => view.qa, draw), page.watch((view) => view.conference, draw)];
  return () => stops.forEach((stop) => stop());
}

/** @param {string[]} texts @returns {"short" | "long" | "very-long"} */
function lengthOf(texts) {
  const most = Math.max(...texts.map((text) => [...text].reduce((width, sign) => width + (sign > "\u2e7f" ? 2 : 1), 0)));
  return most > VERY_LONG ? "very-long" : most > LONG ? "long" : "short";
}
