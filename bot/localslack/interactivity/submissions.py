"""What the ack of a `view_submission` does to the modal.

https://docs.slack.dev/surfaces/modals#handling_submissions.
"""

from bot.localslack import modals
from bot.localslack.blocks.specs import Json
from bot.localslack.grants import Interaction
from bot.localslack.refusals import SlackRefusal
from bot.localslack.web_api.calls import Desk
from bot.localslack.workspace import View


def submitted(desk: Desk, interaction: Interaction, view: View, ack: Json | None) -> None:
    """Close the view, or do the `response_action`: errors, update, push, clear.

    Refusals: those of a view's content, `invalid_arguments` for an action that Slack does not
    know or for errors on blocks that are not input blocks of the view.
    """
    action = (ack or {}).get("response_action")
    if action is None:
        modals.close(desk.workspace, view)
    elif action == "clear":
        modals.clear(desk.workspace, view.user)
    elif action == "errors":
        view.errors = _errors(view, ack or {})
        desk.workspace.touched()
    elif action in {"update", "push"}:
        content = modals.view_content(ack or {}, ("modal",))
        if action == "update":
            shown = modals.update(desk.workspace, view, content)
        else:
            shown = modals.push(desk.workspace, view.user, content)
        desk.note_view(shown, interaction)
    else:
        raise SlackRefusal("invalid_arguments")


def _errors(view: View, ack: Json) -> dict[str, str]:
    errors = ack.get("errors")
    inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
        raise SlackRefusal("invalid_arguments")
    return {block_id: str(words) for block_id, words in errors.items()}
