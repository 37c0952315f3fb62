/* Dates as Slack writes them: the tokens of `<!date^…>`, in the reader's zone and language. */

const DAY = 86_400_000;

const PARTS = {
  date: { month: "long", day: "numeric", year: "numeric" },
  date_long: { weekday: "long", month: "long", day: "numeric", year: "numeric" },
  date_long_full: { weekday: "long", month: "long", day: "numeric", year: "numeric" },
  date_short: { month: "short", day: "numeric", year: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};

/** Returns the text of a date token for an epoch in seconds; null for a wrong epoch. */
export function dateToken(seconds, format, locale, now = Date.now()) {
  const moment = new Date(Number(seconds) * 1000);
  if (Number.isNaN(moment.getTime())) return null;
  return format.replace(/\{(\w+)\}/g, (token, name) => piece(moment, name, locale, now) ?? token);
}

function piece(moment, name, locale, now) {
  if (name === "date_num") return isoDay(moment);
  if (name === "date_slash") return isoDay(moment).replaceAll("-", "/");
  if (name === "ago") return ago(moment, locale, now);
  if (name === "day_divider_pretty") return dayName(moment, locale, now);
  const pretty = name.endsWith("_pretty");
  const parts = PARTS[pretty ? name.slice(0, -"_pretty".length) : name];
  if (!parts) return null;
  const near = pretty ? nearDay(moment, locale, now) : null;
  return near ?? new Intl.DateTimeFormat(locale, parts).format(moment);
}

function isoDay(moment) {
  const two = (number) => String(number).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

function midnight(time) {
  return new Date(time).setHours(0, 0, 0, 0);
}

function nearDay(moment, locale, now) {
  const days = Math.round((midnight(moment) - midnight(now)) / DAY);
  if (Math.abs(days) > 1) return null;
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
}

function ago(moment, locale, now) {
  const seconds = Math.round((moment.getTime() - now) / 1000);
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? steps[3];
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(
    Math.trunc(seconds / size),
    unit,
  );
}

/** Returns the time of day of a message's ts. */
export function clock(ts, locale) {
  return new Intl.DateTimeFormat(locale, PARTS.time).format(new Date(Number(ts) * 1000));
}

/** Returns the full day and time of a message's ts, for a tooltip. */
export function fullDate(ts, locale) {
  const parts = { ...PARTS.date_long, ...PARTS.time_secs };
  return new Intl.DateTimeFormat(locale, parts).format(new Date(Number(ts) * 1000));
}

/** Returns "Today", "Yesterday" or the weekday and date, for the line between two days. */
export function dayName(moment, locale, now = Date.now()) {
  const near = nearDay(moment, locale, now);
  if (near !== null) return near.charAt(0).toLocaleUpperCase(locale) + near.slice(1);
  const parts = { weekday: "long", month: "long", day: "numeric" };
  return new Intl.DateTimeFormat(locale, parts).format(moment);
}
