// What does not hold about an export: the first thing, by the codes of `polewatch clip verify`.

/** `code`, and where it is known the signed `record` of the GOP and its `number`, counted from 1. */
export class Fault extends Error {
  constructor(code, record = null, number = null) {
    super(code);
    this.code = code;
    this.at = record?.start_at ?? null;
    this.number = number;
  }
}
