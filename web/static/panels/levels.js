// @ts-check
/** Levels of sound in dBFS: peaks, their hold, and silence. Pure: time comes in. */

/** Below this nothing is drawn; 16-bit silence lies at -96. */
export const FLOOR_DBFS = -60;
/** A peak above this will distort somewhere on the way: true peaks lie up to 1 dB above samples. */
export const HOT_DBFS = -1;
/** Quieter than an empty hall's air conditioning: nothing is plugged in. */
const SILENT_DBFS = -55;
/** How long an orator may pause before we suspect the cable. */
const SILENT_AFTER_MS = 4000;
const HOLD_MS = 1500;
/** IEC 60268-18 digital peak meters fall 20 dB in 1.7 s. */
const FALL_DB_PER_MS = 20 / 1700;

/**
 * Decibels relative to full scale of a linear sample peak (0 to 1).
 * @param {number} peak
 */
export function dbfs(peak) {
  return peak > 0 ? Math.max(FLOOR_DBFS, 20 * Math.log10(peak)) : FLOOR_DBFS;
}

/**
 * Where `level_dbfs` lies on a meter's scale, 0 to 1.
 * @param {number} level_dbfs
 */
export function share(level_dbfs) {
  return Math.min(1, Math.max(0, 1 - level_dbfs / FLOOR_DBFS));
}

/**
 * The largest absolute sample.
 * @param {Float32Array} samples
 */
export function peakOf(samples) {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}

/** One channel's needle: rises at once, falls slowly, keeps its last peak for a moment. */
export class Needle {
  level_dbfs = FLOOR_DBFS;
  held_dbfs = FLOOR_DBFS;
  #held_at_ms = -Infinity;
  #read_at_ms = 0;

  /**
   * @param {number} peak linear, 0 to 1
   * @param {number} now_ms
   */
  read(peak, now_ms) {
    const fallen = this.level_dbfs - (now_ms - this.#read_at_ms) * FALL_DB_PER_MS;
    this.level_dbfs = Math.max(dbfs(peak), fallen, FLOOR_DBFS);
    this.#read_at_ms = now_ms;
    if (this.level_dbfs >= this.held_dbfs || now_ms - this.#held_at_ms > HOLD_MS) {
      this.held_dbfs = this.level_dbfs;
      this.#held_at_ms = now_ms;
    }
  }
}

/** Says when a sound has been silent for so long that somebody should look. */
export class Silence {
  /** @type {number | undefined} */
  #since_ms;

  /**
   * @param {number} level_dbfs the louder channel
   * @param {number} now_ms
   * @returns {boolean} whether it has been silent for too long
   */
  read(level_dbfs, now_ms) {
    if (level_dbfs > SILENT_DBFS) this.#since_ms = undefined;
    else this.#since_ms ??= now_ms;
    return this.#since_ms !== undefined && now_ms - this.#since_ms >= SILENT_AFTER_MS;
  }
}
