// Words and times in the person's language and the site's zone.

const root = document.documentElement;
export const lang = root.lang === "en" ? "en" : "ko";
const zone = root.dataset.zone;
const words = await (await fetch(root.dataset.words)).json();

/** The sentence of that key with `{name}` filled in; a missing key shows itself. */
export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** The word of a member of a family (`type.fire`); an unknown one, of a newer version, as it is. */
export function word(family, name) {
  return words[`${family}.${name}`] ?? name;
}

/** What was noted with an incident's step; what nobody wrote has words of its own. */
export const noteOf = (step) => (step.note && !step.person ? word("stepnote", step.note) : step.note);

/** Picks the reader's language from a pair like `{ko, en}`. */
export const inLanguage = (pair) => pair?.[lang] || pair?.ko || pair?.en || "";

/** Why a camera stands where it stands, in the reader's language. */
export const reasonsOf = (camera) =>
  (lang === "ko" && camera.reasons_ko.length ? camera.reasons_ko : camera.reasons).join(", ");

const locale = lang === "ko" ? "ko-KR" : "en-GB";
const format = (options) => new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: "h23", ...options });
const CLOCK = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = format({ month: "2-digit", day: "2-digit" });
const SHORT = format({ month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
const WHOLE = format({
  year: "numeric", month: "2-digit", day: "2-digit", weekday: "short",
  hour: "2-digit", minute: "2-digit", second: "2-digit",
});

const PARTS = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit",
});

/** A moment as fields for date and time take it, in the site's zone. */
export function local(moment) {
  const parts = Object.fromEntries(PARTS.formatToParts(new Date(moment)).map((one) => [one.type, one.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}`;
}

/** The moment that such a field means, as RFC 3339. */
export function instant(text) {
  const wanted = new Date(`${text}Z`).getTime();
  let guess = wanted;
  // Twice, for the first guess may lie on the other side of a change to summer time.
  for (let turn = 0; turn < 2; turn += 1) guess += wanted - new Date(`${local(guess)}Z`).getTime();
  return new Date(guess).toISOString();
}

export const clock = (moment) => CLOCK.format(moment);
export const whole = (text) => (text ? WHOLE.format(new Date(text)) : "");

/** Time of day for what is of today, else day and time. */
export function when(text) {
  const moment = new Date(text);
  return DAY.format(moment) === DAY.format(new Date()) ? CLOCK.format(moment) : SHORT.format(moment);
}

/** 0.2 s, 14 s, 3 min, 2 h. */
export function span(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "";
  if (seconds < 10) return t("span.seconds", { n: Math.max(0, seconds).toFixed(1) });
  if (seconds < 120) return t("span.seconds", { n: Math.round(seconds) });
  if (seconds < 7200) return t("span.minutes", { n: Math.round(seconds / 60) });
  return t("span.hours", { n: Math.round(seconds / 3600) });
}
