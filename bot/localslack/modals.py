"""Modals and Home: opening, pushing, updating, publishing and closing views."""

import json

from bot.localslack.blocks.forms import first_values
from bot.localslack.blocks.specs import Json, Problem
from bot.localslack.blocks.validation import Surface, as_stored, view_problems
from bot.localslack.posting import parse_json
from bot.localslack.refusals import SlackRefusal
from bot.localslack.workspace import View, Workspace

STACK = 3  # https://docs.slack.dev/surfaces/modals: three views at once
VIEW_BYTES = 250_000  # https://docs.slack.dev/reference/methods/views.open: view_too_large


def view_content(args: Json, surfaces: tuple[Surface, ...]) -> Json:
    """Return the valid `view` argument; refuses `invalid_arguments` and `view_too_large`."""
    content = parse_json(args, "view", "invalid_arguments")
    if content is None:
        missing = Problem("missing required field: view", "")
        raise SlackRefusal("invalid_arguments", [missing])
    problems = view_problems(content, surfaces)
    if problems or not isinstance(content, dict):
        raise SlackRefusal("invalid_arguments", problems)
    if len(json.dumps(content, ensure_ascii=False).encode()) > VIEW_BYTES:
        raise SlackRefusal("view_too_large")
    return content


def push(workspace: Workspace, user: str, content: Json) -> View:
    """Put a modal on top of the person's stack; `push_limit_reached` above three modals."""
    stack = workspace.stacks.setdefault(user, [])
    if len(stack) >= STACK:
        raise SlackRefusal("push_limit_reached")
    _check_external_id(workspace, content, None)
    view_id = workspace.new_id("V")
    view = View(
        id=view_id,
        user=user,
        content={},
        hash="",
        root_id=stack[0].id if stack else view_id,
        previous_id=stack[-1].id if stack else None,
    )
    _fill(workspace, view, content)
    stack.append(view)
    workspace.mark_changed()
    return view


def update(workspace: Workspace, view: View, content: Json, expected_hash: object = None) -> View:
    """Replace a view's content; `hash_conflict` if the caller's hash is not the current one.

    An empty hash never matches: https://github.com/slack-go/slack/issues/1462.
    """
    if expected_hash is not None and expected_hash != view.hash:
        raise SlackRefusal("hash_conflict")
    if content["type"] != view.content["type"]:
        raise SlackRefusal("invalid_arguments", [Problem("unsupported type", "/view/type")])
    _check_external_id(workspace, content, view)
    _fill(workspace, view, content)
    workspace.mark_changed()
    return view


def publish(workspace: Workspace, user: str, content: Json, expected_hash: object = None) -> View:
    """Show the content as a person's Home; `hash_conflict` as in `update`."""
    home = workspace.homes.get(user)
    if home is not None:
        return update(workspace, home, content, expected_hash)
    view_id = workspace.new_id("V")
    home = View(id=view_id, user=user, content={}, hash="", root_id=view_id)
    _fill(workspace, home, content)
    workspace.homes[user] = home
    workspace.mark_changed()
    return home


def close(workspace: Workspace, view: View) -> None:
    """Remove a view from its stack, with all views above it."""
    stack = workspace.stacks.get(view.user, [])
    if view in stack:
        del stack[stack.index(view) :]
        workspace.mark_changed()


def clear(workspace: Workspace, user: str) -> list[View]:
    """Close a person's whole stack and return its views, the top one first."""
    closed = workspace.stacks.pop(user, [])
    workspace.mark_changed()
    return closed[::-1]


def _check_external_id(workspace: Workspace, content: Json, own: View | None) -> None:
    external_id = content.get("external_id")
    views = [view for stack in workspace.stacks.values() for view in stack]
    views += workspace.homes.values()
    if external_id and any(
        view.content.get("external_id") == external_id for view in views if view is not own
    ):
        raise SlackRefusal("duplicate_external_id")


def _fill(workspace: Workspace, view: View, content: Json) -> None:
    """Store the content; keep a typed value if its block_id and action_id still exist."""
    stored = {**content, "blocks": as_stored(content["blocks"], lambda: workspace.new_id("b"))}
    for name in ("title", "submit", "close"):
        if name in stored:
            stored[name] = {"emoji": True, **stored[name]}
    values = first_values(stored["blocks"])
    for block_id, actions in values.items():
        for action_id, state in actions.items():
            typed = view.values.get(block_id, {}).get(action_id)
            if typed and typed["type"] == state["type"]:
                actions[action_id] = typed
    view.content, view.values, view.errors, view.notice = stored, values, {}, None
    view.hash = workspace.new_hash()
