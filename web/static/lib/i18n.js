// @ts-check
/** The page's words: one flat file of texts per language, plural forms, times as people say them. */

/** Page languages (BCP 47), the file each is in, its own name, and whose habits its days and numbers follow. */
export const LANGUAGES = Object.freeze({
  zh: { tag: "zh-Hans", file: "zh_Hans", name: "中文", format: "zh-Hans-CN" },
  de: { tag: "de", file: "de", name: "Deutsch", format: "de-DE" },
  en: { tag: "en", file: "en", name: "English", format: "en-GB" },
  fr: { tag: "fr", file: "fr", name: "Français", format: "fr-FR" },
});

/** @typedef {keyof typeof LANGUAGES} Language */
/** @typedef {string | {[category: string]: string}} Text */
/** @typedef {Record<string, Text>} Texts */
/** Words in the language that the page has when they are asked for. @typedef {() => string} Saying */
/** A text of the conference in some of its languages. @typedef {Record<string, string>} Words */

/** What says nothing. @type {Saying} */
export const NOTHING = () => "";

const STORED = "twinhall-language";

/** @param {string} tag @returns {Language | null} */
export function languageOf(tag) {
  const primary = tag.toLowerCase().split(/[-_]/)[0];
  return primary in LANGUAGES ? /** @type {Language} */ (primary) : null;
}

/**
 * The page's language: asked for in the address, chosen before, the browser's first that we have, or English.
 * @param {{search?: string, stored?: string | null, preferred?: readonly string[]}} wishes @returns {Language}
 */
export function pickLanguage({ search = "", stored = null, preferred = [] }) {
  const asked = new URLSearchParams(search).get("lang");
  for (const tag of [asked, stored, ...preferred]) {
    const language = tag && languageOf(tag);
    if (language) return language;
  }
  return "en";
}

/**
 * `text` with `{name}` filled in; a plural text takes the form for `params.n`.
 * @param {Text | undefined} text @param {Record<string, string | number>} params @param {string} tag
 */
export function fill(text, params, tag) {
  if (text === undefined) return "";
  const form = typeof text === "string" ? text : text[new Intl.PluralRules(tag).select(Number(params.n))] ?? text.other;
  return form.replace(/\{(\w+)\}/g, (whole, name) => String(params[name] ?? whole));
}

/**
 * The conference's words in `language`, else the nearest it has, with the language they are in.
 * @param {Words | undefined} words @param {Language} language @returns {{text: string, lang: string}}
 */
export function inLanguage(words, language) {
  if (!words) return { text: "", lang: LANGUAGES[language].tag };
  for (const wanted of [language, "en", "de", "zh", "fr"]) {
    const key = Object.keys(words).find((tag) => languageOf(tag) === wanted);
    if (key) return { text: words[key], lang: LANGUAGES[/** @type {Language} */ (wanted)].tag };
  }
  return { text: Object.values(words)[0] ?? "", lang: "" };
}

export class I18n extends EventTarget {
  /** @param {Language} language @param {(file: string) => Promise<Texts>} [load] */
  constructor(language, load = loadTexts) {
    super();
    this.language = language;
    this.load = load;
    /** @type {Texts} */
    this.texts = {};
    this.t = this.t.bind(this);
    this.words = this.words.bind(this);
  }

  /** The page's language by address, memory and browser, loaded. */
  static async ofPage() {
    const i18n = new I18n(
      pickLanguage({ search: location.search, stored: remembered(), preferred: navigator.languages }),
    );
    await i18n.set(i18n.language);
    return i18n;
  }

  get tag() {
    return LANGUAGES[this.language].tag;
  }

  get format() {
    return LANGUAGES[this.language].format;
  }

  /** Loads `language` and turns the page to it. @param {Language} language */
  async set(language) {
    this.texts = await this.load(LANGUAGES[language].file);
    this.language = language;
    if (typeof document === "undefined") return;
    document.documentElement.lang = this.tag;
    this.apply(document);
    this.dispatchEvent(new Event("change"));
  }

  /** The person chose: turn, and remember for the next visit. @param {Language} language */
  async choose(language) {
    await this.set(language);
    try {
      localStorage.setItem(STORED, language);
    } catch {
      // Storage is closed to us: the choice lasts for this page.
    }
  }

  /** @param {string} key @param {Record<string, string | number>} [params] */
  t(key, params = {}) {
    return fill(this.texts[key], params, this.tag) || key;
  }

  /** The conference's own words. @param {Words | undefined} words */
  words(words) {
    return inLanguage(words, this.language).text;
  }

  /** Puts the conference's words into `element`, with their language. @param {Element} element @param {Words | undefined} words */
  say(element, words) {
    const { text, lang } = inLanguage(words, this.language);
    if (element.textContent !== text) element.textContent = text;
    if (lang && lang !== this.tag) element.setAttribute("lang", lang);
    else element.removeAttribute("lang");
  }

  /**
   * Writes the texts that the HTML names: `data-t` (content), `data-t-label` (aria-label), `data-t-title`, `data-t-hint` (placeholder).
   * @param {ParentNode} root
   */
  apply(root) {
    for (const element of root.querySelectorAll("[data-t]")) element.textContent = this.t(element.getAttribute("data-t") ?? "");
    for (const [data, attribute] of [["data-t-label", "aria-label"], ["data-t-title", "title"], ["data-t-hint", "placeholder"]]) {
      for (const element of root.querySelectorAll(`[${data}]`)) {
        element.setAttribute(attribute, this.t(element.getAttribute(data) ?? ""));
      }
    }
  }

  /** HH:MM of an instant in a zone (the reader's own when absent), with seconds where someone counts. @param {number} at_ms @param {string} [zone] @param {boolean} [seconds] */
  time(at_ms, zone, seconds = false) {
    return timeIn(at_ms, zone, seconds);
  }

  /** A day, `2022-07-07`, as people write it. @param {string} day */
  day(day) {
    return new Intl.DateTimeFormat(this.format, { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
  }

  /** How far an instant is: `in 4 min`, `3 min late`'s plain part, `now`. @param {number} distance_ms */
  distance(distance_ms) {
    const minutes = Math.ceil(distance_ms / 60_000);
    if (distance_ms <= 0) return this.t("time.now");
    if (minutes < 60) return this.t("time.in-minutes", { n: minutes });
    if (minutes < 24 * 60) return this.t("time.in-hours", { n: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") });
    return this.t("time.in-days", { n: Math.floor(minutes / (24 * 60)) });
  }

  /** Seconds with one figure behind the point, in the language's own way: `0,3`, and never `-0,0`. @param {number} ms */
  seconds(ms) {
    return new Intl.NumberFormat(this.format, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(Math.round(ms / 100) / 10 + 0);
  }

  /** Sentences in a row, without those that say nothing; Chinese leaves no space between them. @param {(string | false | null | undefined)[]} said */
  sentences(said) {
    return said.filter(Boolean).join(this.language === "zh" ? "" : " ");
  }

  /** @param {number} ms */
  milliseconds(ms) {
    return this.number(ms, { style: "unit", unit: "millisecond" });
  }

  /** @param {number} value @param {Intl.NumberFormatOptions} [options] */
  number(value, options) {
    return new Intl.NumberFormat(this.format, options).format(value);
  }
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {number} at_ms @param {string} [zone] @param {boolean} [seconds] */
export function timeIn(at_ms, zone, seconds = false) {
  const key = `${zone}|${seconds}`;
  const format =
    formats.get(key) ??
    new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit",
      minute: "2-digit",
      second: seconds ? "2-digit" : undefined,
      hourCycle: "h23",
      timeZone: zone,
    });
  formats.set(key, format);
  return format.format(at_ms);
}

/** A running time as people count it: `4:07`, `1:02:09`; a minus when it is over. @param {number} ms */
export function countdown(ms) {
  const total = Math.ceil(Math.abs(ms) / 1000) * Math.sign(ms);
  const s = Math.abs(total);
  const parts = s >= 3600 ? [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60] : [Math.floor(s / 60), s % 60];
  const text = parts.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
  return total < 0 ? `\u2212${text}` : text;
}

function remembered() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** @param {string} file @returns {Promise<Texts>} */
async function loadTexts(file) {
  const answer = await fetch(new URL(`../locales/${file}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`no words: ${file} (${answer.status})`);
  return answer.json();
}
