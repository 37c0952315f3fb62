/* Slash commands for suggestions: their subcommands, and the usage of each. */

import { get } from "./api.js";

let commandList = [{ command: "/queue", description: "", usage: "", words: [] }];

/** Loads the slash commands; without an answer only `/queue` is suggested. */
export async function loadCommands() {
  const answer = await get("/_local/commands");
  const list = Array.isArray(answer) ? answer : answer?.commands;
  if (list?.length) commandList = list.map(asCommand);
}

function asCommand(one) {
  const words = one.subcommands ?? one.words ?? [];
  return {
    command: one.command ?? one.name,
    description: one.description ?? one.summary ?? "",
    usage: one.usage_hint ?? one.usage ?? "",
    words: words.map((word) => ({
      name: word.name,
      usage: word.usage ?? word.usage_hint ?? "",
      summary: word.summary ?? word.description ?? "",
    })),
  };
}

/** Returns the commands that a new visitor is offered first. */
export function firstCommands() {
  const { command, words } = commandList[0];
  const defaults = ["status", "failed", "help"].filter((name) => words.some((w) => w.name === name));
  const names = defaults.length ? defaults : words.slice(0, 3).map((word) => word.name);
  return names.length ? names.map((name) => `${command} ${name}`) : commandList.slice(0, 3).map((one) => one.command);
}

/**
 * Returns the suggestions for the text typed so far: `[{fill, title, usage, summary}]`. `fill` is the
 * text in the composer after the suggestion is chosen.
 */
export function suggestions(text) {
  if (!text.startsWith("/") || text.includes("\n")) return [];
  const [first, ...rest] = text.split(" ");
  if (rest.length === 0) {
    return commandList
      .filter((one) => one.command.startsWith(first))
      .map((one) => ({
        fill: `${one.command} `,
        title: one.command,
        usage: one.usage,
        summary: one.description,
      }));
  }
  const match = commandList.find((one) => one.command === first);
  if (!match) return [];
  if (rest.length === 1) return match.words.filter((w) => w.name.startsWith(rest[0])).map((w) => asRow(match, w));
  return match.words.filter((word) => word.name === rest[0]).map((word) => ({ ...asRow(match, word), fill: null }));
}

function asRow({ command }, { name, usage, summary }) {
  const prefix = [`${command} ${name}`, name].find((words) => usage.startsWith(words)) ?? "";
  const after = usage.slice(prefix.length).trim();
  return { fill: `${command} ${name} `, title: `${command} ${name}`, usage: after, summary };
}
