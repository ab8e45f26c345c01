// @ts-check
/** What the browser keeps for this node, null where it gives nothing: all data of sites is blocked then. */

/** Kept over nights. @returns {Storage | null} */
export function local() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** Kept over a reload, for this tab alone. @returns {Storage | null} */
export function session() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
