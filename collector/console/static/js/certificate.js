// The DTLS certificate of this browser. Grants are bound to it, so it outlives the page.

const DAYS_30 = 30 * 24 * 3600 * 1000;
const RENEW_BEFORE_MS = 24 * 3600 * 1000;

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("polewatch", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("keys");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

function within(database, mode, act) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("keys", mode);
    const asked = act(transaction.objectStore("keys"));
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

let kept = null;

/** The kept certificate, or a new one; where it cannot be kept it lives as long as the page. */
export async function certificate() {
  if (kept && kept.expires - Date.now() > RENEW_BEFORE_MS) return kept;
  let database = null;
  try {
    database = await opened();
    const found = await within(database, "readonly", (store) => store.get("dtls"));
    if (found && found.expires - Date.now() > RENEW_BEFORE_MS) return (kept = found);
  } catch {
    database = null; // A private window may have no database.
  }
  kept = await RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256", expires: DAYS_30 });
  if (database) await within(database, "readwrite", (store) => store.put(kept, "dtls")).catch(() => {});
  return kept;
}

/** The SHA-256 fingerprint in an SDP, as grants name it; null without one. */
export function fingerprintOf(sdp) {
  return /^a=fingerprint:sha-256 ([0-9A-F:]{95})\s*$/im.exec(sdp)?.[1].toUpperCase() ?? null;
}
