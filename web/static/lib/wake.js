// @ts-check
/** Keeps the screen on, and knows when the device slept all the same. */

/** Event `change`: `awake` is another value. */
export class Wake extends EventTarget {
  /** @param {import("./clock.js").CommonClock} [clock] tells that the device slept without a word */
  constructor(clock) {
    super();
    /** Somebody looks at it since it last slept. */
    this.awake = !document.hidden;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#turn(false) : this.#hold()));
    clock?.addEventListener("slept", () => this.#turn(false));
    this.#hold();
  }

  /** A touch: somebody is there. */
  wake() {
    this.#hold();
    this.#turn(true);
  }

  /** It is not to act as if somebody were there, until it is touched. */
  rest() {
    this.#turn(false);
  }

  /** The lock ends whenever the page is hidden, and is taken again. */
  #hold() {
    if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => undefined);
  }

  /** @param {boolean} awake */
  #turn(awake) {
    if (awake === this.awake) return;
    this.awake = awake;
    this.dispatchEvent(new Event("change"));
  }
}
