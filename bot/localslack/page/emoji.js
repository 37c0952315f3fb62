/* The shortcodes that bots use most. An unknown name is shown as text. */

import { h } from "./dom.js";

const EMOJI = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", ok_hand: "👌", wave: "👋",
  pray: "🙏", clap: "👏", raised_hand: "✋", point_right: "👉", point_up: "☝️", muscle: "💪",
  eyes: "👀", smile: "😄", slightly_smiling_face: "🙂", thinking_face: "🤔", sweat_smile: "😅",
  tada: "🎉", rocket: "🚀", fire: "🔥", zap: "⚡", boom: "💥", sparkles: "✨", star: "⭐",
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌",
  negative_squared_cross_mark: "❎", no_entry: "⛔", no_entry_sign: "🚫", warning: "⚠️",
  rotating_light: "🚨", exclamation: "❗", question: "❓", bangbang: "‼️", sos: "🆘",
  information_source: "ℹ️", bulb: "💡", bell: "🔔", no_bell: "🔕", loudspeaker: "📢",
  mega: "📣", speech_balloon: "💬", red_circle: "🔴", large_red_circle: "🔴",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢",
  large_blue_circle: "🔵", large_purple_circle: "🟣", white_circle: "⚪", black_circle: "⚫",
  large_red_square: "🟥", large_orange_square: "🟧", large_yellow_square: "🟨",
  large_green_square: "🟩", large_blue_square: "🟦", small_red_triangle: "🔺",
  small_red_triangle_down: "🔻", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  stopwatch: "⏱️", alarm_clock: "⏰", clock1: "🕐", clock3: "🕒", clock9: "🕘", watch: "⌚",
  calendar: "📆", date: "📅", repeat: "🔁", arrows_counterclockwise: "🔄",
  arrows_clockwise: "🔃", arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️",
  arrow_down: "⬇️", arrow_right_hook: "↪️", leftwards_arrow_with_hook: "↩️", back: "🔙",
  fast_forward: "⏩", rewind: "⏪", double_vertical_bar: "⏸️", arrow_forward: "▶️",
  black_square_for_stop: "⏹️", heavy_plus_sign: "➕", heavy_minus_sign: "➖", recycle: "♻️",
  wastebasket: "🗑️", broom: "🧹", package: "📦", inbox_tray: "📥", outbox_tray: "📤",
  card_index_dividers: "🗂️", file_folder: "📁", page_facing_up: "📄", clipboard: "📋",
  memo: "📝", scroll: "📜", receipt: "🧾", books: "📚", bookmark: "🔖", label: "🏷️",
  link: "🔗", paperclip: "📎", pushpin: "📌", round_pushpin: "📍", mag: "🔍", lock: "🔒",
  unlock: "🔓", key: "🔑", closed_lock_with_key: "🔐", shield: "🛡️", gear: "⚙️",
  hammer: "🔨", wrench: "🔧", hammer_and_wrench: "🛠️", construction: "🚧", bug: "🐛",
  robot_face: "🤖", computer: "💻", floppy_disk: "💾", satellite: "📡", electric_plug: "🔌",
  battery: "🔋", bar_chart: "📊", chart_with_upwards_trend: "📈",
  chart_with_downwards_trend: "📉", snail: "🐌", turtle: "🐢", ghost: "👻", skull: "💀",
  sleeping: "😴", zzz: "💤", bust_in_silhouette: "👤", busts_in_silhouette: "👥",
  cop: "👮", sunny: "☀️", cloud: "☁️", moneybag: "💰", shopping_trolley: "🛒", gem: "💎",
  checkered_flag: "🏁", triangular_flag_on_post: "🚩", traffic_light: "🚦", stop_sign: "🛑",
};

/** Returns a shortcode's emoji with its name for screen readers, or null for an unknown name. */
export function emoji(name) {
  if (!Object.hasOwn(EMOJI, name)) return null;
  const label = name.replaceAll("_", " ");
  return h("span", { class: "emoji", role: "img", "aria-label": label, title: `:${name}:` }, EMOJI[name]);
}
