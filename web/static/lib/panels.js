// @ts-check
/** The registry of side panels: a feature's file registers one, the stage shows it as a tab. */

/**
 * @typedef {object} Panel
 * @property {string} id also the prefix of its texts: `<id>.title` is the tab's
 * @property {number} order
 * @property {(element: HTMLElement, page: import("./page.js").Page) => (() => void) | void} mount returns its end
 */

/** @type {Map<string, Panel>} */
const panels = new Map();

/** @param {Panel} panel */
export function register(panel) {
  panels.set(panel.id, panel);
}

function registered() {
  return [...panels.values()].sort((a, b) => a.order - b.order);
}

/**
 * Shows the registered panels as tabs, named in the page's language.
 * @param {import("./components.js").HallTabs} tabs @param {import("./page.js").Page} page
 */
export function mountPanels(tabs, page) {
  for (const { id, mount } of registered()) {
    const { tab, panel } = tabs.add(id);
    tab.setAttribute("data-t", `${id}.title`);
    mount(panel, page);
  }
  page.i18n.apply(tabs);
}
