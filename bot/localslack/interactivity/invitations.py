"""Slack's own command `/invite`, with which a person adds the app to a channel."""

from dataclasses import replace

from bot.localslack.blocks.specs import Json
from bot.localslack.grants import Interaction
from bot.localslack.interactivity.round_trip import SLACKBOT, result_json
from bot.localslack.posting import Content, post
from bot.localslack.workspace import Channel, User, Workspace


def invite(workspace: Workspace, person: User, channel: Channel, text: str) -> Json:
    """Add the person or app that the text names to the channel, as Slackbot then says.

    https://slack.com/help/articles/201980108-Add-people-to-a-channel.
    """
    invited = workspace.find_user(text.strip())
    if invited is None:
        sentence = f"Nobody has the name {text.strip()}."
    elif invited.id in channel.members:
        sentence = f"{invited.real_name} is already in #{channel.name}."
    else:
        workspace.put_channel(replace(channel, members=channel.members | {invited.id}))
        sentence = f"{invited.real_name} was added to #{channel.name}."
    interaction = Interaction(person.id, channel.id)
    words = Content(sentence, None)
    note = post(workspace, channel.id, words, ephemeral_to=person.id, user=SLACKBOT)
    interaction.note_reply(note)
    return result_json(interaction, None)
