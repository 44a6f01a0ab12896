// Text of numbers and times.

/** Bytes with a decimal unit, such as `1.5 MB`. */
export function bytes(count) {
  if (!Number.isFinite(count)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let index = 0;
  let value = count;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${index === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[index]}`;
}

/** Seconds as `7.4 s`, `3:05` or `1:02:09`. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** Milliseconds as `120 ms`, from 1 s on as `duration`. */
export function milliseconds(value) {
  if (!Number.isFinite(value)) return "";
  return value < 1000 ? `${Math.round(value)} ms` : duration(value / 1000);
}

export const count = (number) => number.toLocaleString("en");

export function clock(text) {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString([], { hour12: false });
}

export function dateAndTime(text) {
  const date = new Date(text);
  return Number.isNaN(date.getTime())
    ? ""
    : date.toLocaleString([], { dateStyle: "short", timeStyle: "medium", hour12: false });
}

/** A warning with the stretch that it concerns. */
export function warning({ detail, from, to }) {
  return from === undefined ? detail : `${detail} (${duration(from)} to ${duration(to)})`;
}
