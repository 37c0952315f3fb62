/* Requests to the local Slack's control endpoints; they resolve, also when nobody answers. */

/** What `path` says, or null if it is not there. */
export async function get(path) {
  try {
    const response = await fetch(path, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** The answer to a control request; `{error}` with a word for what went wrong where it failed. */
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
