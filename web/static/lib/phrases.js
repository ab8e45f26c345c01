// @ts-check
/** Names that break where a reader would break them: Han between words, German compounds where two words meet. */

import { set } from "./dom.js";
import { inLanguage } from "./i18n.js";

/** A mark that clings to what follows it. */
const OPENING = /^[\p{Ps}\p{Pi}]+$/u;
/** Where two words of a German compound meet, mostly at a joining s: `Wirtschafts|förderungs|gesellschaft`. */
const JOINT = /(schafts|ungs|heits|keits|ions|täts|tums|bundes|landes|handels|hoch|zusammen)(?=\p{Ll}{4})/giu;
const SOFT_HYPHEN = "\u00ad";

/** The pieces of `text` between which a line may break beside its spaces; in German with soft hyphens. @param {string} text @param {string} tag BCP 47 @returns {string[]} */
export function phrases(text, tag) {
  if (tag.startsWith("de")) return [text.replace(JOINT, `$1${SOFT_HYPHEN}`)];
  if (!tag.startsWith("zh") || typeof Intl.Segmenter !== "function") return [text];
  const pieces = [""];
  for (const { segment, isWordLike } of new Intl.Segmenter(tag, { granularity: "word" }).segment(text)) {
    const last = pieces.length - 1;
    if (pieces[last] && !OPENING.test(pieces[last]) && (isWordLike || OPENING.test(segment))) pieces.push(segment);
    else pieces[last] += segment;
  }
  return pieces;
}

/** Puts the conference's words into `element`, with their language, as phrases: its style says where they may break (`hyphens`, `word-break: keep-all`). @param {Element} element @param {import("./i18n.js").I18n} i18n @param {import("./i18n.js").Words | undefined} words */
export function sayPhrases(element, i18n, words) {
  const { text, lang } = inLanguage(words, i18n.language);
  set(element, "lang", lang && lang !== i18n.tag ? lang : null);
  const pieces = phrases(text, lang || i18n.tag);
  if (element.textContent === pieces.join("")) return;
  element.replaceChildren(...pieces.flatMap((piece, index) => (index ? [document.createElement("wbr"), piece] : [piece])));
}
