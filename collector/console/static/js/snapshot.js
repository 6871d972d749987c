// One picture to keep, with what it is and who took it written on it.

import { whole } from "./locale.js";

const name = (what, at) => `${what.device}_${what.camera}_${new Date(at).toISOString().replace(/[-:]|\.\d+/g, "")}.png`;

/** Draws the video's picture with a line below it: camera, time, case, person. Returns its file name. */
export async function keepPicture(video, what, at) {
  const [width, height] = [video.videoWidth, video.videoHeight];
  const line = Math.max(28, Math.round(height / 24));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height + line];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, width, height);
  context.fillStyle = "#000";
  context.fillRect(0, height, width, line);
  context.fillStyle = "#fff";
  context.font = `${Math.round(line * 0.55)}px sans-serif`;
  context.textBaseline = "middle";
  const said = [what.title, whole(new Date(at).toISOString()), what.case, what.person].filter(Boolean).join("  ·  ");
  context.fillText(said, line / 2, height + line / 2, width - line);
  const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.download = name(what, at);
  link.href = URL.createObjectURL(picture);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return link.download;
}
