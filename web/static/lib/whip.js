// @ts-check
/** WHIP (RFC 9725) and WHEP over fetch: POST an offer, PATCH an ICE restart, DELETE. */

/** The node refused: `code` is its own (`occupied`, `link-revoked` ...) or `http-503`, `reason` is for logs. */
export class SessionRefused extends Error {
  /** @param {number} status @param {string} code @param {string} reason */
  constructor(status, code, reason) {
    super(reason || code);
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may do better later: a busy node, or one whose relay is not there yet. */
  get passing() {
    return this.status === 404 || this.status === 429 || this.status >= 500;
  }
}

export class Resource {
  /** @param {string} url of the endpoint @param {string} token */
  constructor(url, token) {
    this.endpoint = sameOrigin(url);
    this.token = token;
    /** @type {string | null} */
    this.location = null;
  }

  /** The session's id: the last part of its address. */
  get session() {
    return this.location?.split("?")[0].split("/").pop() ?? null;
  }

  /** @param {string} sdp @param {AbortSignal} [signal] @returns {Promise<string>} the answer's SDP */
  async offer(sdp, signal) {
    const answer = await fetch(this.endpoint, {
      method: "POST",
      headers: { ...this.#headers(), "Content-Type": "application/sdp" },
      body: sdp,
      signal,
    });
    if (answer.status !== 201) throw await refusal(answer);
    this.location = sameOrigin(answer.headers.get("Location") ?? "", this.endpoint);
    return answer.text();
  }

  /** ICE restart (RFC 9725 section 4.3.3). @param {string} fragment @returns {Promise<string>} the node's fragment */
  async restart(fragment) {
    const answer = await fetch(this.location ?? "", {
      method: "PATCH",
      headers: { ...this.#headers(), "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*" },
      body: fragment,
    });
    if (answer.status !== 200) throw await refusal(answer);
    return answer.text();
  }

  /** Ends the session; safe while the page goes away. */
  async end() {
    const location = this.location;
    this.location = null;
    if (!location) return;
    await fetch(location, { method: "DELETE", headers: this.#headers(), keepalive: true }).catch(() => undefined);
  }

  #headers() {
    return { Authorization: `Bearer ${this.token}` };
  }
}

/** The address on the page's own origin: the node may announce itself by another name. @param {string} url @param {string} [base] */
function sameOrigin(url, base) {
  const whole = new URL(url, new URL(base ?? location.href, location.href));
  return whole.pathname + whole.search;
}

/** @param {Response} answer */
async function refusal(answer) {
  const text = await answer.text().catch(() => "");
  try {
    const { refused, reason } = JSON.parse(text);
    return new SessionRefused(answer.status, refused ?? `http-${answer.status}`, reason ?? "");
  } catch {
    return new SessionRefused(answer.status, `http-${answer.status}`, text.slice(0, 200));
  }
}

/**
 * The SDP fragment of an ICE restart: the offer's group, first m-line and its new credentials (RFC 8840 section 9).
 * @param {string} offer
 */
export function restartFragment(offer) {
  const [head, first = ""] = offer.split(/^(?=m=)/m);
  const keep = (/** @type {string} */ text, /** @type {RegExp} */ wanted) =>
    text.split(/\r?\n/).filter((line) => wanted.test(line));
  return [
    ...keep(head, /^a=(group:BUNDLE|ice-options:|ice-lite)/),
    ...keep(first, /^(m=|a=mid:|a=ice-ufrag:|a=ice-pwd:)/),
    "",
  ].join("\r\n");
}

/**
 * The answer in force with the node's new ICE credentials and candidates.
 * @param {string} answer @param {string} fragment
 */
export function withCredentials(answer, fragment) {
  const lines = fragment.split(/\r?\n/);
  const value = (/** @type {string} */ name) => lines.find((line) => line.startsWith(`a=${name}:`)) ?? "";
  const [ufrag, pwd] = [value("ice-ufrag"), value("ice-pwd")];
  if (!ufrag || !pwd) throw new Error("the node's answer to the ICE restart names no credentials");
  return answer.replace(/^a=ice-ufrag:.*$/gm, ufrag.trim()).replace(/^a=ice-pwd:.*$/gm, pwd.trim());
}
