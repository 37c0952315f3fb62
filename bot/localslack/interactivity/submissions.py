"""The effects of a `view_submission`'s ack on the modal.

https://docs.slack.dev/surfaces/modals#handling_submissions.
"""

from bot.localslack import modals
from bot.localslack.blocks.specs import Json
from bot.localslack.grants import Interaction
from bot.localslack.refusals import SlackRefusal
from bot.localslack.web_api.calls import Backend
from bot.localslack.workspace import View


def apply_submission_ack(
    backend: Backend, interaction: Interaction, view: View, ack: Json | None
) -> None:
    """Close the view, or apply the `response_action`: errors, update, push, clear.

    Refusals: the refusals of a view's content, and `invalid_arguments`. The second means that the
    action is unknown, or that an error names a block that is not an input block of the view.
    """
    action = (ack or {}).get("response_action")
    if action is None:
        modals.close(backend.workspace, view)
    elif action == "clear":
        modals.clear(backend.workspace, view.user)
    elif action == "errors":
        view.errors = _errors(view, ack or {})
        backend.workspace.mark_changed()
    elif action in {"update", "push"}:
        content = modals.view_content(ack or {}, ("modal",))
        if action == "update":
            new_view = modals.update(backend.workspace, view, content)
        else:
            new_view = modals.push(backend.workspace, view.user, content)
        backend.note_view(new_view, interaction)
    else:
        raise SlackRefusal("invalid_arguments")


def _errors(view: View, ack: Json) -> dict[str, str]:
    errors = ack.get("errors")
    inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
        raise SlackRefusal("invalid_arguments")
    return {block_id: str(words) for block_id, words in errors.items()}
