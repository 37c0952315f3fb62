/* Requests to the local Slack's control endpoints; they resolve even without an answer. */

/** Returns the JSON of `path`, or null without an answer. */
export async function get(path) {
  try {
    const response = await fetch(path, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Returns the answer to a control request; if it failed, `{error}` with a code. */
export async function post(path, body, options = {}) {
  try {
    const response = await fetch(path, {
      ...options,
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok && !answer.error) return { error: `http_${response.status}` };
    return answer;
  } catch {
    return { error: "connection_lost" };
  }
}
