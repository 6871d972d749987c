// How a camera is, as people are told.

/** `up`, `degraded`, `down` or `unknown`; behind a box that is offline nothing is seen. */
export const seen = (camera) => (camera.online ? camera.state : camera.state === "unknown" ? "unknown" : "down");
