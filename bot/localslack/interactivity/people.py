"""Actions of people (type, click, submit, close, open Home), and the visible results."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.localslack import modals, payloads
from bot.localslack.blocks.forms import (
    empty_inputs,
    first_values,
    state_entry,
    type_in,
    wrong_lengths,
)
from bot.localslack.blocks.specs import Json
from bot.localslack.blocks.validation import elements_of
from bot.localslack.delivery import event_payloads
from bot.localslack.delivery.envelopes import Courier
from bot.localslack.grants import Interaction
from bot.localslack.interactivity.invitations import invite
from bot.localslack.interactivity.round_trip import RoundTrip, result_json
from bot.localslack.interactivity.slash_text import escape_names
from bot.localslack.interactivity.submissions import apply_submission_ack
from bot.localslack.manifest import Manifest
from bot.localslack.web_api.calls import Backend
from bot.localslack.web_api.replies import show_ack
from bot.localslack.workspace import Channel, PostedMessage, User, View, Workspace

ADMIN = ""  # the author of a group's change, whom the app cannot see


class CannotError(Exception):
    """The person cannot do this: the channel, message or button does not exist or is hidden."""


@dataclass(frozen=True)
class Click:
    """The clicked element and the choice: an option's value, a list of values, or a text."""

    action_id: str
    block_id: str | None = None
    value: object = None


class People:
    """Sends a person's action to the app as an envelope, and shows the app's answers."""

    def __init__(
        self,
        backend: Backend,
        courier: Courier,
        manifest: Manifest,
        response_url: Callable[[str, str], str],
    ) -> None:
        self._backend = backend
        self._manifest = manifest
        self._response_url = response_url
        self._round_trip = RoundTrip(backend, courier)

    @property
    def _workspace(self) -> Workspace:
        return self._backend.workspace

    async def command(self, user: str, channel: str, text: str, wait: float) -> Json:
        """Type a slash command. `wait`: seconds to wait for replies after an empty ack."""
        person, place = self._person(user), self._channel(channel)
        word, _, rest = text.strip().partition(" ")
        if not re.fullmatch(r"/\S+", word):
            raise CannotError("a slash command begins with a slash and a word")
        if word == "/invite":
            return invite(self._backend.workspace, person, place, rest)
        command = self._manifest.command(word)
        if command is None:
            raise CannotError(f"{word} is not a valid command")
        interaction = Interaction(person.id, place.id)
        grants = self._grants(interaction, "commands")
        text = rest.strip()
        words = (word, escape_names(self._workspace, text) if command.should_escape else text)
        payload = payloads.slash_command(self._workspace, person, place, words, grants)

        def show(ack: Json | None) -> None:
            show_ack(self._backend, interaction, ack)

        return await self._round_trip.run(
            interaction, "slash_commands", payload, show, wait, failing=word
        )

    async def write(self, user: str, text: str, wait: float) -> Json:
        """Write a direct message to the app; only an app that subscribed receives the event."""
        person = self._person(user)
        if not self._manifest.messages_tab:
            raise CannotError("sending messages to this app has been turned off")
        workspace = self._workspace
        place = workspace.direct_message(person.id)
        sent = escape_names(workspace, html.escape(text, quote=False))
        message = workspace.add_message(
            PostedMessage(workspace.next_ts(), place.id, person.id, sent)
        )
        event = event_payloads.direct_message(workspace, message)
        interaction = Interaction(person.id, place.id)
        return await self._deliver_event(event, interaction, wait, "message.im")

    async def click(self, user: str, channel: str, ts: str, click: Click, wait: float) -> Json:
        """Click a button or choose in a menu of a message."""
        person, place = self._person(user), self._channel(channel)
        message = self._workspace.find_message(place.id, ts)
        if message is None or message.ephemeral_to not in {None, person.id}:
            raise CannotError("there is no such message for this person")
        if message.user != self._workspace.identity.bot_user:
            raise CannotError("this message belongs to another app")
        element, block_id = _find(message.blocks, click)
        action = self._action(element, block_id, click)
        interaction = Interaction(person.id, place.id, source=message)
        grants = self._grants(interaction, "actions")
        payload = payloads.message_actions(
            self._workspace, person, place, message, action=action, grants=grants
        )
        values = first_values(message.blocks)
        if element["action_id"] in values.get(block_id, {}):
            values[block_id][element["action_id"]] = state_entry(element, click.value)
        payload["state"] = {"values": values}
        return await self._round_trip.run(interaction, "interactive", payload, _nothing, wait)

    async def click_in_view(self, user: str, view_id: str, click: Click, wait: float) -> Json:
        """Click a button or choose in a menu of a modal or of Home."""
        person, view = self._person(user), self._view(user, view_id)
        element, block_id = _find(view.content["blocks"], click)
        block = next(
            candidate for candidate in view.content["blocks"] if candidate["block_id"] == block_id
        )
        if element["type"] != "button" and element["type"] != "overflow":
            view.values[block_id][element["action_id"]] = state_entry(element, click.value)
            self._workspace.mark_changed()
            if block["type"] == "input" and not block.get("dispatch_action"):
                return result_json(Interaction(person.id), None)
        action = self._action(element, block_id, click)
        interaction = Interaction(person.id, view=view)
        trigger = self._backend.grants.new_trigger(interaction)
        payload = payloads.view_actions(self._workspace, person, view, action, trigger)
        return await self._round_trip.run(interaction, "interactive", payload, _nothing, wait)

    async def submit(self, user: str, view_id: str, values: Json, wait: float) -> Json:
        """Fill in `{block_id: {action_id: value}}` and submit the modal on top."""
        person, view = self._person(user), self._view(user, view_id)
        if "submit" not in view.content or view is not self._workspace.stacks[person.id][-1]:
            raise CannotError("this view has no submit button now")
        blocks = view.content["blocks"]
        type_in(blocks, view.values, values)
        view.errors = empty_inputs(blocks, view.values) | wrong_lengths(blocks, view.values)
        self._workspace.mark_changed()
        interaction = Interaction(person.id, view=view)
        if view.errors:
            return result_json(interaction, None, view)
        trigger = self._backend.grants.new_trigger(interaction)
        payload = payloads.view_submission(self._workspace, person, view, trigger)

        def show(ack: Json | None) -> None:
            apply_submission_ack(self._backend, interaction, view, ack)

        return await self._round_trip.run(interaction, "interactive", payload, show, wait)

    async def close(self, user: str, view_id: str, *, everything: bool) -> Json:
        """Close a modal with its close button; with `everything`, close the whole stack."""
        person, view = self._person(user), self._view(user, view_id)
        stack = self._workspace.stacks.get(person.id, [])
        if view not in stack:
            raise CannotError("this view cannot be closed")
        is_cleared = everything or bool(view.content.get("clear_on_close"))
        if is_cleared:
            closed = modals.clear(self._workspace, person.id)
        else:
            closed = [view]
            modals.close(self._workspace, view)
        result = result_json(Interaction(person.id), None)
        for closed_view in closed:
            if closed_view.content.get("notify_on_close"):
                payload = payloads.view_closed(
                    self._workspace, person, closed_view, is_cleared=is_cleared
                )
                interaction = Interaction(person.id)
                result = await self._round_trip.run(
                    interaction, "interactive", payload, _nothing, 0
                )
        return result

    async def leave(self, user: str) -> Json:
        """Close or reload the person's Slack: open modals are lost, and the app receives no event.

        Slack sends `view_closed` only after a click on a close button:
        https://docs.slack.dev/reference/views/modal-views.
        """
        person = self._person(user)
        modals.clear(self._workspace, person.id)
        return result_json(Interaction(person.id), None)

    async def open_home(self, user: str, wait: float) -> Json:
        """Open the app's Home tab; only an app that subscribed receives the event."""
        person = self._person(user)
        if not self._manifest.home_tab:
            raise CannotError("this app has no Home tab")
        channel = self._workspace.direct_message(person.id)
        event = event_payloads.home_opened(self._workspace, person, channel.id)
        return await self._deliver_event(event, Interaction(person.id), wait)

    async def edit_group(self, name: str, members: tuple[str, ...]) -> Json:
        """Change the members of a user group, as an admin can in Slack's settings."""
        groups = self._workspace.groups.values()
        current = next(
            (
                candidate
                for candidate in groups
                if name in {candidate.id, candidate.handle, f"@{candidate.handle}"}
            ),
            None,
        )
        if current is None:
            raise CannotError("there is no such user group")
        ids = tuple(self._person(member).id for member in members)
        group = replace(current, members=ids)
        self._workspace.put_group(group)
        change = event_payloads.members_changed(self._workspace, group, current)
        await self._deliver_event(change, Interaction(ADMIN), 0)
        updated = event_payloads.group_updated(self._workspace, group)
        return await self._deliver_event(updated, Interaction(ADMIN), 0)

    async def _deliver_event(
        self, event: Json, interaction: Interaction, wait: float, name: str = ""
    ) -> Json:
        """Deliver an event if the manifest subscribes to it, by `name` or by the event's type."""
        if not self._manifest.subscribes_to(name or str(event["type"])):
            return result_json(interaction, None)
        payload = event_payloads.event_callback(self._workspace, event)
        return await self._round_trip.run(interaction, "events_api", payload, _nothing, wait)

    def _person(self, name_or_id: str) -> User:
        user = self._workspace.find_user(name_or_id)
        if user is None or user.is_bot:
            raise CannotError("there is no such person")
        return user

    def _channel(self, name_or_id: str) -> Channel:
        channel = self._workspace.find_channel(name_or_id)
        if channel is None:
            raise CannotError("there is no such channel")
        return channel

    def _view(self, user: str, view_id: str) -> View:
        view = self._workspace.find_view(view_id)
        if view is None or view.user != self._person(user).id:
            raise CannotError("there is no such view for this person")
        return view

    def _grants(self, interaction: Interaction, kind: str) -> tuple[str, str]:
        grants = self._backend.grants
        url = self._response_url(kind, grants.new_response_url(interaction))
        return grants.new_trigger(interaction), url

    def _action(self, element: Json, block_id: str, click: Click) -> Json:
        kind = element["type"]
        action: Json = {
            "type": kind,
            "action_id": element["action_id"],
            "block_id": block_id,
            "action_ts": self._workspace.next_ts(),
        }
        if kind == "button":
            keys = ("text", "value", "style", "url")
            return action | {key: element[key] for key in keys if key in element}
        action |= state_entry(element, click.value)
        return action | {key: element[key] for key in ("placeholder",) if key in element}


def _nothing(_ack: Json | None) -> None:
    """Show nothing, because Slack ignores the payload in an ack of a block action or an event."""


def _find(blocks: list[Json], click: Click) -> tuple[Json, str]:
    for block in blocks:
        if click.block_id in {None, block["block_id"]}:
            for element, _ in elements_of(block):
                if element.get("action_id") == click.action_id:
                    return element, block["block_id"]
    raise CannotError("there is no such element")
