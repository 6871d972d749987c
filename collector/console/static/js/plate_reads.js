// The plates behind an incident: picture, read with its doubtful characters marked, and the list's entry.

import { h } from "./dom.js";
import { t, word } from "./locale.js";

// A character less sure than this is marked; the pole takes it for its look-alikes from here on.
const SURE = 0.98;

const percent = (part) => `${Math.round(part * 100)} %`;

/** The read as characters; marked is what the reader was not sure of, or what the entry says otherwise. */
function letters(plate) {
  const told = [...plate.text];
  const listed = [...(plate.listed ?? plate.text)];
  const sameLength = listed.length === told.length;
  return told.map((one, at) => {
    const chance = plate.chances[at];
    const differs = sameLength && listed[at] !== one;
    if (!differs && one !== "?" && (chance === undefined || chance >= SURE)) return h("span", {}, one);
    const why = [chance !== undefined && t("plates.chance", { n: percent(chance) }), differs && t("plates.listed_as", { what: listed[at] })].filter(Boolean).join(", ");
    return h("mark", { title: why || null }, one);
  });
}

function one(plate) {
  const standing = plate.on_list ? null : h("p", { class: "gone" }, t("plates.not_listed_now"));
  const doubts = [...plate.text].flatMap((letter, at) => (plate.chances[at] < SURE ? [`${letter} ${percent(plate.chances[at])}`] : []));
  const facts = [
    ["plates.list", [plate.list_id, plate.list_owner && word("agency", plate.list_owner)].filter(Boolean).join(" · ")],
    ["plates.purpose", plate.list_purpose],
    ["plates.note", plate.note],
    ["plates.certainty", percent(plate.certainty ?? plate.confidence)],
    ["plates.doubts", doubts.join(" · ")],
    ["plates.direction", plate.direction && word("direction", plate.direction)],
    ["plates.ground", plate.color && word("platecolor", plate.color)],
  ];
  return h("li", {},
    plate.crop && h("img", { src: plate.crop, alt: t("plates.crop"), decoding: "async" }),
    h("div", { class: "read" },
      h("div", {}, h("small", {}, t("plates.read")), h("b", {}, letters(plate))),
      h("div", {}, h("small", {}, t("plates.listed")), h("b", {}, plate.listed ?? plate.text)),
      plate.near_match && h("span", { class: "mark" }, t("plates.near_match"))),
    standing,
    h("dl", {}, facts.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value)))));
}

/** Elements to stand above the picture; none for incidents without a plate. */
export function plateReads(incident, more) {
  if (incident.type !== "plate") return [];
  const undecided = ["open", "notified", "acknowledged"].includes(incident.state);
  const plates = [...(more?.plates ?? [])].reverse();
  return [
    incident.waits && undecided && h("p", { class: "unconfirmed" }, h("b", {}, t("plates.unconfirmed")), " ", t("plates.unconfirmed_why")),
    plates.length > 0 && h("ul", { class: "plates" }, plates.map(one)),
  ].filter(Boolean);
}
