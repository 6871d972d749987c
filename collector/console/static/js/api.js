// Talking to the collector. Every request has a deadline; a refusal carries its problem JSON.

const DEADLINE_MS = 15_000;

/** Says that our own page asks: a foreign one cannot set it. */
export const OWN = ["X-Polewatch", "1"];

/** A refusal: `status` (0 when nothing was answered) and the problem JSON, where there is one. */
export class Refusal extends Error {
  constructor(status, problem = {}) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

/** fetch with a deadline; raises Refusal. A lost session leads back to the door. */
export async function request(url, options = {}) {
  let response;
  try {
    response = await fetch(url, {
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(DEADLINE_MS),
      ...options,
      headers: { ...options.headers, [OWN[0]]: OWN[1] },
    });
  } catch (error) {
    throw new Refusal(0, { code: error.name === "TimeoutError" ? "console.timeout" : "console.unreachable" });
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (problem.code === "auth.required" && !options.stay) leave();
  throw new Refusal(response.status, { ...problem, retry_after_s: response.headers.get("Retry-After") });
}

export const getJson = async (url) => (await request(url)).json();

export async function postJson(url, body, options = {}) {
  const response = await request(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    ...options,
  });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** To the sign-in page, and back here afterwards. */
export function leave() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}
