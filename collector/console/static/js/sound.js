// A short tone by severity, off until somebody turns it on.

const TONES = { severe: [880, 3], moderate: [660, 2], minor: [440, 1] };
const WEIGHT = { severe: 3, moderate: 2, minor: 1 };
export const LEVELS = ["off", "severe", "moderate", "minor"]; // "moderate": moderate and worse
const AT_MOST_EVERY_MS = 2_500;

export class Sound {
  #context = null;
  #last = 0;
  played = 0;

  constructor() {
    const kept = localStorage.getItem("sound");
    this.level = LEVELS.includes(kept) ? kept : "off";
    // Browsers let a page sound only after a gesture.
    if (this.level !== "off") {
      for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => this.#wake(), { once: true });
    }
  }

  set(level) {
    this.level = level;
    localStorage.setItem("sound", level);
    if (level !== "off") {
      this.#wake();
      this.#tone(level);
    }
  }

  next() {
    this.set(LEVELS[(LEVELS.indexOf(this.level) + 1) % LEVELS.length]);
  }

  announce(severity) {
    const now = Date.now();
    if (this.level === "off" || (WEIGHT[severity] ?? 0) < WEIGHT[this.level]) return;
    if (now - this.#last < AT_MOST_EVERY_MS) return;
    this.#last = now;
    this.#tone(severity);
  }

  #wake() {
    this.#context ??= new AudioContext();
    this.#context.resume().catch(() => {});
  }

  #tone(severity) {
    if (!this.#context) return;
    const [pitch, times] = TONES[severity] ?? TONES.minor;
    this.played += 1;
    for (let n = 0; n < times; n += 1) {
      const at = this.#context.currentTime + n * 0.22;
      const tone = this.#context.createOscillator();
      const gain = this.#context.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.18, at + 0.015);
      gain.gain.exponentialRampToValueAtTime(0.001, at + 0.18);
      tone.connect(gain).connect(this.#context.destination);
      tone.start(at);
      tone.stop(at + 0.2);
    }
  }
}
